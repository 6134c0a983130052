//! Uploads: files on their way to becoming a version.
//!
//! An upload lives in this process and in a staging directory; it becomes
//! durable when it is committed, and one that nobody finishes is removed.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use futures::Stream;
use serde::Serialize;
use uuid::Uuid;

use crate::blobs::{absent_is_fine, receive};
use crate::digest::Digest;
use crate::error::Result;
use crate::manifest::FileEntry;
use crate::scope::Scope;
use crate::{Data, Error, Inner, paths};

type Shared = Arc<tokio::sync::Mutex<Upload>>;

#[derive(Default)]
pub(crate) struct Uploads(Mutex<HashMap<String, Shared>>);

impl Uploads {
    fn table(&self) -> MutexGuard<'_, HashMap<String, Shared>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) struct Upload {
    pub id: String,
    pub project: String,
    pub directory: PathBuf,
    pub files: BTreeMap<String, Staged>,
    touched: Instant,
    /// Committed or aborted; a request that still holds it must not add to it.
    pub closed: bool,
}

#[derive(Clone)]
pub(crate) struct Staged {
    pub digest: Digest,
    pub size: u64,
    /// `None` when the project already has this content.
    pub at: Option<PathBuf>,
}

#[derive(Serialize)]
pub(crate) struct Stored {
    path: String,
    digest: Digest,
    size: u64,
}

impl Upload {
    pub fn touch(&mut self) {
        self.touched = Instant::now();
    }

    fn stored(&self) -> Vec<Stored> {
        let files = self.files.iter();
        files
            .map(|(path, file)| Stored {
                path: path.clone(),
                digest: file.digest.clone(),
                size: file.size,
            })
            .collect()
    }

    fn staged_bytes(&self) -> u64 {
        self.files.values().filter(|file| file.at.is_some()).map(|file| file.size).sum()
    }

    pub fn entries(&self) -> Vec<FileEntry> {
        let files = self.files.iter();
        files
            .map(|(path, file)| FileEntry {
                path: path.clone(),
                digest: file.digest.clone(),
                size: file.size,
                executable: false,
            })
            .collect()
    }
}

impl Data {
    pub(crate) async fn begin_upload(&self, project: &str) -> Result<String> {
        let id = Uuid::new_v4().simple().to_string();
        let directory = self.inner.blobs.staging(project, &id);
        tokio::fs::create_dir_all(&directory)
            .await
            .map_err(Error::file("making a staging directory"))?;
        let upload = Upload {
            id: id.clone(),
            project: project.to_owned(),
            directory,
            files: BTreeMap::new(),
            touched: Instant::now(),
            closed: false,
        };
        self.inner.uploads.table().insert(id.clone(), Arc::new(tokio::sync::Mutex::new(upload)));
        Ok(id)
    }

    /// The open upload of this project.
    pub(crate) async fn upload(&self, project: &str, id: &str) -> Result<Shared> {
        let absent = || Error::NotFound { what: "open upload", name: id.to_owned() };
        let found = self.inner.uploads.table().get(id).cloned().ok_or_else(absent)?;
        let upload = found.lock().await;
        if upload.project != project || upload.closed {
            return Err(absent());
        }
        drop(upload);
        Ok(found)
    }

    pub(crate) async fn put_file<E>(
        &self,
        scope: &Scope,
        (id, path): (&str, &str),
        expected: Option<Digest>,
        body: impl Stream<Item = Result<Bytes, E>>,
    ) -> Result<Stored> {
        paths::file(path)?;
        let shared = self.upload(&scope.project, id).await?;
        let at = {
            let mut upload = shared.lock().await;
            upload.touched = Instant::now();
            if upload.files.len() >= self.inner.limits.files_per_upload {
                let limit = format!("{} files", self.inner.limits.files_per_upload);
                return Err(Error::TooLarge { what: "the upload", limit });
            }
            upload.directory.join(Uuid::new_v4().simple().to_string())
        };
        let mut charge = self.charge(&scope.project).await?;
        let (digest, size) = receive(&at, body, |bytes| charge.add(bytes)).await?;
        let refused = match expected {
            Some(expected) if expected != digest => {
                Some(Error::Checksum { expected: expected.to_string(), actual: digest.to_string() })
            }
            _ => None,
        };
        // What the project has already must not be collected before it is named.
        let _kept = self.inner.collecting.read().await;
        let mut upload = shared.lock().await;
        let closed =
            upload.closed.then(|| Error::NotFound { what: "open upload", name: id.to_owned() });
        let known = self.inner.blobs.has(&scope.project, &digest);
        if refused.is_some() || closed.is_some() || known {
            absent_is_fine(tokio::fs::remove_file(&at).await)
                .map_err(Error::file("removing a staged file"))?;
        }
        if let Some(error) = refused.or(closed) {
            return Err(error);
        }
        if !known {
            charge.keep();
        }
        upload.touched = Instant::now();
        let staged = Staged { digest: digest.clone(), size, at: (!known).then_some(at) };
        if let Some(Staged { at: Some(before), size, .. }) =
            upload.files.insert(path.to_owned(), staged)
        {
            self.refund(&scope.project, size);
            absent_is_fine(tokio::fs::remove_file(&before).await)
                .map_err(Error::file("replacing a staged file"))?;
        }
        Ok(Stored { path: path.to_owned(), digest, size })
    }

    /// Adds a file whose content the project already has; `false` when it has not.
    pub(crate) async fn reuse_file(
        &self,
        project: &str,
        id: &str,
        entry: &FileEntry,
    ) -> Result<bool> {
        paths::file(&entry.path)?;
        let shared = self.upload(project, id).await?;
        let _kept = self.inner.collecting.read().await;
        let row = sqlx::query("SELECT size FROM data_blobs WHERE project = $1 AND digest = $2")
            .bind(project.to_owned())
            .bind(entry.digest.to_string())
            .fetch_optional(self.inner.database.read())
            .await?;
        let Some(row) = row else { return Ok(false) };
        let size: i64 = sqlx::Row::try_get(&row, 0)?;
        let mut upload = shared.lock().await;
        upload.touched = Instant::now();
        let staged = Staged { digest: entry.digest.clone(), size: size.unsigned_abs(), at: None };
        if let Some(Staged { at: Some(_), size, .. }) =
            upload.files.insert(entry.path.clone(), staged)
        {
            // The file itself goes with the staging directory.
            self.refund(project, size);
        }
        Ok(true)
    }

    pub(crate) async fn list_upload(&self, project: &str, id: &str) -> Result<Vec<Stored>> {
        let shared = self.upload(project, id).await?;
        let upload = shared.lock().await;
        Ok(upload.stored())
    }

    pub(crate) async fn abort_upload(&self, project: &str, id: &str) -> Result<()> {
        let shared = self.upload(project, id).await?;
        let mut upload = shared.lock().await;
        self.close(&mut upload).await
    }

    /// Ends an upload: what is still staged goes.
    pub(crate) async fn close(&self, upload: &mut Upload) -> Result<()> {
        upload.closed = true;
        self.inner.uploads.table().remove(&upload.id);
        self.refund(&upload.project, upload.staged_bytes());
        absent_is_fine(tokio::fs::remove_dir_all(&upload.directory).await)
            .map_err(Error::file("removing an upload"))
    }

    /// The content that the project's open uploads name.
    pub(crate) async fn in_uploads(&self, project: &str) -> HashSet<Digest> {
        let all: Vec<Shared> = self.inner.uploads.table().values().cloned().collect();
        let mut found = HashSet::new();
        for shared in all {
            let upload = shared.lock().await;
            if upload.project == project {
                found.extend(upload.files.values().map(|file| file.digest.clone()));
            }
        }
        found
    }

    pub(crate) fn remove_abandoned_uploads_forever(&self) {
        let weak: Weak<Inner> = Arc::downgrade(&self.inner);
        let after = self.inner.limits.abandoned_after;
        let pause = (after / 4).clamp(Duration::from_millis(10), Duration::from_secs(600));
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(pause).await;
                let Some(inner) = weak.upgrade() else { return };
                Data { inner }.remove_abandoned_uploads(after).await;
            }
        });
    }

    async fn remove_abandoned_uploads(&self, after: Duration) {
        let all: Vec<Shared> = self.inner.uploads.table().values().cloned().collect();
        for shared in all {
            // One that is being committed is not abandoned.
            let Ok(mut upload) = shared.try_lock() else { continue };
            if upload.touched.elapsed() < after {
                continue;
            }
            let (id, project) = (upload.id.clone(), upload.project.clone());
            match self.close(&mut upload).await {
                Ok(()) => tracing::info!(upload = id, project, "removed an abandoned upload"),
                Err(error) => {
                    tracing::warn!(upload = id, project, %error, "cannot remove an abandoned upload")
                }
            }
        }
    }
}
