//! Uploads: files on their way to becoming a version.
//!
//! An upload lives in this process and in a staging directory with a journal, from which the
//! next process takes it up; it becomes durable when it is committed, and one that nobody
//! finishes is removed.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use futures::Stream;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::blobs::{absent_is_fine, receive};
use crate::digest::Digest;
use crate::error::Result;
use crate::manifest::FileEntry;
use crate::partial::{Beginning, Partial};
use crate::scope::Scope;
use crate::usage::Charge;
use crate::versions::blocking;
use crate::{Data, Error, Inner, journal, paths};

pub(crate) type Shared = Arc<tokio::sync::Mutex<Upload>>;

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
    /// Files of which only the beginning is there.
    pub partials: BTreeMap<String, Partial>,
    touched: Instant,
    /// Taken up from a former process, and not looked at since: beginnings of files, and
    /// their sizes.
    unseen: Option<BTreeMap<String, (PathBuf, u64)>>,
    /// Committed or aborted; a request that still holds it must not add to it.
    pub closed: bool,
}

#[derive(Clone)]
pub(crate) struct Staged {
    pub digest: Digest,
    pub size: u64,
    /// Bytes that count for it in the project's use until it is committed.
    pub charged: u64,
    /// `None` when the project already has this content.
    pub at: Option<PathBuf>,
}

/// A file that has come whole, and is not yet part of its upload.
pub(crate) struct Arrived {
    pub at: PathBuf,
    pub digest: Digest,
    pub size: u64,
    pub charge: Charge,
    pub known: Known,
}

/// What the project has of a content already.
pub(crate) struct Known {
    /// Something by its digest …
    there: bool,
    /// … and that is whole.
    whole: bool,
}

/// What an upload has so far.
#[derive(Serialize)]
pub(crate) struct Content {
    files: Vec<Stored>,
    /// What can be gone on with.
    partial: Vec<Beginning>,
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
        let files = self.files.values().map(|file| file.charged);
        files.chain(self.partials.values().map(|partial| partial.charged)).sum()
    }

    /// Refuses a file more than may be; one that is there already is none.
    pub fn room(&self, path: &str, most: usize) -> Result<()> {
        let again = usize::from(self.files.contains_key(path))
            + usize::from(self.partials.contains_key(path));
        if self.files.len() + self.partials.len() - again < most {
            return Ok(());
        }
        Err(Error::TooLarge { what: "the upload", limit: format!("{most} files") })
    }

    pub fn entries(&self) -> Vec<FileEntry> {
        let files = self.files.iter();
        files.map(|(path, file)| entry(path, &file.digest, file.size)).collect()
    }
}

pub(crate) fn entry(path: &str, digest: &Digest, size: u64) -> FileEntry {
    FileEntry { path: path.to_owned(), digest: digest.clone(), size, executable: false }
}

fn hashed(file: &Path) -> std::io::Result<Digest> {
    let mut hash = Sha256::new();
    std::io::copy(&mut fs::File::open(file)?, &mut hash)?;
    Ok(Digest::from_hash(hash))
}

impl Data {
    pub(crate) async fn begin_upload(&self, project: &str) -> Result<String> {
        let id = Uuid::new_v4().simple().to_string();
        let directory = self.inner.blobs.staging(project, &id);
        let made = directory.clone();
        blocking(move || {
            fs::create_dir_all(&made).map_err(Error::file("making a staging directory"))?;
            journal::begin(&made)
        })
        .await?;
        let upload = Upload {
            id: id.clone(),
            project: project.to_owned(),
            directory,
            files: BTreeMap::new(),
            partials: BTreeMap::new(),
            touched: Instant::now(),
            unseen: None,
            closed: false,
        };
        self.inner.uploads.table().insert(id.clone(), Arc::new(tokio::sync::Mutex::new(upload)));
        Ok(id)
    }

    /// The open upload of this project.
    pub(crate) async fn upload(&self, project: &str, id: &str) -> Result<Shared> {
        let absent = || Error::NotFound { what: "open upload", name: id.to_owned() };
        let found = self.inner.uploads.table().get(id).cloned().ok_or_else(absent)?;
        let mut upload = found.clone().lock_owned().await;
        if upload.project != project || upload.closed {
            return Err(absent());
        }
        if let Some(beginnings) = upload.unseen.take() {
            let data = self.clone();
            blocking(move || data.look_through(&mut upload, beginnings)).await?;
        }
        Ok(found)
    }

    pub(crate) async fn put_file<E>(
        &self,
        scope: &Scope,
        (id, path): (&str, &str),
        (announced, expected): (Option<u64>, Option<Digest>),
        body: impl Stream<Item = Result<Bytes, E>>,
    ) -> Result<Stored> {
        paths::file(path)?;
        let shared = self.upload(&scope.project, id).await?;
        let at = {
            let mut upload = shared.lock().await;
            upload.touch();
            upload.room(path, self.inner.limits.files_per_upload)?;
            upload.directory.join(Uuid::new_v4().simple().to_string())
        };
        let mut charge = self.charge(&scope.project).await?;
        charge.announce(announced.unwrap_or_default())?;
        let (digest, size) = receive(&at, body, |bytes| charge.add(bytes)).await?;
        // What the project has already must not be collected before it is named.
        let _kept = self.inner.collecting.read().await;
        let known = self.known(&scope.project, entry(path, &digest, size)).await?;
        let arrived = Arrived { at, digest, size, charge, known };
        self.stage(&mut *shared.lock().await, path, (arrived, expected)).await
    }

    /// What the project has of a file's content.
    pub(crate) async fn known(&self, project: &str, entry: FileEntry) -> Result<Known> {
        let (data, project) = (self.clone(), project.to_owned());
        blocking(move || {
            let there = data.inner.blobs.has(&project, &entry.digest);
            Ok(Known { there, whole: there && data.is_whole(&project, &entry)? })
        })
        .await
    }

    /// Makes a file that has arrived part of its upload, if it is what was announced.
    pub(crate) async fn stage(
        &self,
        upload: &mut Upload,
        path: &str,
        (arrived, expected): (Arrived, Option<Digest>),
    ) -> Result<Stored> {
        let Arrived { at, digest, size, charge, known } = arrived;
        let refused = match expected {
            Some(expected) if expected != digest => {
                Some(Error::Checksum { expected: expected.to_string(), actual: digest.to_string() })
            }
            _ => None,
        };
        let gone = || Error::NotFound { what: "open upload", name: upload.id.clone() };
        let closed = upload.closed.then(gone);
        if refused.is_some() || closed.is_some() || known.whole {
            absent_is_fine(tokio::fs::remove_file(&at).await)
                .map_err(Error::file("removing a staged file"))?;
        }
        if let Some(error) = refused.or(closed) {
            return Err(error);
        }
        upload.touch();
        // What takes the place of damaged content takes no more room.
        let charged = if known.there { 0 } else { size };
        let at = (!known.whole).then_some(at);
        let staged = Staged { digest: digest.clone(), size, charged, at };
        journal::add(&upload.directory, [(path, &staged)])?;
        if !known.there {
            charge.keep();
        }
        self.drop_partial(upload, path);
        if let Some(Staged { at, charged, .. }) = upload.files.insert(path.to_owned(), staged) {
            self.refund(&upload.project, charged);
            if let Some(before) = at {
                absent_is_fine(tokio::fs::remove_file(&before).await)
                    .map_err(Error::file("replacing a staged file"))?;
            }
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
        let size = sqlx::Row::try_get::<i64, _>(&row, 0)?.unsigned_abs();
        let stored = FileEntry { size, ..entry.clone() };
        if self.is_known_damaged(project, &stored) {
            return Ok(false);
        }
        let mut upload = shared.lock().await;
        upload.touch();
        let staged = Staged { digest: entry.digest.clone(), size, charged: 0, at: None };
        journal::add(&upload.directory, [(entry.path.as_str(), &staged)])?;
        self.drop_partial(&mut upload, &entry.path);
        if let Some(Staged { charged, .. }) = upload.files.insert(entry.path.clone(), staged) {
            // The file itself goes with the staging directory.
            self.refund(project, charged);
        }
        Ok(true)
    }

    pub(crate) async fn list_upload(&self, project: &str, id: &str) -> Result<Content> {
        let shared = self.upload(project, id).await?;
        let upload = shared.lock().await;
        let mut partial = Vec::with_capacity(upload.partials.len());
        for (path, one) in &upload.partials {
            partial.push(one.beginning(path).await);
        }
        Ok(Content { files: upload.stored(), partial })
    }

    /// Forgets the beginning of a file.
    pub(crate) fn drop_partial(&self, upload: &mut Upload, path: &str) {
        if let Some(partial) = upload.partials.remove(path) {
            self.refund(&upload.project, partial.charged);
            partial.discard();
        }
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
        upload.files.clear();
        for partial in std::mem::take(&mut upload.partials).into_values() {
            partial.discard();
        }
        absent_is_fine(tokio::fs::remove_dir_all(&upload.directory).await)
            .map_err(Error::file("removing an upload"))
    }

    /// Takes up what a former process left, as far as that can be taken up.
    pub(crate) fn restore_uploads(&self) -> Result<()> {
        for (project, id, directory) in self.inner.blobs.unfinished() {
            let read = journal::read(&directory);
            let age = read.as_ref().and_then(|(_, changed)| changed.elapsed().ok());
            let age = age.unwrap_or_default();
            let (Some((noted, _)), true) = (read, age < self.inner.limits.abandoned_after) else {
                absent_is_fine(fs::remove_dir_all(&directory))
                    .map_err(Error::file("removing an upload"))?;
                continue;
            };
            let now = Instant::now();
            let touched = now.checked_sub(age).unwrap_or(now);
            let upload = Upload {
                id: id.clone(),
                project,
                directory,
                files: noted.files,
                partials: BTreeMap::new(),
                touched,
                unseen: Some(noted.beginnings),
                closed: false,
            };
            self.inner.uploads.table().insert(id, Arc::new(tokio::sync::Mutex::new(upload)));
        }
        Ok(())
    }

    /// Keeps the files of a restored upload that are what its journal says.
    fn look_through(
        &self,
        upload: &mut Upload,
        beginnings: BTreeMap<String, (PathBuf, u64)>,
    ) -> Result<()> {
        let mut lost = Vec::new();
        for (path, file) in &mut upload.files {
            let good = match &file.at {
                Some(at) => hashed(at).is_ok_and(|actual| actual == file.digest),
                None => false,
            };
            if !good {
                // A commit that broke off has moved it; what was there before may be gone.
                file.at = None;
                if !self.is_whole(&upload.project, &entry(path, &file.digest, file.size))? {
                    lost.push(path.clone());
                }
            }
        }
        for path in lost {
            let file = upload.files.remove(&path);
            self.refund(&upload.project, file.map_or(0, |file| file.charged));
            tracing::warn!(upload = upload.id, path, "a file of an upload did not survive");
        }
        for (path, (at, size)) in beginnings {
            if let Some(partial) = Partial::restored(at, size) {
                upload.partials.insert(path, partial);
            }
        }
        Ok(())
    }

    /// Bytes that the project's open uploads count.
    pub(crate) async fn staged_bytes(&self, project: &str) -> u64 {
        let all: Vec<Shared> = self.inner.uploads.table().values().cloned().collect();
        let mut bytes = 0;
        for shared in all {
            let upload = shared.lock().await;
            if upload.project == project {
                bytes += upload.staged_bytes();
            }
        }
        bytes
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
