//! Who may call a service, and who may answer for it: asked, never decided here.

use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use http::{Extensions, HeaderMap, HeaderValue, Method, Uri};
use tokio::net::TcpStream;

/// What a request is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    pub namespace: Arc<str>,
    pub service: Arc<str>,
}

/// Why a request is not let through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    /// Nobody is known: 401.
    Unauthenticated,
    /// Somebody is known and may not: 403 with the reason.
    Forbidden(String),
    /// A browser that is to go elsewhere first, with a cookie perhaps: 303.
    Elsewhere { to: HeaderValue, cookie: Option<HeaderValue> },
}

/// A request, as far as it says who sends it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    pub method: &'a Method,
    pub uri: &'a Uri,
    pub headers: &'a HeaderMap,
    /// Whoever calls in process may have put the caller there.
    pub extensions: &'a Extensions,
    /// The prefix of the route that was found.
    pub route: &'a str,
}

/// Whether a person opens a page with it, rather than a program or a page's own script
/// that asks for something (`Sec-Fetch-Mode`, W3C Fetch Metadata).
pub fn opens_page(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let navigates = text("sec-fetch-mode").is_none_or(|mode| mode == "navigate");
    navigates && text("accept").is_some_and(|accept| accept.contains("text/html"))
}

/// Asked once per request, so an implementation keeps recent answers.
#[async_trait]
pub trait Admission: Send + Sync {
    /// The name of the caller who may call `target`.
    async fn admit(&self, asked: Asked<'_>, target: &Target) -> Result<Arc<str>, Denied>;

    /// Whether the other end of a new connection to an endpoint may have requests for
    /// services of `namespace`. Asked before anything is sent.
    ///
    /// # Errors
    /// `PermissionDenied` with words for callers when it is somebody else.
    fn answers(&self, _connection: &TcpStream, _namespace: &str) -> io::Result<()> {
        Ok(())
    }
}
