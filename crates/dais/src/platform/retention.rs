//! How long each workspace's logs are kept: from the ConfigMap `log-retention` of the
//! platform's namespace.
//!
//! ```yaml
//! data:
//!   risk: 90d          # an age
//!   vision: 7d 5Gi     # and how much of it, on disk
//! ```
//!
//! Workspaces that it does not name are kept as all. Which project belongs to which
//! workspace is its namespace's label, so that nobody's lines count as another's.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use dais_controllers::monitoring::PLATFORM_NAMESPACE;
use dais_logs::{Keep, Logs};
use futures::{StreamExt, stream};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client};

use super::access::Access;

const NAME: &str = "log-retention";

/// Follows both until the process shuts down. Reads them whole whatever changed.
pub async fn follow(client: Client, access: Access, logs: Logs) {
    let projects = watcher::Config::default().labels(dais_api::labels::WORKSPACE);
    let settings = watcher::Config::default().fields(&format!("metadata.name={NAME}"));
    let maps = Api::<ConfigMap>::namespaced(client.clone(), PLATFORM_NAMESPACE);
    let namespaces = watcher(Api::<Namespace>::all(client.clone()), projects);
    let namespaces = namespaces.default_backoff().map(|change| change.map(drop));
    let settings = watcher(maps.clone(), settings).default_backoff();
    let settings = settings.map(|change| change.map(drop));
    let mut changes = std::pin::pin!(stream::select(namespaces, settings));
    while let Some(change) = changes.next().await {
        let read = match change {
            Ok(()) => read(&maps, &access, &logs).await,
            Err(error) => Err(error.into()),
        };
        if let Err(error) = read {
            let error = format!("{error:#}");
            tracing::warn!(error, "the retention of logs is not brought up to date");
        }
    }
}

async fn read(maps: &Api<ConfigMap>, access: &Access, logs: &Logs) -> Result<()> {
    logs.set_workspaces(access.all_projects().await?.into_iter().collect());
    let map = maps.get_opt(NAME).await.context("reading the ConfigMap log-retention")?;
    let data = map.and_then(|map| map.data).unwrap_or_default();
    // A line that is wrong must not take the others with it, nor keep too little.
    let mut keeps = BTreeMap::new();
    for (workspace, text) in data {
        match keep(&text) {
            Ok(keep) => {
                keeps.insert(workspace, keep);
            }
            Err(error) => {
                let error = format!("{error:#}");
                tracing::warn!(workspace, error, "log-retention: this workspace is kept as all");
            }
        }
    }
    logs.set_retention(keeps);
    Ok(())
}

/// `90d`, or `90d 5Gi`.
fn keep(text: &str) -> Result<Keep> {
    let wrong = || anyhow!("{text:?} is neither 90d nor 90d 5Gi");
    let mut words = text.split_whitespace();
    let age = words.next().and_then(age).ok_or_else(wrong)?;
    let bytes = match words.next() {
        Some(word) => Some(bytes(word).ok_or_else(wrong)?),
        None => None,
    };
    if words.next().is_some() {
        return Err(wrong());
    }
    Ok(Keep { age: Some(age), bytes })
}

fn age(text: &str) -> Option<Duration> {
    let seconds = match text.chars().last()? {
        'h' => 3600,
        'd' => 86_400,
        _ => return None,
    };
    let number: u32 = text[..text.len() - 1].parse().ok()?;
    (number > 0).then(|| Duration::from_secs(u64::from(number) * seconds))
}

fn bytes(text: &str) -> Option<u64> {
    let (number, shift) = [("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40)]
        .iter()
        .find_map(|(unit, shift)| Some((text.strip_suffix(unit)?, *shift)))?;
    number.parse::<u64>().ok()?.checked_mul(1 << shift).filter(|bytes| *bytes > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_and_a_size_are_read_and_nothing_is_guessed() {
        let day = Duration::from_secs(86_400);
        assert_eq!(keep("90d").expect("an age"), Keep { age: Some(90 * day), bytes: None });
        let both = Keep { age: Some(day / 24 * 12), bytes: Some(5 << 30) };
        assert_eq!(keep(" 12h 5Gi ").expect("both"), both);
        for wrong in ["", "d", "0d", "7", "7w", "7d 5", "7d 0Gi", "7d 5Gi x", "7日"] {
            assert!(keep(wrong).is_err(), "{wrong}");
        }
    }
}
