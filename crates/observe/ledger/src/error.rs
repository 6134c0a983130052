//! The one error type of the ledger.

use std::sync::Arc;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the ledger did not do as asked.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The caller's input; `field` names what to change.
    #[error("{field} {reason}: {hint}")]
    Invalid { field: String, reason: String, hint: String },

    #[error(
        "the ledger in the database has format {found}, this program knows up to {supported}: start it with the newer program, or restore an older backup"
    )]
    NewerVersion { found: i64, supported: i64 },

    #[error("cannot {attempt} in the ledger's database")]
    Database {
        attempt: &'static str,
        #[source]
        source: Arc<sqlx::Error>,
    },
}

impl Error {
    pub(crate) fn invalid(
        field: impl Into<String>,
        reason: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self::Invalid { field: field.into(), reason: reason.into(), hint: hint.into() }
    }
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
