//! The one error type of the store.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::Revision;

pub type Result<T> = std::result::Result<T, Error>;

/// Why the store did not do as asked. Cloneable, since one failed commit is
/// told to every request of its batch.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("{key} exists already, at revision {modified}")]
    Exists { key: String, modified: Revision },

    #[error("{key} does not exist")]
    NotFound { key: String },

    #[error("{key} is at revision {actual}, not {expected}")]
    Conflict { key: String, expected: Revision, actual: Revision },

    #[error("history before revision {oldest} is gone: list again and go on from there")]
    Compacted { oldest: Revision },

    #[error("revision {asked} is not written yet, the newest is {newest}")]
    NotYet { asked: Revision, newest: Revision },

    #[error(
        "no space left for {}: nothing of this write was kept; free space on that file system and try again",
        path.display()
    )]
    DiskFull { path: PathBuf },

    #[error(
        "{} has data format {found}, this program knows up to {supported}: start it with the newer program, or restore an older backup",
        path.display()
    )]
    NewerVersion { path: PathBuf, found: u32, supported: u32 },

    #[error("{} is not an object store of this program: move it away or name another file", path.display())]
    NotAStore { path: PathBuf },

    #[error("{} is in use by another process: stop that one first", path.display())]
    InUse { path: PathBuf },

    #[error("cannot {attempt} {}", path.display())]
    File {
        attempt: &'static str,
        path: PathBuf,
        #[source]
        source: Arc<std::io::Error>,
    },

    #[error("cannot {attempt} in {}", path.display())]
    Database {
        attempt: &'static str,
        path: PathBuf,
        #[source]
        source: Arc<rusqlite::Error>,
    },

    #[error("the store is closed")]
    Closed,
}

impl Error {
    /// Sorts an error of SQLite: a full disk and a foreign file are the
    /// operator's to mend, so they get words of their own.
    pub(crate) fn sqlite(attempt: &'static str, path: &Path, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match source.sqlite_error().map(|error| (error.code, error.extended_code)) {
            Some((rusqlite::ErrorCode::DiskFull, _))
            | Some((_, rusqlite::ffi::SQLITE_IOERR_SHMSIZE)) => Self::DiskFull { path },
            Some((rusqlite::ErrorCode::NotADatabase, _)) => Self::NotAStore { path },
            _ => Self::Database { attempt, path, source: Arc::new(source) },
        }
    }

    pub(crate) fn file(attempt: &'static str, path: &Path, source: std::io::Error) -> Self {
        if source.kind() == std::io::ErrorKind::StorageFull {
            return Self::DiskFull { path: path.to_owned() };
        }
        Self::File { attempt, path: path.to_owned(), source: Arc::new(source) }
    }
}
