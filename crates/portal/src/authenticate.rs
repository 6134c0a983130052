//! What every request passes first: who is calling, and whether the page that
//! sends it is ours.
//!
//! A bearer token or a session cookie becomes a [`Caller`] extension; without
//! either the request goes on without one, and each part decides what a
//! stranger may see. A browser sends cookies along whoever wrote the page, so
//! a write with a cookie must also carry the session's CSRF token, and no write
//! or WebSocket may come from a page of another origin.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use dais_identity::{Caller, Identity, Secret};
use serde_json::json;

use crate::Problem;
use crate::callers::BrowserSession;

/// The cookie that holds a session's key.
pub(crate) const COOKIE: &str = "dais_session";
/// The header that holds a session's CSRF token.
pub(crate) const CSRF: &str = "x-dais-csrf";

/// For everything but the pages, which set their own: should an answer be
/// opened as a page (an artifact that somebody stored, say), it may do nothing.
const NOT_A_PAGE: &str = "default-src 'none'; frame-ancestors 'none'; sandbox";

pub(crate) async fn authenticate(
    State(identity): State<Identity>,
    mut request: Request,
    next: Next,
) -> Response {
    let mut response = match admit(&identity, &mut request).await {
        Ok(()) => next.run(request).await,
        Err(refusal) => *refusal,
    };
    secure(response.headers_mut());
    response
}

async fn admit(identity: &Identity, request: &mut Request) -> Result<(), Box<Response>> {
    // Only what is decided here counts.
    request.extensions_mut().remove::<Caller>();
    let refuse = |problem: Problem| Box::new(problem.into_response());
    if let Some(token) = token(request.headers()) {
        let found = identity.authenticate(&token).await;
        let caller = found.map_err(|error| refuse(error.into()))?;
        let caller = caller.ok_or_else(|| Box::new(bad_token()))?;
        request.extensions_mut().insert(Caller::clone(&caller));
        return Ok(());
    }
    let writes = !request.method().is_safe();
    if (writes || request.headers().contains_key(header::UPGRADE))
        && !same_origin(request.headers(), request.uri().host())
    {
        return Err(refuse(foreign_page()));
    }
    let Some(key) = cookie(request.headers()) else {
        return Ok(());
    };
    let session = identity.session(&key).await.map_err(|error| refuse(error.into()))?;
    let Some(session) = session else {
        return Ok(());
    };
    if writes && !has_csrf(request, &session.csrf) {
        return Err(refuse(no_csrf()));
    }
    request.extensions_mut().insert(BrowserSession { key, csrf: session.csrf });
    request.extensions_mut().insert(session.caller);
    Ok(())
}

/// An API token: as a bearer's, or as the password of programs that know nothing else
/// (Fluent Bit, rsyslog). Their user name says nothing.
fn token(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = value.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.trim().to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(BASE64_STANDARD.decode(rest.trim()).ok()?).ok()?;
    Some(pair.split_once(':')?.1.to_owned())
}

pub(crate) fn cookie(headers: &HeaderMap) -> Option<Secret> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, value)| Secret::new(value))
}

/// Whether the page behind the request has our own address. Programs that are
/// not browsers send no `Origin`.
fn same_origin(headers: &HeaderMap, uri_host: Option<&str>) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return true;
    };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).or(uri_host);
    let page = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    match (page, host) {
        (Some((_, page)), Some(host)) => page.eq_ignore_ascii_case(host),
        _ => false,
    }
}

fn has_csrf(request: &Request, csrf: &Secret) -> bool {
    // Signing in replaces the session that the page no longer knows.
    let signs_in = request.method() == Method::POST && request.uri().path() == "/api/session";
    let sent = request.headers().get(CSRF).and_then(|value| value.to_str().ok());
    signs_in || sent.is_some_and(|sent| csrf.matches(sent))
}

fn no_csrf() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "the request does not carry the session's CSRF token",
        "send the csrf of GET /api/session as X-Dais-Csrf; programs use an API token instead",
    )
    .field("X-Dais-Csrf")
}

fn foreign_page() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "the request comes from a page of another address",
        "open the portal by the address that it is served at",
    )
    .field("Origin")
}

/// Every protocol on this port has its own shape of refusal; this body has
/// what each of their clients looks for.
fn bad_token() -> Response {
    let reason = "the bearer token is unknown, revoked or expired";
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": reason, "reason": "Unauthorized", "code": 401,
        "error_code": "UNAUTHENTICATED",
        "error": {"field": "Authorization", "reason": reason, "hint": "create a new API token"},
    });
    let challenge = [(header::WWW_AUTHENTICATE, "Bearer")];
    (StatusCode::UNAUTHORIZED, challenge, Json(body)).into_response()
}

fn secure(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, NOT_A_PAGE),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};

    use super::{cookie, same_origin};

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs
            .iter()
            .map(|&(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)));
        pairs.collect()
    }

    #[test]
    fn only_our_own_pages_are_of_our_origin() {
        for (origin, host, ours) in [
            ("http://127.0.0.1:8080", "127.0.0.1:8080", true),
            ("https://dais.example", "DAIS.example", true),
            ("http://127.0.0.1:8081", "127.0.0.1:8080", false),
            ("http://evil.example", "127.0.0.1:8080", false),
            ("null", "127.0.0.1:8080", false),
        ] {
            let headers = headers(&[("origin", origin), ("host", host)]);
            assert_eq!(same_origin(&headers, None), ours, "{origin} at {host}");
        }
        assert!(same_origin(&headers(&[("host", "a")]), None), "not a browser");
        assert!(same_origin(&headers(&[("origin", "http://a")]), Some("a")), "HTTP/2");
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let found = |value| cookie(&headers(&[("cookie", value)]));
        assert_eq!(found("a=b; dais_session=k; c=d").unwrap().expose(), "k");
        assert!(found("xdais_session=k; a").is_none());
    }
}
