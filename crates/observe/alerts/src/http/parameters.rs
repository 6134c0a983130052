//! What a request asks for: the parameters in its address, and its body.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use regex::Regex;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
use crate::matcher::{Matcher, parse};

/// `name=value` pairs; `filter` repeats.
pub struct Parameters(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Parameters {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        _: &S,
    ) -> std::result::Result<Self, Self::Rejection> {
        let query = parts.uri.query().unwrap_or_default();
        Ok(Parameters(form_urlencoded::parse(query.as_bytes()).into_owned().collect()))
    }
}

impl Parameters {
    fn get(&self, name: &str) -> Option<&str> {
        let own = self.0.iter().find(|(own, _)| own == name);
        own.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// Yes where left out.
    pub fn flag(&self, name: &str) -> Result<bool> {
        match self.get(name) {
            None | Some("true" | "1") => Ok(true),
            Some("false" | "0") => Ok(false),
            Some(other) => {
                Err(Error::invalid(name, format!("{other:?} is neither"), "write true or false"))
            }
        }
    }

    pub fn filter(&self) -> Result<Vec<Matcher>> {
        let mut matchers = Vec::new();
        for (_, text) in self.0.iter().filter(|(name, _)| name == "filter") {
            matchers.extend(parse(text).map_err(|error| match error {
                Error::Invalid { reason, hint, .. } => Error::invalid("filter", reason, hint),
                other => other,
            })?);
        }
        Ok(matchers)
    }

    /// A pattern of receivers' names, which must match all of one.
    pub fn receiver(&self) -> Result<Option<Regex>> {
        let pattern = self.get("receiver").map(|pattern| {
            Regex::new(&format!("^(?:{pattern})$")).map_err(|_| {
                let reason = format!("{pattern:?} is no regular expression");
                Error::invalid("receiver", reason, "write a receiver's name")
            })
        });
        pattern.transpose()
    }
}

/// A JSON body; what is wrong with one names its field.
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        let bytes =
            Bytes::from_request(request, state).await.map_err(|error: BytesRejection| {
                Error::invalid("body", error.body_text(), "send less at a time")
            })?;
        let mut reader = serde_json::Deserializer::from_slice(&bytes);
        let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            let path = error.path().to_string();
            let field = if path == "." { "body".to_owned() } else { path };
            Error::invalid(field, error.inner().to_string(), "the body must be JSON in this shape")
        })?;
        Ok(Body(value))
    }
}
