//! What is decided outside of this crate: which datasets there are, and how much a project
//! may hold.

use async_trait::async_trait;

use crate::error::Result;
use crate::{Data, Error};

/// Whoever knows projects. A failure is told in words, and the request may be tried again.
#[async_trait]
pub trait Catalog: Send + Sync {
    /// Whether there is such a dataset. After a yes, [`Data::forget`] is called for what is
    /// written now, whenever the dataset goes.
    async fn holds(&self, project: &str, dataset: &str) -> Result<bool, String>;

    /// Bytes that the project's datasets and code may take together; `None` is without limit.
    async fn limit(&self, project: &str) -> Result<Option<u64>, String>;
}

impl Data {
    /// From now on versions are made of this catalog's datasets alone, within its limits.
    /// The first one given stays.
    pub fn abide_by(&self, catalog: std::sync::Arc<dyn Catalog>) {
        // A second would be a second platform in one process.
        let _ = self.inner.catalog.set(catalog);
    }

    /// # Errors
    /// [`Error::NoDataset`]; [`Error::Unknown`] when it cannot be told.
    pub(crate) async fn require_dataset(&self, project: &str, dataset: &str) -> Result<()> {
        let Some(catalog) = self.inner.catalog.get() else { return Ok(()) };
        match catalog.holds(project, dataset).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Error::NoDataset { name: dataset.to_owned() }),
            Err(cause) => Err(Error::Unknown { what: "whether there is such a dataset", cause }),
        }
    }

    pub(crate) async fn limit(&self, project: &str) -> Result<Option<u64>> {
        let own = self.inner.limits.project_bytes;
        let Some(catalog) = self.inner.catalog.get() else { return Ok(own) };
        let told = catalog.limit(project).await;
        let told =
            told.map_err(|cause| Error::Unknown { what: "how much the project may hold", cause })?;
        Ok(own.into_iter().chain(told).min())
    }
}
