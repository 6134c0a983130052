//! Errors in Elasticsearch's shape.

use axum::Json;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::error::Error;

impl Error {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Error::Query { .. } => StatusCode::BAD_REQUEST,
            Error::Forbidden(_) => StatusCode::FORBIDDEN,
            Error::NotFound(_) => StatusCode::NOT_FOUND,
            Error::Closed => StatusCode::SERVICE_UNAVAILABLE,
            Error::Directory { .. } | Error::Index { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// `{"type": …, "reason": …}`.
    pub(crate) fn cause(&self) -> Value {
        let kind = match self {
            Error::Query { kind, .. } => kind,
            Error::Forbidden(_) => "security_exception",
            Error::NotFound(_) => "resource_not_found_exception",
            Error::Closed => "node_closed_exception",
            Error::Directory { .. } | Error::Index { .. } => "exception",
        };
        json!({"type": kind, "reason": self.to_string()})
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = self.status();
        if status.is_server_error() {
            tracing::error!(error = &self as &dyn std::error::Error, "log request failed");
        }
        let cause = self.cause();
        let mut error = cause.clone();
        error["root_cause"] = json!([cause]);
        (status, Json(json!({"error": error, "status": status.as_u16()}))).into_response()
    }
}

pub async fn no_handler(method: Method, uri: Uri) -> Response {
    let reason = format!("no handler found for uri [{}] and method [{method}]", uri.path());
    (StatusCode::BAD_REQUEST, Json(json!({"error": reason, "status": 400}))).into_response()
}
