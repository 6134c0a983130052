//! What can go wrong, in words that a caller can act on.

use std::path::{Path, PathBuf};

/// Everything that this crate fails with.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    BadRequest(String),
    #[error("not allowed: {0}")]
    Forbidden(String),
    #[error("trace not found")]
    NotFound,
    #[error("cannot {doing} {} of the trace store", path.display())]
    File {
        doing: &'static str,
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{} of the trace store is damaged: {reason}", path.display())]
    Damaged { path: PathBuf, reason: &'static str },
    #[error(
        "the trace store at {} is of version {found} and this program knows {known}; use the newer program",
        path.display()
    )]
    Newer { path: PathBuf, found: i64, known: i64 },
    #[error("cannot carry the spans over from {}", path.display())]
    Legacy {
        path: PathBuf,
        #[source]
        source: rusqlite::Error,
    },
    #[error(
        "the Jaeger that is configured does not answer: {0}; an administrator can look at `dais status`, --jaeger-url and --jaeger-token-file"
    )]
    Unreachable(String),
    #[error("setting of the trace store: {0}")]
    Setting(String),
    #[error("spans come faster than they are stored; try again in a second")]
    Behind,
    #[error("spans could not be written, which the log explains; is the disk full?")]
    NotWritten,
    #[error("the trace store is closed")]
    Closed,
}

pub type Result<T> = std::result::Result<T, Error>;

/// Says which file an error of the system is about.
pub fn file(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::File { doing, path, source }
}
