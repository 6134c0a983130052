//! Reading requests: a JSON body, or for GET the query, into one typed value.
//!
//! The protocol is protobuf's JSON: 64-bit numbers may be text, every field
//! may be absent or null, a list in a query is a repeated key.

use axum::body::Bytes;
use axum::extract::{FromRequest, Query, Request};
use http::Method;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::Error;
use crate::error::Result;

/// MLflow's documented limit for one batch is 1 MB; model descriptions and
/// dataset profiles may be larger.
const LIMIT: usize = 20 << 20;

pub(crate) struct Input<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Input<T> {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Input<T>> {
        let (parts, body) = request.into_parts();
        let body = match parts.method {
            Method::GET => Bytes::new(),
            _ => axum::body::to_bytes(body, LIMIT).await.map_err(|_| {
                Error::invalid(format!("the request body is over {LIMIT} bytes or was cut off"))
            })?,
        };
        let text = if body.is_empty() { query_as_json(&parts.uri)? } else { body };
        refuse_nul(&text)?;
        axum::Json::<T>::from_bytes(&text).map(|axum::Json(value)| Input(value)).map_err(
            |rejection| Error::invalid(format!("invalid request: {}", rejection.body_text())),
        )
    }
}

fn query_as_json(uri: &http::Uri) -> Result<Bytes> {
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri)
        .map_err(|rejection| Error::invalid(format!("invalid query: {}", rejection.body_text())))?;
    let mut object = Map::new();
    for (key, value) in pairs {
        let value = Value::String(value);
        match object.get_mut(&key) {
            Some(Value::Array(list)) => list.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
            None => drop(object.insert(key, value)),
        }
    }
    serde_json::to_vec(&object)
        .map(Bytes::from)
        .map_err(|error| Error::invalid(format!("invalid query: {error}")))
}

/// PostgreSQL's text cannot hold U+0000, so neither may SQLite's.
fn refuse_nul(json: &[u8]) -> Result<()> {
    let escape = b"\\u0000";
    let found = json.windows(escape.len()).enumerate().any(|(at, window)| {
        window == escape && json[..at].iter().rev().take_while(|b| **b == b'\\').count() % 2 == 0
    });
    match found {
        true => {
            Err(Error::invalid("the request holds the character U+0000, which cannot be stored"))
        }
        false => Ok(()),
    }
}

/// A required field.
pub(crate) trait Required<T> {
    fn required(self, name: &str) -> Result<T>;
}

impl Required<String> for Option<String> {
    fn required(self, name: &str) -> Result<String> {
        self.filter(|text| !text.is_empty()).ok_or_else(|| Error::missing(name))
    }
}

/// A 64-bit number, as a number or as text.
pub(crate) fn int<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    match Value::deserialize(from)? {
        Value::Null => Ok(None),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(int), _) => Ok(Some(int)),
            (None, Some(float)) if float.fract() == 0.0 && float.abs() < 9e18 => {
                Ok(Some(float as i64))
            }
            _ => Err(D::Error::custom(format!("expected a 64-bit integer, got {number}"))),
        },
        Value::String(text) => text
            .parse()
            .map(Some)
            .map_err(|_| D::Error::custom(format!("expected a 64-bit integer, got \"{text}\""))),
        other => Err(D::Error::custom(format!("expected a 64-bit integer, got {other}"))),
    }
}

/// A double; protobuf's JSON writes the special ones as text.
pub(crate) fn double<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
    match Value::deserialize(from)? {
        Value::Null => Ok(None),
        Value::Number(number) => Ok(number.as_f64()),
        Value::String(text) => text
            .parse()
            .map(Some)
            .map_err(|_| D::Error::custom(format!("expected a double, got \"{text}\""))),
        other => Err(D::Error::custom(format!("expected a double, got {other}"))),
    }
}

/// A list of texts; one text counts as a list of one (a query's lone key).
pub(crate) fn texts<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    match Value::deserialize(from)? {
        Value::Null => Ok(Vec::new()),
        Value::String(text) => Ok(vec![text]),
        Value::Array(list) => list
            .into_iter()
            .map(|item| match item {
                Value::String(text) => Ok(text),
                Value::Number(number) => Ok(number.to_string()),
                other => Err(D::Error::custom(format!("expected text, got {other}"))),
            })
            .collect(),
        other => Err(D::Error::custom(format!("expected a list of texts, got {other}"))),
    }
}

/// An absent and a null list are both empty.
pub(crate) fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    from: D,
) -> Result<Vec<T>, D::Error> {
    Ok(Option::<Vec<T>>::deserialize(from)?.unwrap_or_default())
}
