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
            Error::NotFound(_) | Error::NoContext(_) | Error::NoIndex(_) => StatusCode::NOT_FOUND,
            Error::Busy(_) | Error::Full(_) => StatusCode::TOO_MANY_REQUESTS,
            Error::Closed => StatusCode::SERVICE_UNAVAILABLE,
            Error::Unreachable(_) => StatusCode::BAD_GATEWAY,
            Error::Refused { status, .. } => {
                StatusCode::from_u16(*status).unwrap_or(StatusCode::BAD_REQUEST)
            }
            Error::Setting(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Error::Directory { .. } | Error::Index { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// `{"type": …, "reason": …}`.
    pub(crate) fn cause(&self) -> Value {
        let kind = match self {
            Error::Query { kind, .. } => kind,
            Error::Refused { kind, .. } => kind.as_str(),
            Error::Unreachable(_) => "engine_unreachable_exception",
            Error::Setting(_) => "exception",
            Error::Forbidden(_) => "security_exception",
            Error::NotFound(_) => "resource_not_found_exception",
            Error::NoIndex(_) => "index_not_found_exception",
            Error::NoContext(_) => "search_context_missing_exception",
            Error::Busy(_) => "es_rejected_execution_exception",
            // What Elasticsearch says when its disk is nearly full.
            Error::Full(_) => "cluster_block_exception",
            Error::Closed => "node_closed_exception",
            Error::Directory { .. } | Error::Index { .. } => "exception",
        };
        let mut cause = json!({"type": kind, "reason": self.to_string()});
        if let Error::Unreachable(_) = self {
            cause["hint"] =
                "an administrator can look at `dais status` and the --elasticsearch options".into();
        }
        if let Error::NoIndex(name) = self {
            cause["index"] = name.as_str().into();
        }
        cause
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = self.status();
        if status.is_server_error() {
            tracing::error!(error = &self as &dyn std::error::Error, "log request failed");
        }
        (status, Json(body(&self))).into_response()
    }
}

/// `{"error": {…}, "status": …}`.
pub fn body(error: &Error) -> Value {
    let cause = error.cause();
    let mut outer = cause.clone();
    outer["root_cause"] = json!([cause]);
    json!({"error": outer, "status": error.status().as_u16()})
}

pub async fn no_handler(method: Method, uri: Uri) -> Response {
    let reason = format!("no handler found for uri [{}] and method [{method}]", uri.path());
    (StatusCode::BAD_REQUEST, Json(json!({"error": reason, "status": 400}))).into_response()
}

pub async fn wrong_method(method: Method, uri: Uri) -> Response {
    let reason = format!("Incorrect HTTP method for uri [{}] and method [{method}]", uri.path());
    let body = json!({"error": reason, "status": 405});
    (StatusCode::METHOD_NOT_ALLOWED, Json(body)).into_response()
}
