//! The one error type of the store.

use std::sync::Arc;

pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error(
        "the outcomes in the database have format {found}, this program knows up to {supported}: start it with the newer program, or restore an older backup"
    )]
    NewerVersion { found: i64, supported: i64 },

    /// Somebody sends outcomes of requests that never come.
    #[error(
        "{waiting} outcomes of this project wait for requests that are not known: send the id that the answer carried in x-dais-request-id; those that wait are dropped after 30 days"
    )]
    TooManyWaiting { waiting: i64 },

    #[error("cannot {attempt} in the database of outcomes")]
    Database {
        attempt: &'static str,
        #[source]
        source: Arc<sqlx::Error>,
    },
}

impl From<dais_relations::Error> for Error {
    fn from(error: dais_relations::Error) -> Self {
        match error {
            dais_relations::Error::Newer { found, supported } => {
                Self::NewerVersion { found, supported }
            }
            dais_relations::Error::Database(source) => {
                Self::Database { attempt: "bring the tables up to date", source: Arc::new(source) }
            }
        }
    }
}

/// Names what was attempted when a statement fails.
pub(crate) trait Attempt<T> {
    fn attempt(self, attempt: &'static str) -> Result<T>;
}

impl<T> Attempt<T> for std::result::Result<T, sqlx::Error> {
    fn attempt(self, attempt: &'static str) -> Result<T> {
        self.map_err(|source| Error::Database { attempt, source: Arc::new(source) })
    }
}
