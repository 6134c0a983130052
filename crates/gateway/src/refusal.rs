//! Answers of the gateway itself, told apart from a backend's by `x-dais-gateway`.

use axum::body::Body;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::json;

/// Header on every answer that no backend gave.
const OWN: &str = "x-dais-gateway";

pub fn refuse(status: StatusCode, reason: &str, hint: &str) -> Response<Body> {
    let body = json!({"error": {"reason": reason, "hint": hint}});
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(OWN, HeaderValue::from_static("refused"));
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}
