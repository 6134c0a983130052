//! What the columns of a table hold: made once for a file's content, kept.
//!
//! Expected flow: an editor asks for it ([`Data::begin_profile`]); it waits its
//! turn, checks the content, reads the rows once and writes one SQL row at the
//! end. Files with the same content share it, inside their project.
//!
//! Guarantees: memory is bounded by the number of columns; a process that ends
//! half-way leaves nothing, and the next ask starts anew; what was asked for
//! twice is made once.

mod column;
mod distinct;
mod histogram;
mod jobs;
mod making;
mod numbers;
mod quantiles;
mod top;
mod turns;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use sqlx::Row;

use crate::error::Result;
use crate::manifest::FileEntry;
use crate::preview::format::{self, Format};
use crate::versions::blocking;
use crate::{Data, Error};
pub(crate) use jobs::Jobs;
use jobs::{Job, Key};

/// Part of the key of what is kept: profiles of another making are made anew.
const MAKING: u32 = 1;

impl Data {
    /// Which table a file is; asked for as `format`, or told from its beginning.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is none.
    pub(crate) async fn profile_key(
        &self,
        project: &str,
        file: &FileEntry,
        format: Option<Format>,
    ) -> Result<Key> {
        let (path, name) = (self.inner.blobs.path(project, &file.digest), file.path.clone());
        let format = match format {
            Some(format) => format,
            None => {
                blocking(move || {
                    let opened = std::fs::File::open(path);
                    let mut opened = opened.map_err(Error::file("reading content"))?;
                    Ok(format::told(&name, &crate::table::sample(&mut opened)?))
                })
                .await?
            }
        };
        match format {
            Format::Csv | Format::Jsonl | Format::Parquet => {
                Ok(Key { project: project.to_owned(), digest: file.digest.clone(), format })
            }
            _ => Err(Error::invalid(
                "file",
                format!(
                    "'{}' is no table; CSV, JSON Lines and Parquet are. Say as=csv if it is one under another name",
                    file.path
                ),
            )),
        }
    }

    /// What is known: `{state}`, with `profile`, with progress, or with why it failed.
    /// Waits that long for an end, if it is being made.
    pub(crate) async fn profile(&self, key: &Key, wait: Duration) -> Result<Value> {
        if let Some(job) = self.inner.profiles.find(key) {
            job.ended(wait).await;
        }
        if let Some(profile) = self.kept_profile(key).await? {
            return Ok(json!({ "state": "ready", "profile": profile }));
        }
        Ok(self.inner.profiles.find(key).map_or(json!({ "state": "none" }), |job| job.shown()))
    }

    /// Sees to it that a profile is made; answers as [`Data::profile`].
    ///
    /// # Errors
    /// [`Error::Busy`] when too many of the project wait already.
    pub(crate) async fn begin_profile(&self, key: &Key, file: &FileEntry) -> Result<Value> {
        if let Some(profile) = self.kept_profile(key).await? {
            return Ok(json!({ "state": "ready", "profile": profile }));
        }
        let (job, fresh) = self.inner.profiles.begin(key)?;
        if fresh {
            tokio::spawn(self.clone().make_profile(key.clone(), file.clone(), job.clone()));
        }
        Ok(job.shown())
    }

    pub(crate) fn cancel_profile(&self, key: &Key) {
        self.inner.profiles.cancel(key);
    }

    async fn make_profile(self, key: Key, file: FileEntry, job: Arc<Job>) {
        let outcome = self.turn(&key, &file, &job).await;
        match &outcome {
            Ok(()) => {
                tracing::info!(project = key.project, digest = %key.digest, "profiled a file")
            }
            Err(Error::Cancelled) => {}
            Err(error) => {
                tracing::warn!(project = key.project, digest = %key.digest, %error, "cannot profile a file");
            }
        }
        self.inner.profiles.end(&key, &job, outcome);
    }

    async fn turn(&self, key: &Key, file: &FileEntry, job: &Arc<Job>) -> Result<()> {
        let _turn = self.inner.profiles.turn(key, job).await?;
        let (send, made) = tokio::sync::oneshot::channel();
        let (data, of, file, running) = (self.clone(), key.clone(), file.clone(), job.clone());
        // A thread of its own: one of the runtime's would hold up the end of the program.
        let thread = std::thread::Builder::new().name("profile".to_owned());
        thread
            .spawn(move || {
                // Nobody listens when the program ends.
                let _ = send.send(making::profile(&data, &of, &file, &running));
            })
            .map_err(Error::file("starting a thread"))?;
        let died = |_| Error::File {
            action: "profiling a file",
            source: std::io::Error::other("its thread died"),
        };
        let profile = made.await.map_err(died)??;
        self.keep_profile(key, &profile).await
    }

    async fn keep_profile(&self, key: &Key, profile: &Value) -> Result<()> {
        let mut transaction = self.inner.database.begin().await?;
        sqlx::query(
            "INSERT INTO data_profiles (project, digest, format, content, created_at) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        )
        .bind(key.project.clone())
        .bind(key.digest.to_string())
        .bind(key.kept_as(MAKING))
        .bind(profile.to_string())
        .bind(jiff::Timestamp::now().as_millisecond())
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn kept_profile(&self, key: &Key) -> Result<Option<Value>> {
        let sql = "SELECT content FROM data_profiles \
            WHERE project = $1 AND digest = $2 AND format = $3";
        let row = sqlx::query(sql)
            .bind(key.project.clone())
            .bind(key.digest.to_string())
            .bind(key.kept_as(MAKING))
            .fetch_optional(self.inner.database.read())
            .await?;
        let Some(row) = row else { return Ok(None) };
        let text: String = row.try_get(0)?;
        // What cannot be read is made anew.
        Ok(serde_json::from_str(&text).ok())
    }

    /// Forgets profiles of content that the project no longer has.
    pub(crate) async fn drop_profiles(&self, project: &str) -> Result<()> {
        let mut transaction = self.inner.database.begin().await?;
        sqlx::query(
            "DELETE FROM data_profiles WHERE project = $1 AND digest NOT IN \
             (SELECT digest FROM data_blobs WHERE project = $1)",
        )
        .bind(project.to_owned())
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }
}

impl Key {
    fn kept_as(&self, making: u32) -> String {
        let format = serde_json::to_value(self.format).unwrap_or_default();
        format!("{}/{making}", format.as_str().unwrap_or_default())
    }
}
