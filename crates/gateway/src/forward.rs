//! Sends a request on: headers of one hop only, another endpoint when one cannot
//! be reached, never a second try once a byte may have arrived.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Uri, Version, header};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error};

pub type Upstream = Client<HttpConnector, Unsent>;

/// A body that stays recoverable until the first byte of it is asked for, so that
/// a failed connect does not lose it.
#[derive(Clone)]
pub struct Unsent(Arc<Mutex<State>>);

struct State {
    body: Body,
    touched: bool,
}

impl Unsent {
    pub fn new(body: Body) -> Self {
        Self(Arc::new(Mutex::new(State { body, touched: false })))
    }

    pub fn is_untouched(&self) -> bool {
        !self.lock().touched
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HttpBody for Unsent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let mut state = self.lock();
        state.touched = true;
        Pin::new(&mut state.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.lock().body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.lock().body.size_hint()
    }
}

/// What is sent, whichever endpoint takes it.
pub struct Outgoing {
    pub method: http::Method,
    pub path_and_query: String,
    pub headers: HeaderMap,
    pub body: Unsent,
}

impl Outgoing {
    pub async fn send(
        &self,
        client: &Upstream,
        to: SocketAddr,
    ) -> Result<Response<Incoming>, Failure> {
        let uri: Uri =
            format!("http://{to}{}", self.path_and_query).parse().map_err(|_| Failure::Address)?;
        let mut request = Request::new(self.body.clone());
        *request.method_mut() = self.method.clone();
        *request.version_mut() = Version::HTTP_11;
        *request.headers_mut() = self.headers.clone();
        *request.uri_mut() = uri;
        client.request(request).await.map_err(Failure::Upstream)
    }

    /// Whether another endpoint may be tried: nothing was sent to the first.
    pub fn may_retry(&self, failure: &Failure) -> bool {
        matches!(failure, Failure::Upstream(error) if error.is_connect())
            && self.body.is_untouched()
    }
}

#[derive(Debug)]
pub enum Failure {
    /// The path cannot be part of an address.
    Address,
    Upstream(Error),
}

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

/// Cookie of the portal's session: tenants' code must never see it.
const PORTAL_COOKIE: &str = "dais_session";

pub fn strip_hop_by_hop(headers: &mut HeaderMap) {
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
pub fn strip_credentials(headers: &mut HeaderMap) {
    headers.remove(header::AUTHORIZATION);
    let kept: Vec<String> = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .map(str::trim)
        .filter(|pair| pair.split('=').next() != Some(PORTAL_COOKIE) && !pair.is_empty())
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
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; dais_session=secret; b=2"));
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
