//! The one error type of the accounts.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub type Result<T> = std::result::Result<T, Error>;

/// Why the accounts did not do as asked.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The caller's input; `field` names what to change.
    #[error("{field} {reason}: {hint}")]
    Invalid { field: &'static str, reason: String, hint: String },

    /// Deliberately says nothing of whether the user exists.
    #[error("user or password is wrong")]
    WrongPassword,

    #[error("too many failed attempts: try again in {} s", retry_after.as_secs().max(1))]
    Throttled { retry_after: Duration },

    #[error("there is no {kind} {name}")]
    NotFound { kind: &'static str, name: String },

    #[error("{kind} {name} exists already")]
    Exists { kind: &'static str, name: String },

    #[error("{user} is the last member of {group}: add another one first", group = crate::ADMINS)]
    LastAdmin { user: String },

    #[error("the sign-in link was used or is too old: ask for a new one")]
    LinkSpent,

    #[error(
        "the accounts in the database have format {found}, this program knows up to {supported}: start it with the newer program, or restore an older backup"
    )]
    NewerVersion { found: i64, supported: i64 },

    #[error("cannot {attempt} in the accounts database")]
    Database {
        attempt: &'static str,
        #[source]
        source: Arc<sqlx::Error>,
    },

    #[error("cannot {attempt} {}", path.display())]
    File {
        attempt: &'static str,
        path: PathBuf,
        #[source]
        source: Arc<std::io::Error>,
    },

    #[error("cannot use the signing key {}: {reason}; remove the file to make a new one (pods then need new tokens)", path.display())]
    SigningKey { path: PathBuf, reason: String },

    #[error("cannot sign a token: {0}")]
    Sign(String),

    #[error("cannot hash a password: {0}")]
    Hash(String),

    #[error("the system gave no random numbers: {0}")]
    Random(String),

    #[error("cannot collect audit records: {0}")]
    Outbox(String),

    #[error("the accounts are closed")]
    Closed,
}

impl Error {
    /// Whether it is for want of space alone.
    pub fn is_full_disk(&self) -> bool {
        match self {
            Self::Database { source, .. } => {
                let code = source.as_database_error().and_then(|error| error.code());
                // SQLITE_FULL; PostgreSQL's disk_full.
                code.is_some_and(|code| matches!(code.as_ref(), "13" | "53100"))
            }
            Self::File { source, .. } => source.kind() == std::io::ErrorKind::StorageFull,
            _ => false,
        }
    }

    pub(crate) fn invalid(
        field: &'static str,
        reason: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self::Invalid { field, reason: reason.into(), hint: hint.into() }
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
