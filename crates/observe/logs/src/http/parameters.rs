//! The parameters of an address: known to the request that they stand at, or
//! refused by name.

use std::collections::HashMap;

use axum::http::Uri;
use serde_json::{Map, Value, json};

use crate::error::{Error, Result};

/// Understood or harmless everywhere: how the answer is printed.
const EVERYWHERE: [&str; 6] =
    ["pretty", "human", "error_trace", "filter_path", "format", "source_content_type"];
/// Which indices are meant when some are missing or closed; here none is ever closed.
const INDICES: [&str; 5] = [
    "ignore_unavailable",
    "allow_no_indices",
    "expand_wildcards",
    "ignore_throttled",
    "preference",
];

/// Parameters of searches: those that mean a key of the body, and those that only
/// tell a cluster of many nodes how to go about it.
pub const SEARCH: [&str; 31] = [
    "q",
    "df",
    "default_operator",
    "analyze_wildcard",
    "lenient",
    "size",
    "from",
    "sort",
    "_source",
    "_source_includes",
    "_source_excludes",
    "track_total_hits",
    "timeout",
    "terminate_after",
    "scroll",
    "rest_total_hits_as_int",
    "search_type",
    "request_cache",
    "routing",
    "version",
    "seq_no_primary_term",
    "track_scores",
    "typed_keys",
    "batched_reduce_size",
    "max_concurrent_shard_requests",
    "pre_filter_shard_size",
    "ccs_minimize_roundtrips",
    "explain",
    "stored_fields",
    "allow_partial_search_results",
    "stats",
];

pub type Parameters = HashMap<String, String>;

/// Refuses a parameter that neither the request nor every request knows.
pub fn only(parameters: &Parameters, uri: &Uri, known: &[&str]) -> Result<()> {
    let is_known =
        |name: &str| known.contains(&name) || EVERYWHERE.contains(&name) || INDICES.contains(&name);
    match parameters.keys().find(|name| !is_known(name)) {
        None => Ok(()),
        Some(unknown) => Err(Error::illegal(
            unknown.clone(),
            format!("request [{}] contains unrecognized parameter: [{unknown}]", uri.path()),
        )),
    }
}

/// A parameter that is set by its name alone, or to anything but `false`.
pub fn is_set(parameters: &Parameters, name: &str) -> bool {
    parameters.get(name).is_some_and(|value| value != "false")
}

/// `?q=…&size=…&sort=field:desc` added to the body.
pub fn with_parameters(body: Value, parameters: &Parameters) -> Result<Value> {
    let mut body = match body {
        Value::Null => Map::new(),
        Value::Object(body) => body,
        other => return Err(Error::parsing("body", format!("expected an object, found {other}"))),
    };
    if let Some(text) = parameters.get("q") {
        let operator = parameters.get("default_operator").map_or("or", String::as_str);
        let field = parameters.get("df").map_or("message", String::as_str);
        body.insert(
            "query".into(),
            json!({"query_string": {"query": text, "default_operator": operator, "default_field": field}}),
        );
    }
    for name in ["size", "from", "timeout", "terminate_after"] {
        if let Some(value) = parameters.get(name) {
            body.insert(name.into(), value.as_str().into());
        }
    }
    if let Some(sort) = parameters.get("sort") {
        body.insert("sort".into(), sort.split(',').collect());
    }
    if let Some(source) = parameters.get("_source") {
        let flag = source.parse::<bool>().map_or(Value::from(source.as_str()), Value::from);
        body.insert("_source".into(), flag);
    }
    let (includes, excludes) =
        (parameters.get("_source_includes"), parameters.get("_source_excludes"));
    if includes.is_some() || excludes.is_some() {
        body.insert("_source".into(), json!({"includes": includes, "excludes": excludes}));
    }
    if parameters.get("track_total_hits").is_some_and(|value| value == "false") {
        body.insert("track_total_hits".into(), false.into());
    }
    Ok(Value::Object(body))
}
