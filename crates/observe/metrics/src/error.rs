//! What can go wrong, in words that a caller can act on.

use std::path::PathBuf;
use std::time::Duration;

/// Everything that this crate fails with.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The query cannot be read, or asks for something impossible before it is evaluated.
    #[error("{0}")]
    BadData(String),
    /// The query was read and its evaluation failed.
    #[error("{0}")]
    Execution(String),
    #[error("no such metric data: {0}")]
    NotFound(String),
    /// Metrics text that cannot be read.
    #[error("line {line} of the metrics text: {reason}")]
    Text { line: usize, reason: String },
    #[error("cannot {doing} the metrics store at {}", path.display())]
    Store {
        doing: &'static str,
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// A file that this program wrote and can no longer read.
    #[error("{} is damaged: {reason}", path.display())]
    Damaged { path: PathBuf, reason: String },
    /// The caller may not do this.
    #[error("{0}")]
    Forbidden(String),
    #[error("the target cannot be scraped: {0}")]
    Scrape(String),
    /// Another server, which answers for us, cannot be asked.
    #[error("the Prometheus that is configured does not answer: {0}")]
    Unreachable(String),
    /// As many questions as may are answered already, and went on being so.
    #[error("after {} seconds there was still no turn for the query: the limit of {limit} at once is reached; ask again later", waited.as_secs_f64())]
    Busy { limit: usize, waited: Duration },
    #[error("the metrics store is closed")]
    Closed,
}

pub type Result<T> = std::result::Result<T, Error>;
