//! A file that arrives in several requests: each goes on where what came before ends.
//!
//! Guarantees: what arrived before a connection broke is kept, also over a restart of this
//! program (not of the machine, which may have lost what was not on the disk). One request
//! writes at a time: the newest, which ends those before it.

use std::fs::{self, File};
use std::io::{self, ErrorKind, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::body::Bytes;
use futures::{Stream, StreamExt};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncSeekExt, AsyncWriteExt};
use tokio::sync::{Mutex, watch};
use uuid::Uuid;

use crate::digest::Digest;
use crate::error::Result;
use crate::scope::Scope;
use crate::uploads::{Arrived, Stored, entry};
use crate::{Data, Error, journal, paths};

/// `bytes 0-9/20` of a request's `Content-Range`: its first byte's place, and the sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    first: u64,
    length: u64,
    of: u64,
}

impl Part {
    pub fn parse(header: &str) -> Result<Part> {
        let read = || {
            let (range, of) = header.strip_prefix("bytes ")?.split_once('/')?;
            let (first, last) = range.split_once('-')?;
            let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
            let of = of.parse().ok().filter(|of| last < *of)?;
            Some(Part { first, length: last.checked_sub(first)? + 1, of })
        };
        read().ok_or_else(|| {
            let problem = "expected `bytes FIRST-LAST/SIZE`, such as `bytes 0-1023/4096`";
            Error::invalid("content-range", format!("{problem}, got `{header}`"))
        })
    }
}

/// How much of a file is there.
#[derive(Debug, Serialize)]
pub(crate) struct Beginning {
    path: String,
    received: u64,
    size: u64,
}

impl Beginning {
    pub fn incomplete(self) -> Error {
        Error::Incomplete { path: self.path, received: self.received, size: self.size }
    }
}

/// What a request with a part of a file is answered.
pub(crate) enum Outcome {
    Whole(Stored),
    More(Beginning),
}

pub(crate) struct Partial {
    pub at: PathBuf,
    /// Of the whole file.
    pub size: u64,
    /// Bytes that count for it in the project's use.
    pub charged: u64,
    state: Arc<Mutex<State>>,
    /// Counts the requests; all but the newest end.
    newest: watch::Sender<u64>,
}

struct State {
    hash: Sha256,
    received: u64,
}

impl Partial {
    fn new(at: PathBuf, size: u64, state: State) -> Partial {
        let charged = state.received;
        Partial {
            at,
            size,
            charged,
            state: Arc::new(Mutex::new(state)),
            newest: watch::channel(0).0,
        }
    }

    pub fn begin(directory: &Path, path: &str, size: u64) -> Result<Partial> {
        let at = directory.join(Uuid::new_v4().simple().to_string());
        File::create_new(&at).map_err(Error::file("beginning a file"))?;
        journal::begin_file(directory, path, &at, size)?;
        Ok(Partial::new(at, size, State { hash: Sha256::new(), received: 0 }))
    }

    /// Takes one up from a former process; `None` when it is of no use.
    pub fn restored(at: PathBuf, size: u64) -> Option<Partial> {
        let mut hash = Sha256::new();
        let received = io::copy(&mut File::open(&at).ok()?, &mut hash).ok()?;
        // All of it, and not made part of its upload: nobody could go on with that.
        (received < size).then(|| Partial::new(at, size, State { hash, received }))
    }

    pub async fn beginning(&self, path: &str) -> Beginning {
        // A request that is writing is asked where it is, not waited for.
        let received = match self.state.try_lock() {
            Ok(state) => state.received,
            // Its last byte is there once it has answered.
            Err(_) => fs::metadata(&self.at).map_or(0, |found| found.len().min(self.size - 1)),
        };
        Beginning { path: path.to_owned(), received, size: self.size }
    }

    /// Ends the requests that write it, and removes what arrived.
    pub fn discard(self) {
        self.newest.send_modify(|count| *count += 1);
        // One that cannot be removed goes with the upload.
        let _ = fs::remove_file(&self.at);
    }
}

impl Data {
    /// Adds to a file, and to the upload when the file is whole.
    pub(crate) async fn put_part<E: Send + 'static>(
        &self,
        scope: &Scope,
        (id, path): (&str, &str),
        announced: (Part, Option<Digest>),
        body: impl Stream<Item = Result<Bytes, E>> + Send + 'static,
    ) -> Result<Outcome> {
        let (data, project) = (self.clone(), scope.project.clone());
        let (id, path) = (id.to_owned(), path.to_owned());
        // A task of its own: what arrived is counted also when nobody waits for the answer.
        let added =
            tokio::spawn(
                async move { data.add_part(&project, (&id, &path), announced, body).await },
            );
        match added.await {
            Ok(outcome) => outcome,
            Err(stopped) => match stopped.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(Error::BrokenOff),
            },
        }
    }

    async fn add_part<E>(
        &self,
        project: &str,
        (id, path): (&str, &str),
        (part, expected): (Part, Option<Digest>),
        body: impl Stream<Item = Result<Bytes, E>>,
    ) -> Result<Outcome> {
        paths::file(path)?;
        let shared = self.upload(project, id).await?;
        let mut charge = self.charge(project).await?;
        charge.announce(part.length)?;
        let (at, state, newest) = {
            let mut upload = shared.lock().await;
            upload.touch();
            if part.first == 0 {
                upload.room(path, self.inner.limits.files_per_upload)?;
                self.drop_partial(&mut upload, path);
                let partial = Partial::begin(&upload.directory, path, part.of)?;
                upload.partials.insert(path.to_owned(), partial);
            }
            let begun = upload.partials.get(path).filter(|partial| partial.size == part.of);
            // Nothing is begun in the middle, and nothing given up for another size.
            let partial = begun.ok_or(Error::OutOfPlace { first: part.first, received: 0 })?;
            partial.newest.send_modify(|count| *count += 1);
            // Of those that come after this one.
            (partial.at.clone(), partial.state.clone(), partial.newest.subscribe())
        };
        let mut state = state.lock_owned().await;
        if state.received != part.first {
            return Err(Error::OutOfPlace { first: part.first, received: state.received });
        }
        let outcome =
            write(&at, &mut state, part, until_newer(body, newest), |bytes| charge.add(bytes))
                .await;
        // What the project has already must not be collected before it is named.
        let _kept = self.inner.collecting.read().await;
        let whole = outcome.is_ok() && state.received == part.of;
        let digest = whole.then(|| Digest::from_hash(state.hash.clone()));
        let known = match &digest {
            Some(digest) => Some(self.known(project, entry(path, digest, part.of)).await?),
            None => None,
        };
        let mut upload = shared.lock().await;
        upload.touch();
        // Given up meanwhile, or begun anew: what it counted goes with the charge.
        let current = upload.partials.get_mut(path).filter(|partial| partial.at == at);
        let Some(partial) = current else {
            return Err(Error::NotFound { what: "open upload", name: id.to_owned() });
        };
        match outcome {
            Err(error @ (Error::DiskFull | Error::File { .. })) => {
                // What of it is on the disk cannot be told.
                self.drop_partial(&mut upload, path);
                return Err(error);
            }
            outcome => {
                partial.charged += charge.bytes();
                charge.keep();
                outcome?;
            }
        }
        let (Some(digest), Some(known)) = (digest, known) else {
            let received = state.received;
            return Ok(Outcome::More(Beginning { path: path.to_owned(), received, size: part.of }));
        };
        // In one step: whoever asks meanwhile finds it among the beginnings or the files.
        let charged = upload.partials.remove(path).map_or(0, |partial| partial.charged);
        let charge = self.charged(project, charged);
        let arrived = Arrived { at, digest, size: part.of, charge, known };
        self.stage(&mut upload, path, (arrived, expected)).await.map(Outcome::Whole)
    }
}

/// The stream, until a newer request wants to write the same file.
fn until_newer<E>(
    body: impl Stream<Item = Result<Bytes, E>>,
    mut newest: watch::Receiver<u64>,
) -> impl Stream<Item = Result<Bytes, E>> {
    body.take_until(async move {
        // The file is gone when nobody tells any more.
        let _ = newest.changed().await;
    })
}

/// Appends a part's bytes; what was counted as received is in the file, unless that failed.
async fn write<E>(
    at: &Path,
    state: &mut State,
    part: Part,
    body: impl Stream<Item = Result<Bytes, E>>,
    mut allow: impl FnMut(u64) -> Result<()>,
) -> Result<()> {
    let failed = Error::file("storing a part of a file");
    let mut file = tokio::fs::OpenOptions::new().write(true).open(at).await.map_err(&failed)?;
    file.seek(SeekFrom::Start(state.received)).await.map_err(&failed)?;
    let arrived = append(&mut file, state, part, body, &mut allow).await;
    // Also of a part that broke off: what comes next goes on behind it.
    file.flush().await.map_err(&failed)?;
    arrived
}

async fn append<E>(
    file: &mut tokio::fs::File,
    state: &mut State,
    part: Part,
    body: impl Stream<Item = Result<Bytes, E>>,
    allow: &mut impl FnMut(u64) -> Result<()>,
) -> Result<()> {
    let mut left = part.length;
    let mut body = std::pin::pin!(body);
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|_| Error::BrokenOff)?;
        left = left.checked_sub(piece.len() as u64).ok_or_else(|| {
            Error::invalid(
                "body",
                format!("it has more than the {} bytes that content-range says", part.length),
            )
        })?;
        allow(piece.len() as u64)?;
        file.write_all(&piece).await.map_err(Error::file("storing a part of a file"))?;
        state.hash.update(&piece);
        state.received += piece.len() as u64;
    }
    if left > 0 { Err(Error::BrokenOff) } else { Ok(()) }
}

/// What tells this start of the machine from others.
pub(crate) fn boot() -> Option<String> {
    match fs::read_to_string("/proc/sys/kernel/random/boot_id") {
        Ok(id) => Some(id.trim().to_owned()),
        Err(error) => {
            if error.kind() != ErrorKind::NotFound {
                tracing::warn!(%error, "cannot tell this start of the machine from others");
            }
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_read_or_refused() {
        let part = Part { first: 10, length: 10, of: 20 };
        assert_eq!(Part::parse("bytes 10-19/20").ok(), Some(part));
        for wrong in [
            "",
            "bytes 5-4/20",
            "bytes 0-20/20",
            "bytes 0-9/*",
            "bytes */20",
            "items 0-1/2",
            "bytes -5/20",
            "bytes 0-18446744073709551615/18446744073709551615",
        ] {
            let error = Part::parse(wrong).expect_err(wrong).to_string();
            assert!(error.starts_with("content-range: "), "{error}");
        }
    }
}
