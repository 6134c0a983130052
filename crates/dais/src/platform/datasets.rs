//! The controllers' seam to dataset versions, what versions must abide by, and datasets of
//! other projects.

mod catalog;
pub mod shared;

pub use catalog::Registered;

use async_trait::async_trait;
use dais_api::{DatasetVersion, VersionOrigin};
use dais_controllers::seams::{Datasets, SeamError};
use dais_data::Data;
use futures::StreamExt;
use futures::stream::BoxStream;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

pub struct Versions(pub Data);

fn failed(error: &dais_data::Error) -> SeamError {
    SeamError(error.to_string())
}

#[async_trait]
impl Datasets for Versions {
    async fn versions(
        &self,
        project: &str,
        dataset: &str,
    ) -> Result<Vec<DatasetVersion>, SeamError> {
        let found = self.0.versions(project, dataset).await.map_err(|error| failed(&error))?;
        let mut versions: Vec<DatasetVersion> = found
            .into_iter()
            .map(|version| DatasetVersion {
                name: version.name,
                digest: version.digest,
                files: i64::try_from(version.files).unwrap_or(i64::MAX),
                bytes: i64::try_from(version.bytes).unwrap_or(i64::MAX),
                created_at: Time(version.created_at.parse().unwrap_or_default()),
                created_by: version.created_by,
                origin: version
                    .origin
                    .map(|dais_data::Origin { kind, name }| VersionOrigin { kind, name }),
            })
            .collect();
        versions.sort_by_key(|version| std::cmp::Reverse(number(&version.name)));
        Ok(versions)
    }

    fn announcements(&self) -> BoxStream<'static, (String, String)> {
        let receiver = self.0.subscribe();
        // A slow reader that missed some finds them at its next look at all datasets.
        futures::stream::unfold(receiver, |mut receiver| async move {
            loop {
                match receiver.recv().await {
                    Ok(made) => return Some(((made.project, made.dataset), receiver)),
                    Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
                    Err(tokio::sync::broadcast::error::RecvError::Closed) => return None,
                }
            }
        })
        .boxed()
    }

    async fn forget(&self, project: &str, dataset: &str) -> Result<(), SeamError> {
        self.0.forget(project, dataset).await.map_err(|error| failed(&error))
    }
}

fn number(version: &str) -> u64 {
    version.trim_start_matches('v').parse().unwrap_or(0)
}
