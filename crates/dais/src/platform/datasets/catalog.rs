//! What versions must abide by: their Dataset exists, and the project's quota.

use async_trait::async_trait;
use dais_api::quota::DATASETS_STORAGE;
use dais_controllers::dataset;
use dais_data::Catalog;
use kube::Client;

use crate::platform::quotas::Quotas;

/// Datasets and quotas as objects of the Kubernetes API.
pub struct Registered {
    pub client: Client,
    pub quotas: Quotas,
}

#[async_trait]
impl Catalog for Registered {
    async fn holds(&self, project: &str, dataset: &str) -> Result<bool, String> {
        let held = dataset::hold(&self.client, project, dataset).await;
        held.map_err(|error| error.to_string())
    }

    async fn limit(&self, project: &str) -> Result<Option<u64>, String> {
        let limit = self.quotas.limit(project, DATASETS_STORAGE).await;
        limit.map_err(|error| format!("{error:#}"))
    }
}
