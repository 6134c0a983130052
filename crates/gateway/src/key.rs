//! Where a request says whose it is.

use axum::body::Body;
use axum::extract::Request;
use bytes::{Bytes, BytesMut};
use dais_api::traffic::AssignmentKey;
use futures::StreamExt;
use futures::stream;
use http::{HeaderMap, HeaderName, header};
use http_body::Body as _;
use serde_json::Value;

/// Bytes of a body that is read for its key; a longer one has none.
pub const MOST: usize = 1 << 20;

#[derive(Debug, PartialEq, Eq)]
pub enum KeySource {
    Header(HeaderName),
    Cookie(String),
    /// A JSON pointer (RFC 6901).
    Body(String),
    /// The policy names none, or one that cannot be.
    Nowhere,
}

impl From<&AssignmentKey> for KeySource {
    fn from(key: &AssignmentKey) -> Self {
        let AssignmentKey { header, cookie, body } = key;
        match (header, cookie, body) {
            (Some(name), _, _) => name.parse().map_or(Self::Nowhere, Self::Header),
            (None, Some(name), _) => Self::Cookie(name.clone()),
            (None, None, Some(pointer)) => Self::Body(pointer.clone()),
            (None, None, None) => Self::Nowhere,
        }
    }
}

impl KeySource {
    /// The request's key. Reads the body only where the key is in it, and then leaves it
    /// as it was for the one who reads it next.
    pub async fn read(&self, request: &mut Request) -> Option<String> {
        match self {
            Self::Header(name) => {
                let value = request.headers().get(name)?.to_str().ok()?.trim();
                Some(value.to_owned()).filter(|value| !value.is_empty())
            }
            Self::Cookie(name) => cookie(request.headers(), name),
            Self::Body(pointer) => in_body(&read_ahead(request.body_mut()).await?, pointer),
            Self::Nowhere => None,
        }
    }
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.split_once('='));
    let mut named = pairs.filter(|(key, value)| key.trim() == name && !value.trim().is_empty());
    named.next().map(|(_, value)| value.trim().to_owned())
}

/// A string as it is, a number or a truth as JSON writes it.
fn in_body(body: &[u8], pointer: &str) -> Option<String> {
    let document: Value = serde_json::from_slice(body).ok()?;
    match document.pointer(pointer)? {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        scalar @ (Value::Number(_) | Value::Bool(_)) => Some(scalar.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The whole body, when it is no longer than [`MOST`] and arrives unbroken. What was read
/// goes back in front of the rest.
async fn read_ahead(body: &mut Body) -> Option<Bytes> {
    if body.size_hint().lower() > MOST as u64 {
        return None;
    }
    let mut rest = std::mem::take(body).into_data_stream();
    let mut read = BytesMut::new();
    while read.len() <= MOST {
        match rest.next().await {
            Some(Ok(chunk)) => read.extend_from_slice(&chunk),
            None => {
                let whole = read.freeze();
                *body = Body::from(whole.clone());
                return Some(whole);
            }
            Some(Err(error)) => {
                let broken = stream::iter([Ok(read.freeze()), Err(error)]);
                *body = Body::from_stream(broken);
                return None;
            }
        }
    }
    let begun = stream::iter([Ok(read.freeze())]);
    *body = Body::from_stream(begun.chain(rest));
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn key(source: KeySource, request: http::request::Builder, body: Body) -> Option<String> {
        source.read(&mut request.body(body).unwrap()).await
    }

    #[tokio::test]
    async fn a_key_is_found_where_the_policy_says() {
        let request =
            || http::Request::builder().header("x-user", " u1 ").header("cookie", "a=1; b=2");
        let header = KeySource::Header(HeaderName::from_static("x-user"));
        assert_eq!(key(header, request(), Body::empty()).await.as_deref(), Some("u1"));
        let cookie = KeySource::Cookie("b".to_owned());
        assert_eq!(key(cookie, request(), Body::empty()).await.as_deref(), Some("2"));
        let pointer = |pointer: &str| KeySource::Body(pointer.to_owned());
        let body = || Body::from(r#"{"user": {"id": 7}, "name": "n", "none": null}"#);
        for (at, expected) in
            [("/user/id", Some("7")), ("/name", Some("n")), ("/none", None), ("/user", None)]
        {
            assert_eq!(key(pointer(at), request(), body()).await.as_deref(), expected, "{at}");
        }
        assert_eq!(key(pointer("/name"), request(), Body::from("no json")).await, None);
        assert_eq!(KeySource::from(&AssignmentKey::default()), KeySource::Nowhere);
    }

    #[tokio::test]
    async fn a_body_is_whole_again_after_it_was_read() {
        for length in [10, MOST, MOST + 1, 3 * MOST] {
            let text = format!("\"{}\"", "x".repeat(length - 2));
            let chunks: Vec<Bytes> =
                text.as_bytes().chunks(1000).map(Bytes::copy_from_slice).collect();
            let chunks = stream::iter(chunks.into_iter().map(Ok::<_, std::io::Error>));
            let mut request = Request::new(Body::from_stream(chunks));
            let found = KeySource::Body(String::new()).read(&mut request).await;
            assert_eq!(found.is_some(), length <= MOST, "{length}");
            let body = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap();
            assert_eq!(body, text.as_bytes());
        }
    }
}
