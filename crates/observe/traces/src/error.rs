//! What can go wrong, in words that a caller can act on.

use std::path::PathBuf;

/// Everything that this crate fails with.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    BadRequest(String),
    #[error("not allowed: {0}")]
    Forbidden(String),
    #[error("trace not found")]
    NotFound,
    #[error("cannot {doing} the trace store at {}", path.display())]
    Store {
        doing: &'static str,
        path: PathBuf,
        #[source]
        source: rusqlite::Error,
    },
    #[error("cannot use the trace store's directory {}", path.display())]
    Directory {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the trace store is closed")]
    Closed,
}

pub type Result<T> = std::result::Result<T, Error>;
