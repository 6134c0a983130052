//! Answers of the gateway itself, told apart from a backend's by `x-dais-gateway`.

use axum::body::Body;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::json;

use crate::admission::{Denied, Target};

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

pub fn refused(denied: &Denied) -> Response<Body> {
    match denied {
        Denied::Unauthenticated => refuse(
            StatusCode::UNAUTHORIZED,
            "this service asks who you are",
            "send Authorization: Bearer <token>; the portal's account page makes tokens",
        ),
        Denied::Forbidden(reason) => refuse(
            StatusCode::FORBIDDEN,
            reason,
            "ask an administrator of the project for the role `edit` or `view`",
        ),
        Denied::Elsewhere { to, cookie } => elsewhere(to, cookie.as_ref()),
    }
}

fn elsewhere(to: &HeaderValue, cookie: Option<&HeaderValue>) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, to.clone());
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(OWN, HeaderValue::from_static("redirected"));
    if let Some(cookie) = cookie {
        headers.insert(header::SET_COOKIE, cookie.clone());
    }
    response
}

pub fn unavailable(target: &Target) -> Response<Body> {
    refuse(
        StatusCode::SERVICE_UNAVAILABLE,
        &format!("{}/{} has no ready replica", target.namespace, target.service),
        "the service's page and `dais get inferenceservices` say why",
    )
}

/// Somebody else is where the service should be.
pub fn taken(reason: &str) -> Response<Body> {
    refuse(
        StatusCode::BAD_GATEWAY,
        reason,
        "give the service another port, or ask an administrator to end what holds this one",
    )
}

pub fn failed(reason: &str) -> Response<Body> {
    refuse(StatusCode::BAD_GATEWAY, reason, "the service's Logs show what happened")
}
