//! What can go wrong, and how it is told over HTTP.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;

pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("{field}: {problem}")]
    Invalid { field: String, problem: String, hint: String },

    #[error("no {what} '{name}' here")]
    NotFound { what: &'static str, name: String },

    /// Somebody or something was faster, or the state does not allow it.
    #[error("{problem}")]
    Conflict { field: &'static str, problem: String, hint: String },

    #[error("the request names no project")]
    NoProject,

    #[error("{user} may not {action}")]
    Forbidden { user: String, action: &'static str },

    #[error(
        "the labelling in the database has format {found}, this program knows up to {supported}: start it with the newer program, or restore an older backup"
    )]
    NewerVersion { found: i64, supported: i64 },

    #[error("the disk is full; nothing was stored")]
    DiskFull,

    /// What is stored was not written by this program.
    #[error("{what} in the database cannot be read")]
    Damaged {
        what: &'static str,
        #[source]
        source: serde_json::Error,
    },

    #[error("cannot {attempt} in the database of labelling")]
    Database {
        attempt: &'static str,
        #[source]
        source: sqlx::Error,
    },

    #[error("cannot write {what}")]
    Write {
        what: &'static str,
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    pub(crate) fn invalid(
        field: impl Into<String>,
        problem: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self::Invalid { field: field.into(), problem: problem.into(), hint: hint.into() }
    }

    pub(crate) fn conflict(
        field: &'static str,
        problem: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self::Conflict { field, problem: problem.into(), hint: hint.into() }
    }

    pub(crate) fn not_found(what: &'static str, name: impl Into<String>) -> Self {
        Self::NotFound { what, name: name.into() }
    }

    /// Names where the field is: `tasks[3]` + `gold.boxes` is `tasks[3].gold.boxes`.
    pub(crate) fn within(self, outer: &str) -> Self {
        match self {
            Self::Invalid { field, problem, hint } => {
                let field = match field.is_empty() {
                    true => outer.to_owned(),
                    false => format!("{outer}.{field}"),
                };
                Self::Invalid { field, problem, hint }
            }
            other => other,
        }
    }

    fn status(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Invalid { .. } => (StatusCode::BAD_REQUEST, "invalid"),
            Self::NotFound { .. } => (StatusCode::NOT_FOUND, "not_found"),
            Self::Conflict { .. } => (StatusCode::CONFLICT, "conflict"),
            Self::NoProject | Self::Forbidden { .. } => (StatusCode::FORBIDDEN, "forbidden"),
            Self::DiskFull => (StatusCode::INSUFFICIENT_STORAGE, "disk_full"),
            Self::Database { .. } => (StatusCode::SERVICE_UNAVAILABLE, "database"),
            Self::NewerVersion { .. } | Self::Damaged { .. } | Self::Write { .. } => {
                (StatusCode::INTERNAL_SERVER_ERROR, "internal")
            }
        }
    }

    fn field(&self) -> Option<&str> {
        match self {
            Self::Invalid { field, .. } => Some(field),
            Self::Conflict { field, .. } => Some(field),
            Self::NotFound { what, .. } => Some(what),
            _ => None,
        }
    }

    fn hint(&self) -> &str {
        match self {
            Self::Invalid { hint, .. } | Self::Conflict { hint, .. } => hint,
            Self::NotFound { .. } => "look at the list of what there is; it may have been deleted",
            Self::NoProject => "address it below /labeling/p/<project>",
            Self::Forbidden { .. } => "ask whoever manages the project for the role",
            Self::DiskFull => "free space or ask the platform's operator to",
            _ => "try again; if it stays, the platform's operator finds the cause in the log",
        }
    }
}

impl From<dais_relations::Error> for Error {
    fn from(error: dais_relations::Error) -> Self {
        match error {
            dais_relations::Error::Newer { found, supported } => {
                Self::NewerVersion { found, supported }
            }
            dais_relations::Error::Database(source) => {
                Self::Database { attempt: "bring the tables up to date", source }
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
        self.map_err(|source| {
            let code = source.as_database_error().and_then(|e| e.code().map(|c| c.into_owned()));
            match code.as_deref() {
                // SQLITE_FULL; PostgreSQL disk_full.
                Some("13" | "53100") => Error::DiskFull,
                _ => Error::Database { attempt, source },
            }
        })
    }
}

/// `{code, field?, message, hint}`.
impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let (status, code) = self.status();
        if status.is_server_error() {
            let cause = std::error::Error::source(&self).map(ToString::to_string);
            tracing::error!(error = %self, cause, "labelling request failed");
        }
        let body = json!({
            "code": code,
            "field": self.field(),
            "message": self.to_string(),
            "hint": self.hint(),
        });
        (status, Json(body)).into_response()
    }
}
