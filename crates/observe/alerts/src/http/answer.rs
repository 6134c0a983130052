//! Errors in Alertmanager's shape: a JSON text.

use axum::Json;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};

use crate::error::Error;

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = match &self {
            Error::Invalid { .. } => StatusCode::BAD_REQUEST,
            Error::Forbidden(_) => StatusCode::FORBIDDEN,
            Error::NotFound(_) => StatusCode::NOT_FOUND,
            Error::Closed => StatusCode::SERVICE_UNAVAILABLE,
            Error::Store { .. }
            | Error::Directory { .. }
            | Error::Damaged { .. }
            | Error::Newer { .. }
            | Error::Client(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        if status.is_server_error() {
            tracing::error!(error = &self as &dyn std::error::Error, "alert request failed");
        }
        (status, Json(self.to_string())).into_response()
    }
}

pub async fn no_route(uri: Uri) -> Error {
    Error::NotFound(format!("a route of the Alertmanager API at {}", uri.path()))
}
