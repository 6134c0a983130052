//! Removing content that no row names, and what was abandoned.
//!
//! Guarantees: what a row names stays, also what one is about to name (writers hold the
//! other side of one lock from the moment content has its place until its row is
//! written). Rows go before files, so that a crash leaves at most a file that the next
//! sweep removes.

use std::sync::Weak;
use std::time::Duration;

use sqlx::Row;
use tokio::sync::mpsc;

use crate::blobs::blocking;
use crate::error::Result;
use crate::{Buckets, Inner, names, now};

const SWEEPS: Duration = Duration::from_secs(24 * 3600);

/// Content that a row named until now.
pub(crate) struct Unnamed {
    pub project: String,
    pub digest: String,
}

/// Removes content as rows let go of it.
pub(crate) async fn follow(weak: Weak<Inner>, mut queue: mpsc::UnboundedReceiver<Unnamed>) {
    while let Some(Unnamed { project, digest }) = queue.recv().await {
        let Some(buckets) = Buckets::upgraded(&weak) else { return };
        if let Err(error) = buckets.remove_unnamed(&project, vec![digest]).await {
            tracing::warn!(project, %error, "content that no object names was not removed");
        }
    }
}

/// At start and once a day: what a crash has left, and abandoned uploads.
pub(crate) async fn sweep_daily(weak: Weak<Inner>) {
    while let Some(buckets) = Buckets::upgraded(&weak) {
        if let Err(error) = buckets.sweep().await {
            tracing::warn!(%error, "objects not swept");
        }
        drop(buckets);
        tokio::time::sleep(SWEEPS).await;
    }
}

impl Buckets {
    /// Removes abandoned uploads, and all files that no row names.
    ///
    /// # Errors
    /// When the database or the disk does not answer.
    pub async fn sweep(&self) -> Result<()> {
        let after = i64::try_from(self.0.limits.abandoned_after.as_millis()).unwrap_or(i64::MAX);
        let old = sqlx::query("SELECT project, id FROM bucket_uploads WHERE touched_at < $1")
            .bind(now().saturating_sub(after))
            .fetch_all(self.0.database.read())
            .await?;
        for row in old {
            let (project, id): (String, String) = (row.try_get(0)?, row.try_get(1)?);
            self.remove_upload(&project, &id).await?;
            tracing::info!(project, upload = id, "removed an abandoned upload in parts");
        }
        for project in self.0.blobs.projects() {
            for digits in 0..=u8::MAX {
                self.sweep_shelf(&project, &format!("{digits:02x}")).await?;
            }
        }
        Ok(())
    }

    async fn sweep_shelf(&self, project: &str, digits: &str) -> Result<()> {
        let (buckets, of, shelf) = (self.clone(), project.to_owned(), digits.to_owned());
        let found = blocking(move || buckets.0.blobs.shelf(&of, &shelf)).await?;
        match found.is_empty() {
            true => Ok(()),
            false => self.remove_unnamed(project, found).await,
        }
    }

    async fn remove_unnamed(&self, project: &str, digests: Vec<String>) -> Result<()> {
        let _alone = self.0.collecting.write().await;
        let mut unnamed = Vec::new();
        for digest in digests {
            let row = sqlx::query(
                "SELECT 1 FROM bucket_objects WHERE project = $1 AND digest = $2 \
                 UNION ALL SELECT 1 FROM bucket_parts WHERE project = $1 AND digest = $2 LIMIT 1",
            )
            .bind(project.to_owned())
            .bind(digest.clone())
            .fetch_optional(self.0.database.read())
            .await?;
            if row.is_none() {
                unnamed.push(digest);
            }
        }
        let (buckets, project) = (self.clone(), project.to_owned());
        blocking(move || {
            unnamed.iter().try_for_each(|digest| buckets.0.blobs.remove(&project, digest))
        })
        .await
    }

    /// The projects that have buckets or files.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn projects(&self) -> Result<Vec<String>> {
        let rows = sqlx::query("SELECT DISTINCT project FROM bucket_buckets")
            .fetch_all(self.0.database.read())
            .await?;
        let mut projects = self.0.blobs.projects();
        for row in rows {
            projects.push(row.try_get(0)?);
        }
        projects.sort();
        projects.dedup();
        Ok(projects)
    }

    /// Removes everything of a project that is no more.
    ///
    /// # Errors
    /// When the database or the disk does not answer; calling it again goes on.
    pub async fn forget(&self, project: &str) -> Result<()> {
        names::project(project)?;
        let _alone = self.0.collecting.write().await;
        let mut transaction = self.0.database.begin().await?;
        for sql in [
            "DELETE FROM bucket_parts WHERE project = $1",
            "DELETE FROM bucket_uploads WHERE project = $1",
            "DELETE FROM bucket_objects WHERE project = $1",
            "DELETE FROM bucket_buckets WHERE project = $1",
        ] {
            sqlx::query(sql).bind(project.to_owned()).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        let (buckets, project) = (self.clone(), project.to_owned());
        blocking(move || buckets.0.blobs.forget(&project)).await
    }
}
