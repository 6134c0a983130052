//! Verification on read: content that is not what its digest says is refused.
//!
//! A file of up to [`AT_ONCE`] is read once before its first byte is handed
//! out. A larger one is checked while it is handed out, and its last piece is
//! kept back until the check is done, so that a reader never takes damaged
//! content for whole; what is found is remembered, so that the next request is
//! refused with words.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use futures::Stream;
use sha2::{Digest as _, Sha256};
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use crate::digest::Digest;
use crate::error::Result;
use crate::manifest::FileEntry;
use crate::versions::blocking;
use crate::{Data, Error};

/// Hashing 64 MB takes some 50 ms.
const AT_ONCE: u64 = 64 << 20;
const PIECE: usize = 256 << 10;
/// What was whole an hour ago is looked at again.
const TRUSTED: Duration = Duration::from_secs(3600);
const REMEMBERED: usize = 10_000;

/// Which file was read: inode, length and time of its last change.
type Identity = (u64, u64, i64, i64);

struct Finding {
    identity: Identity,
    at: Instant,
    actual: Digest,
}

/// What was found when content was last read to its end.
#[derive(Default)]
pub(crate) struct Findings(Mutex<HashMap<(String, Digest), Finding>>);

impl Findings {
    fn table(&self) -> MutexGuard<'_, HashMap<(String, Digest), Finding>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self, project: &str, digest: &Digest, identity: Identity) -> Option<Digest> {
        let table = self.table();
        let found = table.get(&(project.to_owned(), digest.clone()))?;
        (found.identity == identity && found.at.elapsed() < TRUSTED).then(|| found.actual.clone())
    }

    fn remember(&self, project: String, digest: Digest, identity: Identity, actual: Digest) {
        let mut table = self.table();
        if table.len() >= REMEMBERED {
            table.retain(|_, found| found.at.elapsed() < TRUSTED);
        }
        if table.len() >= REMEMBERED {
            table.clear();
        }
        table.insert((project, digest), Finding { identity, at: Instant::now(), actual });
    }
}

fn identity(of: &fs::Metadata) -> Identity {
    (of.ino(), of.len(), of.mtime(), of.mtime_nsec())
}

fn same(expected: &Digest, actual: &Digest) -> Result<()> {
    match expected == actual {
        true => Ok(()),
        false => Err(Error::Damaged { digest: expected.to_string(), actual: actual.to_string() }),
    }
}

impl Data {
    /// Whether the content of a file is known to be whole; reads it to find
    /// out when it is no larger than [`AT_ONCE`].
    ///
    /// # Errors
    /// [`Error::Damaged`] when it is known not to be, or is missing or of another size.
    pub(crate) fn trust(&self, project: &str, file: &FileEntry) -> Result<bool> {
        let failed = Error::file("reading content");
        let path = self.inner.blobs.path(project, &file.digest);
        let damaged = |actual: String| Error::Damaged { digest: file.digest.to_string(), actual };
        let found = match fs::metadata(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(damaged("of nothing: its file is missing".into()));
            }
            other => other.map_err(&failed)?,
        };
        if found.len() != file.size {
            return Err(damaged(format!("of {} bytes instead of {}", found.len(), file.size)));
        }
        if let Some(actual) = self.inner.findings.known(project, &file.digest, identity(&found)) {
            return same(&file.digest, &actual).map(|()| true);
        }
        if found.len() > AT_ONCE {
            return Ok(false);
        }
        let actual = self.inner.blobs.actual(project, &file.digest)?;
        self.found(project, &file.digest, actual)?;
        Ok(true)
    }

    /// Whether the project has this content undamaged; reads all of it where that is not known.
    pub(crate) fn is_whole(&self, project: &str, file: &FileEntry) -> Result<bool> {
        if !self.inner.blobs.has(project, &file.digest) {
            return Ok(false);
        }
        let whole = self.trust(project, file).and_then(|trusted| match trusted {
            true => Ok(()),
            false => {
                let actual = self.inner.blobs.actual(project, &file.digest)?;
                self.found(project, &file.digest, actual)
            }
        });
        match whole {
            Ok(()) => Ok(true),
            Err(Error::Damaged { digest, .. }) => {
                tracing::warn!(project, digest, "stored content is damaged; taking it anew");
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether content is missing, of another size or was found damaged; reads nothing.
    pub(crate) fn is_known_damaged(&self, project: &str, file: &FileEntry) -> bool {
        let Ok(found) = fs::metadata(self.inner.blobs.path(project, &file.digest)) else {
            return true;
        };
        let known = self.inner.findings.known(project, &file.digest, identity(&found));
        found.len() != file.size || known.is_some_and(|actual| actual != file.digest)
    }

    /// Remembers what reading content to its end showed.
    ///
    /// # Errors
    /// [`Error::Damaged`] when it is not what its digest says.
    pub(crate) fn found(&self, project: &str, digest: &Digest, actual: Digest) -> Result<()> {
        let path = self.inner.blobs.path(project, digest);
        let of = fs::metadata(path).map_err(Error::file("reading content"))?;
        let verdict = same(digest, &actual);
        self.inner.findings.remember(project.to_owned(), digest.clone(), identity(&of), actual);
        verdict
    }

    /// The content of a file, checked before or while it is read.
    pub(crate) async fn content(
        &self,
        project: &str,
        file: &FileEntry,
    ) -> Result<impl Stream<Item = Result<Bytes>> + use<>> {
        let (data, of, entry) = (self.clone(), project.to_owned(), file.clone());
        let trusted = blocking(move || data.trust(&of, &entry)).await?;
        let reading = Reading {
            file: self.inner.blobs.open_blob(project, &file.digest).await?,
            left: file.size,
            check: (!trusted)
                .then(|| (Sha256::new(), self.clone(), project.to_owned(), file.digest.clone())),
        };
        Ok(futures::stream::try_unfold(reading, Reading::piece))
    }
}

struct Reading {
    file: File,
    left: u64,
    check: Option<(Sha256, Data, String, Digest)>,
}

impl Reading {
    async fn piece(mut self) -> Result<Option<(Bytes, Reading)>> {
        if self.left == 0 {
            return Ok(None);
        }
        let wanted = self.left.min(PIECE as u64);
        let mut buffer = Vec::with_capacity(PIECE);
        let read = (&mut self.file).take(wanted).read_to_end(&mut buffer).await;
        let read = read.map_err(Error::file("reading content"))? as u64;
        if read < wanted {
            let cut = std::io::ErrorKind::UnexpectedEof.into();
            return Err(Error::file("reading content")(cut));
        }
        self.left -= read;
        if let Some((hash, ..)) = &mut self.check {
            hash.update(&buffer);
        }
        if self.left == 0
            && let Some((hash, data, project, digest)) = self.check.take()
            && let Err(error) = data.found(&project, &digest, Digest::from_hash(hash))
        {
            tracing::error!(project, %error, "broke off a download");
            return Err(error);
        }
        Ok(Some((buffer.into(), self)))
    }
}
