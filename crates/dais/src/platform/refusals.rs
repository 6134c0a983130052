//! How the platform's own routes refuse: `{error: {field, reason, hint}}`.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;

/// `field` is empty where no single one is at fault.
pub fn refuse(status: StatusCode, field: &str, reason: &str, hint: &str) -> Response {
    let error = json!({"field": field, "reason": reason, "hint": hint});
    (status, Json(json!({ "error": error }))).into_response()
}

/// To somebody who has not signed in.
pub fn unknown_caller() -> Response {
    let hint = "sign in, or send an API token as Authorization: Bearer …";
    refuse(StatusCode::UNAUTHORIZED, "", "nobody is signed in", hint)
}
