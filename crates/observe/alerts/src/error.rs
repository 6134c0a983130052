//! What can go wrong, in words that a caller can act on.

use std::path::PathBuf;

/// Everything that this crate fails with.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something given from outside is wrong: where, why, and what to write instead.
    #[error("{field}: {reason}; {hint}")]
    Invalid { field: String, reason: String, hint: String },
    #[error("not allowed: {0}")]
    Forbidden(String),
    #[error("{0} not found")]
    NotFound(String),
    #[error("cannot {doing} the alert store at {}", path.display())]
    Store {
        doing: &'static str,
        path: PathBuf,
        #[source]
        source: rusqlite::Error,
    },
    #[error("cannot make the directory {}", path.display())]
    Directory {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// What this program wrote and can no longer read.
    #[error("record {key} of the alert store is damaged: {reason}")]
    Damaged { key: String, reason: String },
    #[error(
        "the alert store at {} is of version {found} and this program knows {known}; use the newer program",
        path.display()
    )]
    Newer { path: PathBuf, found: i64, known: i64 },
    #[error("cannot make an HTTP client")]
    Client(#[source] reqwest::Error),
    #[error("the alerts are closed")]
    Closed,
}

pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub(crate) fn invalid(
        field: impl Into<String>,
        reason: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Error::Invalid { field: field.into(), reason: reason.into(), hint: hint.into() }
    }

    /// With its causes, for a log.
    pub(crate) fn chain(&self) -> String {
        let mut words = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            words = format!("{words}: {error}");
            cause = error.source();
        }
        words
    }
}
