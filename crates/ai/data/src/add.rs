//! Versions made by the platform itself, out of files in memory.

use std::convert::Infallible;

use axum::body::Bytes;
use futures::stream;

use crate::Data;
use crate::error::Result;
use crate::origin::Origin;
use crate::scope::Scope;
use crate::versions::Version;

impl Data {
    /// Makes files the next version of a dataset, or finds the one with the same content; the
    /// flag says which.
    ///
    /// # Errors
    /// As an upload's: a path that is none, too much data, a full disk. Nothing is left.
    pub async fn add_version(
        &self,
        scope: &Scope,
        (dataset, origin): (&str, Option<Origin>),
        files: Vec<(String, Vec<u8>)>,
    ) -> Result<(Version, bool)> {
        let upload = self.begin_upload(&scope.project).await?;
        let added = async {
            for (path, content) in files {
                let content = stream::iter([Ok::<_, Infallible>(Bytes::from(content))]);
                self.put_file(scope, (&upload, &path), (None, None), content).await?;
            }
            self.commit(scope, &upload, (dataset, origin)).await
        };
        let added = added.await;
        if added.is_err() {
            // What is left of it goes with abandoned uploads at the latest.
            let _ = self.abort_upload(&scope.project, &upload).await;
        }
        added
    }
}
