//! The parameters of Jaeger's searches, and of our own questions.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::query::Query;
use crate::span::unhex;

const LIMIT: usize = 100;
const MAX_LIMIT: usize = 1500;
const MICROSECOND: i64 = 1000;
const MILLISECOND: i64 = 1_000_000;
/// Jaeger's default for dependencies.
const DAY: i64 = 86_400_000 * MILLISECOND;
const HOUR: i64 = 3_600_000 * MILLISECOND;

/// `service`, `operation`, `tags` (JSON) and `tag` (`key:value`), `start` and `end`
/// (microseconds), `minDuration`, `maxDuration` (`1.5s`, `20ms`), `limit`. All may be
/// left out; Jaeger insists on a service, ours then searches all.
pub fn query(pairs: &[(String, String)], now: i64) -> Result<Query> {
    let mut query = Query { from: i64::MIN, to: now, limit: LIMIT, ..Query::default() };
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        match name.as_str() {
            "service" => query.service = Some(value.clone()),
            // What Jaeger's page sends for "all".
            "operation" if value != "all" => query.operation = Some(value.clone()),
            "tags" => query.tags.extend(tags(value)?),
            "tag" => query.tags.push(tag(value)?),
            "start" => query.from = number(name, value)?.saturating_mul(MICROSECOND),
            "end" => query.to = number(name, value)?.saturating_mul(MICROSECOND),
            "minDuration" => query.shortest = Some(duration(name, value)?),
            "maxDuration" => query.longest = Some(duration(name, value)?),
            "limit" => {
                let limit = number(name, value)?;
                let bad = || {
                    Error::BadRequest(format!(
                        "parameter 'limit' must be at least 1, found {limit}"
                    ))
                };
                query.limit = usize::try_from(limit)
                    .ok()
                    .filter(|limit| *limit > 0)
                    .ok_or_else(bad)?
                    .min(MAX_LIMIT);
            }
            _ => {}
        }
    }
    Ok(query)
}

/// `endTs` and `lookback`, in milliseconds.
pub fn dependency_span(pairs: &[(String, String)], now: i64) -> Result<(i64, i64)> {
    let milliseconds = |name: &str, otherwise: i64| match get(pairs, name) {
        Some(value) => Ok(number(name, value)?.saturating_mul(MILLISECOND)),
        None => Ok(otherwise),
    };
    let to = milliseconds("endTs", now)?;
    Ok((to.saturating_sub(milliseconds("lookback", DAY)?), to))
}

/// `start` and `end`, in microseconds; the hour before when they are left out.
pub fn map_span(pairs: &[(String, String)], now: i64) -> Result<(i64, i64)> {
    let to = match get(pairs, "end") {
        Some(end) => number("end", end)?.saturating_mul(MICROSECOND),
        None => now,
    };
    let from = match get(pairs, "start") {
        Some(start) => number("start", start)?.saturating_mul(MICROSECOND),
        None => to.saturating_sub(HOUR),
    };
    if from >= to {
        return Err(Error::BadRequest("parameter 'start' must lie before 'end'".into()));
    }
    Ok((from, to))
}

/// The trace id that a parameter must be.
pub fn id(pairs: &[(String, String)], name: &str) -> Result<[u8; 16]> {
    let missing = || Error::BadRequest(format!("parameter '{name}' is required: a trace id"));
    trace_id(get(pairs, name).ok_or_else(missing)?)
}

/// The traces that a search asks for by name, each once.
pub fn ids(pairs: &[(String, String)]) -> Result<Vec<[u8; 16]>> {
    let asked = pairs.iter().filter(|(name, value)| name == "traceID" && !value.is_empty());
    let mut ids = asked.map(|(_, value)| trace_id(value)).collect::<Result<Vec<_>>>()?;
    if ids.len() > MAX_LIMIT {
        return Err(Error::BadRequest(format!(
            "parameter 'traceID' is given {} times; {MAX_LIMIT} at most",
            ids.len()
        )));
    }
    let mut seen = HashSet::new();
    ids.retain(|id| seen.insert(*id));
    Ok(ids)
}

pub fn trace_id(text: &str) -> Result<[u8; 16]> {
    unhex(text).ok_or_else(|| {
        Error::BadRequest(format!("[{text}] is no trace id: 1 to 32 hexadecimal digits"))
    })
}

pub fn get<'a>(pairs: &'a [(String, String)], wanted: &str) -> Option<&'a str> {
    let found = pairs.iter().find(|(name, value)| name == wanted && !value.is_empty());
    found.map(|(_, value)| value.as_str())
}

fn number(name: &str, value: &str) -> Result<i64> {
    value.parse().map_err(|_| {
        Error::BadRequest(format!("unable to parse param '{name}': [{value}] is no whole number"))
    })
}

fn tags(text: &str) -> Result<Vec<(String, String)>> {
    let bad = |error| {
        Error::BadRequest(format!(
            "unable to parse param 'tags': {error}; expected a JSON object of texts"
        ))
    };
    let parsed: Map<String, Value> = serde_json::from_str(text).map_err(bad)?;
    let word = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Ok(parsed.into_iter().map(|(key, value)| (key, word(value))).collect())
}

fn tag(text: &str) -> Result<(String, String)> {
    let bad = || {
        Error::BadRequest(format!(
            "malformed 'tag' parameter, expecting key:value, received: {text}"
        ))
    };
    let (key, value) = text.split_once(':').ok_or_else(bad)?;
    Ok((key.to_owned(), value.to_owned()))
}

/// Go's notation of one number and a unit, in nanoseconds.
fn duration(name: &str, text: &str) -> Result<i64> {
    let bad = || {
        Error::BadRequest(format!(
            "unable to parse param '{name}': [{text}] is no duration such as 1.5s, 20ms or 100us"
        ))
    };
    let split = text.find(|c: char| c.is_alphabetic()).ok_or_else(bad)?;
    let amount: f64 = text[..split].parse().map_err(|_| bad())?;
    let unit = match &text[split..] {
        "ns" => 1.0,
        "us" | "µs" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "m" => 60e9,
        "h" => 3600e9,
        _ => return Err(bad()),
    };
    Ok((amount * unit) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_read_and_mistakes_are_named() {
        let pairs = |pairs: &[(&str, &str)]| {
            pairs
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect::<Vec<(String, String)>>()
        };
        let read = query(
            &pairs(&[
                ("service", "a"),
                ("tags", r#"{"x":"1","n":2}"#),
                ("tag", "k:v:w"),
                ("start", "5"),
                ("minDuration", "1.5ms"),
                ("limit", "9999"),
            ]),
            7,
        )
        .unwrap();
        assert_eq!(
            read.tags,
            [("x".into(), "1".into()), ("n".into(), "2".into()), ("k".into(), "v:w".into())]
        );
        assert_eq!(
            (read.from, read.to, read.shortest, read.limit),
            (5000, 7, Some(1_500_000), MAX_LIMIT)
        );
        for (name, value) in
            [("start", "x"), ("tags", "["), ("tag", "k"), ("limit", "0"), ("maxDuration", "5")]
        {
            let error = query(&pairs(&[(name, value)]), 0).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }
}
