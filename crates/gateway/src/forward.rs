//! What of a request or an answer goes on: headers of one hop stay there, and so do
//! the caller's credentials.

use axum::body::Body;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Uri, Version, header};

use crate::context::Identity;
use crate::policy::Credential;
use crate::table::Rule;
use crate::upgrade;

/// Headers that concern one connection (RFC 9110, section 7.6.1).
const HOP_BY_HOP: [HeaderName; 8] = [
    header::CONNECTION,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
];

/// Cookie of a browser that opened a route: good for that route and nothing else.
pub const VISIT_COOKIE: &str = "dais_visit";
/// Tells the endpoint who calls; whatever a caller wrote there is taken away.
pub const CALLER: HeaderName = HeaderName::from_static("x-forwarded-user");
/// The cookies of the platform: tenants' code must never see them.
pub const OUR_COOKIES: [&str; 2] = ["dais_session", VISIT_COOKIE];

/// The request of `user` as the endpoint gets it; `None` when its path cannot be sent on.
pub fn outgoing(
    rule: &Rule,
    (identity, user): (&Identity, &str),
    mut request: Request<Body>,
) -> Option<Request<Body>> {
    let uri = request.uri();
    let mut path = rule.rewrite(uri.path());
    if let Some(query) = uri.query() {
        path.push('?');
        path.push_str(query);
    }
    let path = PathAndQuery::try_from(path).ok()?;
    let authority = uri.authority().cloned();
    *request.uri_mut() = Uri::from(path);
    *request.version_mut() = Version::HTTP_11;
    let is_upgrade = upgrade::is_asked(&request);
    let headers = request.headers_mut();
    strip_hop_by_hop(headers);
    if is_upgrade {
        upgrade::say(headers);
    }
    strip_credentials(headers);
    headers.remove(CALLER);
    headers.extend(HeaderValue::from_bytes(user.as_bytes()).ok().map(|user| (CALLER, user)));
    if let Some(Credential::Known(value)) = rule.policy.as_ref().and_then(|p| p.credential.as_ref())
    {
        headers.insert(header::AUTHORIZATION, value.clone());
    }
    identity.pass_on(headers);
    // HTTP/2 says it in the address.
    if let Some(authority) = authority
        && !headers.contains_key(header::HOST)
    {
        headers.insert(header::HOST, HeaderValue::from_str(authority.as_str()).ok()?);
    }
    Some(request)
}

/// The answer as the caller gets it.
pub fn incoming(mut response: Response<Body>, is_tunnel: bool) -> Response<Body> {
    // The endpoint's version of HTTP concerns its own connection.
    *response.version_mut() = Version::HTTP_11;
    let headers = response.headers_mut();
    strip_hop_by_hop(headers);
    if is_tunnel {
        upgrade::say(headers);
    }
    response
}

fn strip_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
}

/// Takes away what lets a caller into the platform.
fn strip_credentials(headers: &mut HeaderMap) {
    headers.remove(header::AUTHORIZATION);
    if !headers.contains_key(header::COOKIE) {
        return;
    }
    let kept: Vec<String> = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .map(str::trim)
        .filter(|pair| !pair.is_empty())
        .filter(|pair| pair.split('=').next().is_none_or(|name| !OUR_COOKIES.contains(&name)))
        .map(str::to_owned)
        .collect();
    headers.remove(header::COOKIE);
    if let Ok(value) = HeaderValue::from_str(&kept.join("; "))
        && !kept.is_empty()
    {
        headers.insert(header::COOKIE, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_sees_no_credentials_of_the_platform() {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer secret"));
        headers.append(
            header::COOKIE,
            HeaderValue::from_static("a=1; dais_session=secret; b=2; dais_visit=x"),
        );
        strip_credentials(&mut headers);
        assert_eq!(headers.len(), 1);
        assert_eq!(headers[header::COOKIE], "a=1; b=2");
    }

    #[test]
    fn headers_of_one_hop_stay_there() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONNECTION, HeaderValue::from_static("close, x-mine"));
        headers.insert("x-mine", HeaderValue::from_static("1"));
        headers.insert("x-yours", HeaderValue::from_static("2"));
        strip_hop_by_hop(&mut headers);
        assert_eq!(headers.keys().collect::<Vec<_>>(), ["x-yours"]);
    }
}
