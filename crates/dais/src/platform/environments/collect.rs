//! Removing builds that nothing names any more: those of former requirements, of projects
//! that are gone, and what pods left half-made that are gone.

use std::collections::BTreeSet;
use std::time::Duration;

use dais_api::{Environment, TrainingJob, volumes};
use dais_controllers::seams::{Environments, Removal};
use futures::StreamExt;
use k8s_openapi::api::core::v1::Pod;
use kube::api::ListParams;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client, ResourceExt};
use tokio::time::Instant;

use super::EnvironmentStore;

/// How often it is looked without a reason to.
const LOOK: Duration = Duration::from_secs(30 * 60);
/// What nothing names in two looks is removed, so that a build whose object is just being
/// written is left alone. So far apart, for there are deletions by the thousand.
const SOON: Duration = Duration::from_secs(5);

/// A project and the digest of a build.
type Build = (String, String);

/// Collects for as long as it is polled.
pub async fn collect(client: Client, store: EnvironmentStore) {
    let jobs = watcher(Api::<TrainingJob>::all(client.clone()), watcher::Config::default());
    let ended = jobs.default_backoff().filter_map(|event| async move {
        matches!(event, Ok(watcher::Event::Delete(_))).then_some(())
    });
    let mut ended = std::pin::pin!(ended);
    let mut unnamed = BTreeSet::new();
    let mut next = Instant::now();
    loop {
        tokio::select! {
            () = tokio::time::sleep_until(next) => {}
            Some(()) = ended.next() => {
                next = next.min(Instant::now() + SOON);
                continue;
            }
        }
        match look(&client, &store, &unnamed).await {
            Ok(left) => unnamed = left,
            Err(error) => tracing::warn!(error = format!("{error:#}"), "builds not collected"),
        }
        next = Instant::now() + if unnamed.is_empty() { LOOK } else { SOON };
    }
}

/// Removes what was unnamed before and still is; what is unnamed since now.
async fn look(
    client: &Client,
    store: &EnvironmentStore,
    before: &BTreeSet<Build>,
) -> anyhow::Result<BTreeSet<Build>> {
    release_absent(client, store).await?;
    let named = named(client).await?;
    let found = store.all().await?;
    let (due, left) = sort(found, &named, before);
    for (project, digest) in due {
        if store.remove(&project, &digest).await? == Removal::Done {
            tracing::info!(project, digest, "a build that nothing names is removed");
        }
    }
    Ok(left)
}

/// Removes what is kept for pods that are gone: their folders, and what they hold.
///
/// # Errors
/// When pods cannot be listed, or the builds not be read.
pub async fn release_absent(client: &Client, store: &EnvironmentStore) -> anyhow::Result<()> {
    // In this order: a pod is there before anything is kept for it.
    let kept = store.pods().await?;
    let pods = Api::<Pod>::all(client.clone()).list(&ListParams::default()).await?;
    let there: BTreeSet<String> = pods.items.iter().filter_map(ResourceExt::uid).collect();
    for pod in kept.difference(&there) {
        store.forget(pod).await?;
    }
    Ok(())
}

fn sort(
    found: BTreeSet<Build>,
    named: &BTreeSet<Build>,
    before: &BTreeSet<Build>,
) -> (BTreeSet<Build>, BTreeSet<Build>) {
    let unnamed = found.into_iter().filter(|build| !named.contains(build));
    unnamed.partition(|build| before.contains(build))
}

/// Builds of environments, those that jobs began in (they may be run again exactly), and
/// those that pods are made of or have.
async fn named(client: &Client) -> anyhow::Result<BTreeSet<Build>> {
    let all = ListParams::default();
    let environments = Api::<Environment>::all(client.clone()).list(&all).await?;
    let jobs = Api::<TrainingJob>::all(client.clone()).list(&all).await?;
    let pods = Api::<Pod>::all(client.clone()).list(&all).await?;
    let of_environments = environments.items.into_iter().filter_map(|environment| {
        let project = environment.namespace()?;
        Some((project, environment.status?.digest?))
    });
    let of_jobs = jobs.items.into_iter().flat_map(|job| {
        let project = job.namespace().unwrap_or_default();
        let pinned = job.spec.environment_digest;
        let began = job.status.and_then(|status| status.environment_digest);
        pinned.into_iter().chain(began).map(move |digest| (project.clone(), digest))
    });
    let of_pods = pods.items.into_iter().flat_map(|pod| {
        let project = pod.namespace().unwrap_or_default();
        let volumes = pod.spec.and_then(|spec| spec.volumes).unwrap_or_default();
        let digests = volumes.into_iter().filter_map(|volume| {
            let csi = volume.csi.filter(|csi| csi.driver == volumes::ENVIRONMENT_DRIVER)?;
            csi.volume_attributes?.remove(volumes::ENVIRONMENT)
        });
        digests.map(move |digest| (project.clone(), digest)).collect::<Vec<_>>()
    });
    Ok(of_environments.chain(of_jobs).chain(of_pods).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn builds(names: &[&str]) -> BTreeSet<Build> {
        names.iter().map(|name| ("p".to_owned(), (*name).to_owned())).collect()
    }

    #[test]
    fn what_nothing_names_twice_goes_and_nothing_else() {
        let named = builds(&["used"]);
        let (due, left) = sort(builds(&["used", "old", "new"]), &named, &builds(&["old", "used"]));
        assert_eq!((due, left), (builds(&["old"]), builds(&["new"])));
        let (due, left) = sort(builds(&["new"]), &builds(&["new"]), &builds(&["new"]));
        assert!(due.is_empty() && left.is_empty(), "it is named again");
    }
}
