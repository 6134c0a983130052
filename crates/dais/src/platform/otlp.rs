//! OTLP over gRPC: the services of all signals on one port, behind one door.
//!
//! A caller is known by the bearer token in the call's metadata, and may write what the
//! same token may write over HTTP. Refusals are gRPC's: an exporter reads a status, not
//! a page.

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use dais_identity::Identity;
use http::{HeaderMap, HeaderValue, header};

use super::access::Access;
use super::scopes;
use super::telemetry::OtlpServices;

/// gRPC's status codes.
const UNIMPLEMENTED: u8 = 12;
const UNAVAILABLE: u8 = 14;
const UNAUTHENTICATED: u8 = 16;

/// What is served on the port of OTLP over gRPC.
pub fn router(services: OtlpServices, identity: &Identity, access: &Access) -> Router {
    let OtlpServices { traces, logs, metrics } = services;
    Router::new()
        .merge(scopes::spans(traces, access.clone()))
        .merge(scopes::lines(logs, access.clone()))
        .merge(scopes::samples(metrics, access.clone()))
        .layer(from_fn_with_state(identity.clone(), authenticate))
        .fallback(|| async { refuse(UNIMPLEMENTED, "this service is not served here") })
}

async fn authenticate(
    State(identity): State<Identity>,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(token) = bearer(request.headers()) else {
        let hint = "send the metadata authorization: Bearer <token>";
        return refuse(UNAUTHENTICATED, &format!("nobody is signed in; {hint}"));
    };
    let caller = match identity.authenticate(token).await {
        Ok(Some(caller)) => caller,
        Ok(None) => {
            return refuse(UNAUTHENTICATED, "the bearer token is unknown, revoked or expired");
        }
        Err(error) => {
            tracing::error!(%error, "token not checked");
            return refuse(UNAVAILABLE, "the token could not be checked; try again");
        }
    };
    request.extensions_mut().insert((*caller).clone());
    next.run(request).await
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// An answer that is only a status: it stands in the head, as trailers alone may.
fn refuse(status: u8, message: &str) -> Response {
    let mut response = Response::default();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert("grpc-status", HeaderValue::from(u16::from(status)));
    if let Ok(message) = HeaderValue::from_str(message) {
        headers.insert("grpc-message", message);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_a_grpc_status_and_a_token_is_found_whatever_the_case() {
        let refused = refuse(UNAUTHENTICATED, "who?");
        assert_eq!(refused.status(), 200);
        assert_eq!(refused.headers()["grpc-status"], "16");
        assert_eq!(refused.headers()["grpc-message"], "who?");
        let mut headers = HeaderMap::new();
        assert_eq!(bearer(&headers), None);
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static("bearer  t"));
        assert_eq!(bearer(&headers), Some("t"));
    }
}
