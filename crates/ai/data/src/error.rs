//! What can go wrong, and how it is told over HTTP.

use std::io;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{field}: {problem}")]
    Invalid { field: String, problem: String },
    #[error("no {what} '{name}' in this project")]
    NotFound { what: &'static str, name: String },
    #[error(
        "no Dataset '{name}' in this project; make it first, with `dais upload` or in the portal, then commit again"
    )]
    NoDataset { name: String },
    #[error("it cannot be told {what}: {cause}; try again")]
    Unknown { what: &'static str, cause: String },
    #[error("the file has the SHA-256 {actual}, not {expected} as announced; nothing was stored")]
    Checksum { expected: String, actual: String },
    #[error("{what} is larger than the {limit} that are allowed")]
    TooLarge { what: &'static str, limit: String },
    #[error(
        "project '{project}' may hold {quota} bytes of datasets and code, has {used}, and this takes {asked} more. Delete data, or ask an administrator for a larger quota"
    )]
    Quota { project: String, quota: u64, used: u64, asked: u64 },
    #[error("the upload broke off; nothing of this file was stored. Send it again")]
    BrokenOff,
    #[error(
        "content-range: {received} bytes of the file are there, and this begins at {first}; send from {received} on, or from 0"
    )]
    OutOfPlace { first: u64, received: u64 },
    #[error(
        "only the beginning of '{path}' is there: {received} of {size} bytes; send the rest, then commit again"
    )]
    Incomplete { path: String, received: u64, size: u64 },
    #[error("the disk is full; nothing was stored. Free space or ask the platform's operator to")]
    DiskFull,
    #[error("{waiting} profiles of this project wait already; ask again when some are made")]
    Busy { waiting: usize },
    #[error(
        "the versions or their tags have changed since this plan was shown; nothing was removed. Look at a new plan"
    )]
    Changed,
    #[error("'{path}' is gone meanwhile; nothing was stored, try again")]
    Gone { path: String },
    #[error("it was cancelled")]
    Cancelled,
    #[error("the request names no project")]
    NoProject,
    #[error(
        "no permission to write in project '{project}'; ask an admin of its workspace for the role editor"
    )]
    ReadOnly { project: String },
    #[error(
        "stored content {digest} is damaged: it has the SHA-256 {actual}. Upload it again or restore a backup"
    )]
    Damaged { digest: String, actual: String },
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
        source: io::Error,
    },
}

pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub(crate) fn invalid(field: impl Into<String>, problem: impl Into<String>) -> Error {
        Error::Invalid { field: field.into(), problem: problem.into() }
    }

    /// For handlers of I/O errors: a full disk is its own case.
    pub(crate) fn file(action: &'static str) -> impl Fn(io::Error) -> Error {
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Error::DiskFull,
            _ => Error::File { action, source },
        }
    }

    pub(crate) fn code(&self) -> &'static str {
        self.status().1
    }

    fn status(&self) -> (StatusCode, &'static str) {
        match self {
            Error::Invalid { .. } => (StatusCode::BAD_REQUEST, "invalid"),
            Error::NotFound { .. } => (StatusCode::NOT_FOUND, "not_found"),
            Error::NoDataset { .. } => (StatusCode::NOT_FOUND, "no_dataset"),
            Error::Unknown { .. } => (StatusCode::SERVICE_UNAVAILABLE, "unknown"),
            Error::Checksum { .. } => (StatusCode::BAD_REQUEST, "checksum_mismatch"),
            Error::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Error::Quota { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "quota_exceeded"),
            Error::OutOfPlace { .. } => (StatusCode::CONFLICT, "out_of_place"),
            Error::Incomplete { .. } => (StatusCode::CONFLICT, "incomplete"),
            Error::BrokenOff => (StatusCode::BAD_REQUEST, "broken_off"),
            Error::DiskFull => (StatusCode::INSUFFICIENT_STORAGE, "disk_full"),
            Error::Busy { .. } => (StatusCode::TOO_MANY_REQUESTS, "busy"),
            Error::Changed | Error::Gone { .. } => (StatusCode::CONFLICT, "changed"),
            Error::Cancelled => (StatusCode::CONFLICT, "cancelled"),
            Error::NoProject | Error::ReadOnly { .. } => (StatusCode::FORBIDDEN, "forbidden"),
            Error::Database(_) => (StatusCode::SERVICE_UNAVAILABLE, "database"),
            Error::Damaged { .. } => (StatusCode::INTERNAL_SERVER_ERROR, "damaged"),
            Error::NewerVersion { .. } | Error::File { .. } => {
                (StatusCode::INTERNAL_SERVER_ERROR, "internal")
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
            _ => Error::Database(error),
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let (status, code) = self.status();
        if status.is_server_error() {
            let cause = std::error::Error::source(&self).map(ToString::to_string);
            tracing::error!(error = %self, cause, "data request failed");
        }
        (status, Json(json!({ "code": code, "message": self.to_string() }))).into_response()
    }
}
