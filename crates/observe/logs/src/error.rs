//! What can go wrong, in words that a caller can act on.

use std::path::PathBuf;

/// Everything that this crate fails with.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request is at fault: answered with 400 in Elasticsearch's shape.
    #[error("[{clause}] {reason}")]
    Query {
        /// Elasticsearch's error type, for example `parsing_exception`.
        kind: &'static str,
        /// The part of the request that is wrong, for example `range` or `aggs.per_app`.
        clause: String,
        reason: String,
    },
    /// The caller's scope does not reach what it asked for: 403.
    #[error("not allowed: {0}")]
    Forbidden(String),
    #[error("no such document: {0}")]
    NotFound(String),
    /// An index of which the caller sees no line: 404, whether it is another's or nobody's.
    #[error("no such index [{0}]")]
    NoIndex(String),
    /// A point in time or scroll that is unknown, expired or another's: 404.
    #[error("No search context found for id [{0}]; it expired, or was opened with other rights")]
    NoContext(String),
    /// Too much at once: 429, the sender tries again later.
    #[error("{0}")]
    Busy(String),
    /// Lines cannot be stored at the moment: 429, the sender keeps them.
    #[error("lines cannot be stored: {0}")]
    Full(String),
    #[error("cannot use the log directory {}", path.display())]
    Directory {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the log index in {} failed while {doing}", path.display())]
    Index {
        path: PathBuf,
        doing: &'static str,
        #[source]
        source: tantivy::TantivyError,
    },
    /// Another engine, which answers for us, cannot be asked: 502.
    #[error("the Elasticsearch that is configured does not answer: {0}")]
    Unreachable(String),
    /// It was asked and does not like the question.
    #[error("{reason}")]
    Refused { status: u16, kind: String, reason: String },
    #[error("setting of the log engine: {0}")]
    Setting(String),
    #[error("the log store is closed")]
    Closed,
}

pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A clause of a query or request that cannot be understood.
    pub(crate) fn parsing(clause: impl Into<String>, reason: impl Into<String>) -> Self {
        Error::Query { kind: "parsing_exception", clause: clause.into(), reason: reason.into() }
    }

    /// A clause that is understood and asks for something impossible.
    pub(crate) fn illegal(clause: impl Into<String>, reason: impl Into<String>) -> Self {
        Error::Query {
            kind: "illegal_argument_exception",
            clause: clause.into(),
            reason: reason.into(),
        }
    }
}
