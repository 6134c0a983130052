//! What can go wrong, and how MLflow's protocol says it.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Invalid(String),
    #[error("{0}")]
    NotFound(String),
    #[error("{0}")]
    Exists(String),
    #[error("{0}")]
    State(String),
    #[error("{0}")]
    Denied(String),
    #[error("{0}")]
    Conflict(String),
    #[error("whether the alias is protected is not known; nothing was changed")]
    ProtectionUnknown,
    #[error("no API endpoint at {0}")]
    Endpoint(String),
    #[error("the method is not allowed here")]
    Method,
    #[error(
        "the request names no project; use the address /mlflow/p/<project> or a token that belongs to one"
    )]
    NoProject,
    #[error(
        "no permission to write in project '{project}'; ask an admin of its workspace for the role editor"
    )]
    ReadOnly { project: String },
    #[error("the disk is full; nothing was stored. Free space or ask the platform's operator to")]
    DiskFull,
    #[error(
        "the database was written by a newer version of this program (schema {found}, known {supported}); start that version or restore a backup"
    )]
    NewerVersion { found: i64, supported: i64 },
    #[error("the database did not answer")]
    Database(#[source] sqlx::Error),
    #[error("file operation failed: {action}")]
    File {
        action: &'static str,
        #[source]
        source: std::io::Error,
    },
}

pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub(crate) fn invalid(message: impl Into<String>) -> Error {
        Error::Invalid(message.into())
    }

    pub(crate) fn missing(parameter: &str) -> Error {
        Error::Invalid(format!("Missing value for required parameter '{parameter}'."))
    }

    /// For handlers of I/O errors while writing: a full disk is its own case.
    pub(crate) fn file(action: &'static str) -> impl Fn(std::io::Error) -> Error {
        move |source| match source.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Error::DiskFull,
            _ => Error::File { action, source },
        }
    }

    fn kind(&self) -> (StatusCode, &'static str) {
        match self {
            Error::Invalid(_) => (StatusCode::BAD_REQUEST, "INVALID_PARAMETER_VALUE"),
            Error::NotFound(_) => (StatusCode::NOT_FOUND, "RESOURCE_DOES_NOT_EXIST"),
            Error::Exists(_) => (StatusCode::BAD_REQUEST, "RESOURCE_ALREADY_EXISTS"),
            Error::State(_) => (StatusCode::BAD_REQUEST, "INVALID_STATE"),
            Error::Endpoint(_) => (StatusCode::NOT_FOUND, "ENDPOINT_NOT_FOUND"),
            Error::Method => (StatusCode::METHOD_NOT_ALLOWED, "ENDPOINT_NOT_FOUND"),
            Error::NoProject | Error::ReadOnly { .. } | Error::Denied(_) => {
                (StatusCode::FORBIDDEN, "PERMISSION_DENIED")
            }
            Error::Conflict(_) => (StatusCode::CONFLICT, "RESOURCE_CONFLICT"),
            Error::DiskFull => (StatusCode::INSUFFICIENT_STORAGE, "RESOURCE_LIMIT_EXCEEDED"),
            Error::Database(_) => (StatusCode::SERVICE_UNAVAILABLE, "TEMPORARILY_UNAVAILABLE"),
            Error::NewerVersion { .. } | Error::File { .. } | Error::ProtectionUnknown => {
                (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR")
            }
        }
    }
}

impl From<dais_relations::Error> for Error {
    fn from(error: dais_relations::Error) -> Error {
        match error {
            dais_relations::Error::Newer { found, supported } => {
                Error::NewerVersion { found, supported }
            }
            dais_relations::Error::Database(error) => error.into(),
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Error {
        let code = error.as_database_error().and_then(|e| e.code().map(|c| c.into_owned()));
        match code.as_deref() {
            // SQLITE_FULL; PostgreSQL disk_full.
            Some("13" | "53100") => Error::DiskFull,
            // PostgreSQL class 22: a value that the type cannot hold.
            Some(code) if code.len() == 5 && code.starts_with("22") => {
                Error::Invalid("a value in the request cannot be stored".into())
            }
            _ => Error::Database(error),
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Error {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Error::DiskFull,
            _ => Error::Database(sqlx::Error::AnyDriverError(Box::new(error))),
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let (status, code) = self.kind();
        if status.is_server_error() {
            let cause = std::error::Error::source(&self).map(ToString::to_string);
            tracing::error!(error = %self, cause, "tracking request failed");
        }
        (status, Json(json!({ "error_code": code, "message": self.to_string() }))).into_response()
    }
}
