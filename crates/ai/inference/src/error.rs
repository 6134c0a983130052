//! What can go wrong, and how the protocol says it (`{"error": "…"}`).

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde_json::json;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The model cannot be served.
    #[error("cannot load the model: {problem}. Hint: {hint}")]
    Load { problem: String, hint: &'static str },
    #[error("cannot serve")]
    Serve(#[source] std::io::Error),
    /// The request does not fit the model.
    #[error("{0}")]
    Request(String),
    #[error("{0}")]
    NotFound(String),
    #[error("{waiting} requests wait already; try again later or add replicas")]
    Overloaded { waiting: usize },
    #[error("the engine failed on this input: {0}")]
    Engine(String),
}

pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub(crate) fn request(message: impl Into<String>) -> Error {
        Error::Request(message.into())
    }

    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Error::Request(_) => StatusCode::BAD_REQUEST,
            Error::NotFound(_) => StatusCode::NOT_FOUND,
            Error::Overloaded { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Error::Load { .. } | Error::Serve(_) | Error::Engine(_) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
    }

    /// For the failure counter.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Error::Request(_) | Error::NotFound(_) => "REJECTED",
            Error::Overloaded { .. } => "OVERLOADED",
            Error::Load { .. } | Error::Serve(_) | Error::Engine(_) => "BACKEND",
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = self.status();
        let mut response = (status, Json(json!({ "error": self.to_string() }))).into_response();
        if matches!(self, Error::Overloaded { .. }) {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
        }
        response
    }
}
