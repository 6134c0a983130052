//! Quotas on bytes: what ResourceQuotas say of storage that the Kubernetes API knows nothing
//! of, and what is used of it, told in their status.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use dais_api::quota::DATASETS_STORAGE;
use dais_data::Data;
use k8s_openapi::api::core::v1::ResourceQuota;
use kube::api::{ListParams, Patch, PatchParams};
use kube::{Api, Client, ResourceExt};
use serde_json::json;

/// Another limit holds after this long: a hundred thousand files ask for it one by one.
const KEPT: Duration = Duration::from_secs(2);
/// How often the status of quotas is looked at.
const LOOK: Duration = Duration::from_secs(10);

type Limits = BTreeMap<String, u64>;

#[derive(Clone)]
pub struct Quotas {
    client: Client,
    kept: Arc<Mutex<HashMap<String, (Limits, Instant)>>>,
}

impl Quotas {
    pub fn new(client: Client) -> Self {
        Self { client, kept: Arc::default() }
    }

    /// The smallest that a quota of the project says of `resource`, in bytes.
    pub async fn limit(&self, project: &str, resource: &str) -> Result<Option<u64>> {
        let known = {
            let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            let known = kept.get(project).filter(|(_, asked)| asked.elapsed() < KEPT);
            known.map(|(limits, _)| limits.get(resource).copied())
        };
        if let Some(known) = known {
            return Ok(known);
        }
        let quotas = Api::<ResourceQuota>::namespaced(self.client.clone(), project)
            .list(&ListParams::default())
            .await
            .context("reading the project's quotas")?;
        let limits = smallest(&quotas.items);
        let found = limits.get(resource).copied();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, (_, asked)| asked.elapsed() < KEPT);
        kept.insert(project.to_owned(), (limits, Instant::now()));
        Ok(found)
    }
}

fn smallest(quotas: &[ResourceQuota]) -> Limits {
    let hard = quotas.iter().filter_map(|quota| quota.spec.as_ref()?.hard.as_ref());
    let mut limits = Limits::new();
    for (resource, quantity) in hard.flatten() {
        let bytes = dais_quantity::parse(quantity) / dais_quantity::ONE;
        let bytes = u64::try_from(bytes).unwrap_or_default();
        let least = limits.entry(resource.clone()).or_insert(bytes);
        *least = bytes.min(*least);
    }
    limits
}

/// Says in the status of quotas what is used, until the process ends.
pub async fn report(client: Client, data: Data) {
    loop {
        if let Err(error) = report_once(&client, &data).await {
            tracing::warn!(error = format!("{error:#}"), "use of storage not told");
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn report_once(client: &Client, data: &Data) -> Result<()> {
    let all = Api::<ResourceQuota>::all(client.clone());
    for quota in all.list(&ListParams::default()).await.context("listing quotas")?.items {
        let project = quota.namespace().unwrap_or_default();
        let hard = quota.spec.as_ref().and_then(|spec| spec.hard.as_ref());
        if !hard.is_some_and(|hard| hard.contains_key(DATASETS_STORAGE)) {
            continue;
        }
        let (used, _) = data.usage(&project).await?;
        let used = dais_quantity::format(DATASETS_STORAGE, i128::from(used) * dais_quantity::ONE);
        let known = quota.status.as_ref().and_then(|status| status.used.as_ref());
        if known.and_then(|known| known.get(DATASETS_STORAGE)) == Some(&used) {
            continue;
        }
        let patch = Patch::Merge(json!({"status": {"used": {DATASETS_STORAGE: used}}}));
        Api::<ResourceQuota>::namespaced(client.clone(), &project)
            .patch_status(&quota.name_any(), &PatchParams::default(), &patch)
            .await
            .context("writing the status of a quota")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_quotas_the_smallest_holds() {
        let quota = |bytes: &str| {
            let quota = json!({"spec": {"hard": {DATASETS_STORAGE: bytes, "pods": "3"}}});
            serde_json::from_value::<ResourceQuota>(quota).expect("a quota")
        };
        let limits = smallest(&[quota("2Gi"), quota("1500M")]);
        assert_eq!(limits[DATASETS_STORAGE], 1_500_000_000);
    }
}
