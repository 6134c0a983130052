//! A project that is deleted takes its buckets and access keys with it.

use anyhow::{Context, Result};
use dais_buckets::Buckets;
use dais_identity::Identity;
use futures::StreamExt;
use k8s_openapi::api::core::v1::Namespace;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client};

/// Follows the namespaces until the process shuts down. Reads the world whatever
/// changed: also those are found that went while nobody looked.
pub async fn follow(client: Client, buckets: Buckets, identity: Identity) {
    let namespaces = Api::<Namespace>::all(client);
    let changes = watcher(namespaces.clone(), watcher::Config::default()).default_backoff();
    let mut changes = std::pin::pin!(changes);
    while let Some(change) = changes.next().await {
        let done = match change {
            Ok(watcher::Event::Delete(_) | watcher::Event::InitDone) => {
                forget_absent(&namespaces, &buckets, &identity).await
            }
            Ok(_) => Ok(()),
            Err(error) => Err(error.into()),
        };
        if let Err(error) = done {
            let error = format!("{error:#}");
            tracing::warn!(error, "the buckets of deleted projects are not removed");
        }
    }
}

async fn forget_absent(
    namespaces: &Api<Namespace>,
    buckets: &Buckets,
    identity: &Identity,
) -> Result<()> {
    let mut projects = buckets.projects().await.context("listing projects with buckets")?;
    let with_keys = identity.access_key_projects().await;
    projects.extend(with_keys.context("listing projects with access keys")?);
    projects.sort();
    projects.dedup();
    for project in projects {
        // One at a time, and now: it may have been made anew.
        let found = namespaces.get_opt(&project).await.context("looking for a project")?;
        if found.is_none() {
            identity.forget_access_keys(&project).await.context("revoking access keys")?;
            buckets.forget(&project).await.context("removing buckets")?;
            tracing::info!(project, "removed the buckets of a deleted project");
        }
    }
    Ok(())
}
