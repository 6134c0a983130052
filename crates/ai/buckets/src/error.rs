//! Why a request was refused or failed, and S3's words for it.

use std::io;

use s3s::{S3Error, S3ErrorCode};

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("{field}: {problem}")]
    Invalid { field: &'static str, problem: String },
    #[error("no bucket is called '{0}' in this project")]
    NoBucket(String),
    #[error("no object has the key '{0}'")]
    NoObject(String),
    #[error("no upload in parts has this id; it was completed, aborted, or abandoned for too long")]
    NoUpload,
    #[error("bucket '{0}' exists already in this project")]
    BucketExists(String),
    #[error("bucket '{0}' is not empty: delete its objects and abort its uploads first")]
    NotEmpty(String),
    #[error("{what} does not match: {expected} was announced, {actual} was received")]
    Checksum { what: &'static str, expected: String, actual: String },
    #[error("the body ended after {received} bytes; it was announced with {announced}")]
    Incomplete { announced: u64, received: u64 },
    #[error("the body broke off")]
    BrokenOff,
    #[error("the body is larger than {limit} bytes; send the object in parts")]
    TooLarge { limit: u64 },
    #[error("metadata takes {bytes} bytes; at most {most} are kept")]
    Metadata { bytes: usize, most: usize },
    #[error("part {number} has {size} bytes; every part but the last needs {least}")]
    PartTooSmall { number: i64, size: u64, least: u64 },
    #[error("part {number} was not uploaded, or with another ETag or checksum")]
    Part { number: i64 },
    #[error("parts must be listed in ascending order of their numbers")]
    PartOrder,
    #[error("the object is not as the request's condition says")]
    Condition,
    #[error("the range lies outside of the object's {size} bytes")]
    Range { size: u64 },
    #[error("{0}")]
    Denied(String),
    #[error("the disk is full; nothing was stored")]
    DiskFull,
    #[error("stored content {digest} is damaged; upload the object again or restore a backup")]
    Damaged { digest: String },
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
    /// Of what stands behind [`crate::Keys`] or [`crate::Shelf`].
    #[error("{0}")]
    Unavailable(String),
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub(crate) fn invalid(field: &'static str, problem: impl Into<String>) -> Self {
        Self::Invalid { field, problem: problem.into() }
    }

    /// For handlers of I/O errors: a full disk is its own case.
    pub(crate) fn file(action: &'static str) -> impl Fn(io::Error) -> Self {
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull,
            _ => Self::File { action, source },
        }
    }

    /// Whether the one who asks can mend it.
    pub fn is_callers(&self) -> bool {
        !matches!(
            self,
            Self::DiskFull
                | Self::Damaged { .. }
                | Self::NewerVersion { .. }
                | Self::Database(_)
                | Self::File { .. }
                | Self::Unavailable(_)
        )
    }

    fn code(&self) -> S3ErrorCode {
        match self {
            Self::Invalid { .. } => S3ErrorCode::InvalidArgument,
            Self::NoBucket(_) => S3ErrorCode::NoSuchBucket,
            Self::NoObject(_) => S3ErrorCode::NoSuchKey,
            Self::NoUpload => S3ErrorCode::NoSuchUpload,
            Self::BucketExists(_) => S3ErrorCode::BucketAlreadyOwnedByYou,
            Self::NotEmpty(_) => S3ErrorCode::BucketNotEmpty,
            Self::Checksum { .. } => S3ErrorCode::BadDigest,
            Self::Incomplete { .. } | Self::BrokenOff => S3ErrorCode::IncompleteBody,
            Self::TooLarge { .. } => S3ErrorCode::EntityTooLarge,
            Self::Metadata { .. } => S3ErrorCode::MetadataTooLarge,
            Self::PartTooSmall { .. } => S3ErrorCode::EntityTooSmall,
            Self::Part { .. } => S3ErrorCode::InvalidPart,
            Self::PartOrder => S3ErrorCode::InvalidPartOrder,
            Self::Condition => S3ErrorCode::PreconditionFailed,
            Self::Range { .. } => S3ErrorCode::InvalidRange,
            Self::Denied(_) => S3ErrorCode::AccessDenied,
            Self::Database(_) | Self::Unavailable(_) => S3ErrorCode::ServiceUnavailable,
            Self::DiskFull
            | Self::Damaged { .. }
            | Self::NewerVersion { .. }
            | Self::File { .. } => S3ErrorCode::InternalError,
        }
    }
}

impl From<Error> for S3Error {
    fn from(error: Error) -> Self {
        if !error.is_callers() {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::error!(%error, cause, "s3 request failed");
        }
        let mut answer = S3Error::with_message(error.code(), error.to_string());
        if matches!(error, Error::DiskFull) {
            answer.set_status_code(http::StatusCode::INSUFFICIENT_STORAGE);
        }
        answer
    }
}

impl From<dais_relations::Error> for Error {
    fn from(error: dais_relations::Error) -> Self {
        match error {
            dais_relations::Error::Newer { found, supported } => {
                Self::NewerVersion { found, supported }
            }
            dais_relations::Error::Database(error) => error.into(),
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(|e| e.code().map(|c| c.into_owned()));
        match code.as_deref() {
            // SQLITE_FULL; PostgreSQL disk_full.
            Some("13" | "53100") => Self::DiskFull,
            _ => Self::Database(error),
        }
    }
}
