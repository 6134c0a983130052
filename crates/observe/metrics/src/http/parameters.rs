//! Parameters of a request, from the address and from a form alike.

use axum::Form;
use axum::extract::{FromRequest, Query, Request};
use axum::http::{Method, header};
use axum::response::{IntoResponse, Response};
use promql_parser::label::Matcher;
use promql_parser::parser::Expr;

use crate::error::{Error, Result};
use crate::promql::{parse, selector_matchers};
use crate::store::now;

/// `name=value` pairs in order; names such as `match[]` repeat.
pub struct Parameters(Vec<(String, String)>);

impl<S: Send + Sync> FromRequest<S> for Parameters {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> std::result::Result<Self, Response> {
        let bad = |reason: String| {
            Error::BadData(format!("error parsing form values: {reason}")).into_response()
        };
        let Query(mut pairs) = Query::<Vec<(String, String)>>::try_from_uri(request.uri())
            .map_err(|error| bad(error.to_string()))?;
        let is_form = request
            .headers()
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
        if request.method() == Method::POST && is_form {
            let Form(body) = Form::<Vec<(String, String)>>::from_request(request, state)
                .await
                .map_err(|error| bad(error.to_string()))?;
            // What the body says comes first, as in Go's forms.
            pairs.splice(0..0, body);
        }
        Ok(Parameters(pairs))
    }
}

impl Parameters {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(own, _)| own == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    pub fn needed(&self, name: &str) -> Result<&str> {
        self.get(name)
            .ok_or_else(|| Error::BadData(format!("invalid parameter {name:?}: it is missing")))
    }

    pub fn pairs(&self) -> &[(String, String)] {
        &self.0
    }

    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// Seconds or RFC 3339, in milliseconds.
    pub fn time(&self, name: &str) -> Result<Option<i64>> {
        self.get(name).map(|text| parse_time(name, text)).transpose()
    }

    /// `start` and `end`, by default all time.
    pub fn span(&self) -> Result<(i64, i64)> {
        Ok((self.time("start")?.unwrap_or(i64::MIN), self.time("end")?.unwrap_or(i64::MAX)))
    }

    pub fn time_or_now(&self, name: &str) -> Result<i64> {
        Ok(self.time(name)?.unwrap_or_else(now))
    }

    pub fn number(&self, name: &str) -> Result<Option<usize>> {
        let parse = |text: &str| {
            text.parse().map_err(|_| {
                Error::BadData(format!(
                    "invalid parameter {name:?}: {text:?} is no whole number from 0"
                ))
            })
        };
        self.get(name).map(parse).transpose()
    }

    /// The selectors of `match[]`, each as matchers.
    pub fn selectors(&self) -> Result<Vec<Vec<Matcher>>> {
        self.all("match[]")
            .map(|text| match parse(text)? {
                Expr::VectorSelector(selector) => selector_matchers(&selector),
                _ => Err(Error::BadData(format!(
                    "invalid parameter \"match[]\": {text} is no series selector"
                ))),
            })
            .collect()
    }
}

fn parse_time(name: &str, text: &str) -> Result<i64> {
    if let Ok(seconds) = text.parse::<f64>()
        && seconds.is_finite()
        && seconds.abs() < 9e15
    {
        return Ok((seconds * 1000.0).round() as i64);
    }
    let time = text.parse::<jiff::Timestamp>();
    time.map(|time| time.as_millisecond()).map_err(|_| {
        Error::BadData(format!(
            "invalid parameter {name:?}: cannot parse {text:?} to a valid timestamp"
        ))
    })
}

/// A step or timeout: seconds, or a duration such as `15s` or `1h30m`; in milliseconds.
pub fn parse_duration(name: &str, text: &str) -> Result<i64> {
    if let Ok(seconds) = text.parse::<f64>()
        && seconds.is_finite()
        && seconds.abs() < 9e15
    {
        return Ok((seconds * 1000.0).round() as i64);
    }
    let parsed = promql_parser::util::parse_duration(text);
    parsed.map(|duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)).map_err(|_| {
        Error::BadData(format!(
            "invalid parameter {name:?}: cannot parse {text:?} to a valid duration"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_durations() {
        assert_eq!(parse_time("time", "1700000000.5").unwrap(), 1_700_000_000_500);
        assert_eq!(parse_time("time", "2026-11-24T00:00:00Z").unwrap(), 1_795_478_400_000);
        assert!(parse_time("time", "now").is_err());
        assert_eq!(parse_duration("step", "1h30m").unwrap(), 5_400_000);
        assert_eq!(parse_duration("step", "0.5").unwrap(), 500);
        assert!(parse_duration("step", "soon").is_err());
    }
}
