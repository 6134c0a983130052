//! A search, written anew for an engine that is not ours.
//!
//! Guarantees: what comes out holds only what our own parser understood, and finds only
//! lines of the scope: the caller's query is one condition beside the scope's filter, and
//! nothing that looks past the query of a search (`global`, `suggest`, scripts, runtime
//! fields, lookups of other documents) is known to the parser. What scores, explains or
//! only prints is left out.

use serde_json::{Map, Value, json};

use crate::error::{Error, Result};
use crate::options::Options;
use crate::scope::{Scope, scope as narrow};
use crate::search::contexts::parse_keep;
use crate::search::request::Request;

/// Keys whose values the parser has understood to the last, passed on as they are.
const AS_THEY_ARE: [&str; 5] = ["search_after", "_source", "post_filter", "timeout", "aggs"];
/// Settings of highlighting that are plain words or numbers.
const HIGHLIGHT: [&str; 8] = [
    "pre_tags",
    "post_tags",
    "encoder",
    "require_field_match",
    "fragment_size",
    "number_of_fragments",
    "no_match_size",
    "highlight_query",
];

/// The body of a search, without its point in time.
pub fn search(body: &Value, scope: &Scope) -> Result<Value> {
    let request = Request::parse("_all", body, scope)?;
    let given = |key: &str| body.get(key).filter(|value| !value.is_null());
    let mut asked = Map::new();
    asked.insert("query".into(), narrow(given("query").cloned(), scope));
    asked.insert("size".into(), request.size.into());
    if request.from > 0 {
        asked.insert("from".into(), request.from.into());
    }
    // Ours counts every line; Elasticsearch stops at ten thousand unless it is told.
    let counted = given("track_total_hits").cloned().unwrap_or(Value::Bool(true));
    asked.insert("track_total_hits".into(), counted);
    for key in AS_THEY_ARE {
        if let Some(value) = given(key) {
            asked.insert(key.into(), without_nulls(value));
        }
    }
    if let Some(value) = given("aggregations").filter(|_| !asked.contains_key("aggs")) {
        asked.insert("aggs".into(), value.clone());
    }
    if let Some(after) = request.terminate_after {
        asked.insert("terminate_after".into(), after.into());
    }
    let sort = given("sort").map_or_else(newest_first, sort);
    asked.insert("sort".into(), sort);
    for key in ["fields", "docvalue_fields"] {
        if let Some(list) = given(key).and_then(Value::as_array) {
            asked.insert(key.into(), list.iter().map(field).collect());
        }
    }
    if let Some(marks) = given("highlight") {
        asked.insert("highlight".into(), highlight(marks));
    }
    if given("seq_no_primary_term").is_some() {
        asked.insert("seq_no_primary_term".into(), true.into());
    }
    Ok(Value::Object(asked))
}

pub fn count(body: &Value, scope: &Scope) -> Result<Value> {
    Request::parse_count("_all", body, scope)?;
    Ok(json!({"query": narrow(body.get("query").filter(|query| !query.is_null()).cloned(), scope)}))
}

/// The id and `keep_alive` of the point in time that a search names.
pub fn pit<'a>(pit: &'a Value, indices: &str) -> Result<(&'a str, Option<&'a str>)> {
    let pit = Options::of(pit, "pit")?.only(&["id", "keep_alive"])?;
    if indices != "_all" {
        return Err(Error::Query {
            kind: "action_request_validation_exception",
            clause: "pit".into(),
            reason: "[indices] cannot be used with point in time".into(),
        });
    }
    let id = pit.text("id")?.ok_or_else(|| pit.bad("id", "the id of a point in time"))?;
    let keep = pit.text("keep_alive")?;
    keep.map(|text| parse_keep(text, "keep_alive")).transpose()?;
    Ok((id, keep))
}

/// Elasticsearch takes no `null` for what is left out.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let given = fields.iter().filter(|(_, value)| !value.is_null());
            Value::Object(given.map(|(key, value)| (key.clone(), value.clone())).collect())
        }
        other => other.clone(),
    }
}

/// Lines have no relevance worth ordering by; the newest come first.
fn newest_first() -> Value {
    json!([{"@timestamp": {"order": "desc", "unmapped_type": "date_nanos"}}])
}

/// Each key as an object, with what it is where a day's index has no such field.
fn sort(value: &Value) -> Value {
    let one = |member: &Value| -> Vec<Value> {
        match member {
            // As in the `sort` parameter of an address: `@timestamp:desc`.
            Value::String(text) => {
                let (name, order) = text.split_once(':').unwrap_or((text, "asc"));
                vec![key(name, json!({"order": order}))]
            }
            Value::Object(keys) => keys
                .iter()
                .map(|(name, options)| match options {
                    Value::String(order) => key(name, json!({"order": order})),
                    options => key(name, options.clone()),
                })
                .collect(),
            _ => vec![],
        }
    };
    match value {
        Value::Array(members) => members.iter().flat_map(one).collect(),
        single => one(single).into(),
    }
}

fn key(name: &str, mut options: Value) -> Value {
    let unmapped = match name {
        "@timestamp" => Some("date_nanos"),
        name if name.starts_with('_') => None,
        _ => Some("keyword"),
    };
    if let (Some(unmapped), Some(options)) = (unmapped, options.as_object_mut()) {
        options.entry("unmapped_type").or_insert(unmapped.into());
    }
    json!({name: options})
}

fn field(member: &Value) -> Value {
    match (member.get("field"), member.get("format").and_then(Value::as_str)) {
        (Some(name), Some(format)) => json!({"field": name, "format": format}),
        (Some(name), None) => json!({"field": name}),
        (None, _) => member.clone(),
    }
}

/// What single fields may say beside, queries of their own among it, is left out.
fn highlight(marks: &Value) -> Value {
    let names: Vec<&String> = match marks.get("fields") {
        Some(Value::Object(fields)) => fields.keys().collect(),
        Some(Value::Array(list)) => {
            list.iter().filter_map(Value::as_object).flat_map(Map::keys).collect()
        }
        _ => vec![],
    };
    let fields: Map<String, Value> =
        names.into_iter().map(|name| (name.clone(), json!({}))).collect();
    let mut written = Map::new();
    for key in HIGHLIGHT {
        if let Some(value) = marks.get(key).filter(|value| !value.is_null()) {
            written.insert(key.into(), value.clone());
        }
    }
    // Ours gives whole values, never fragments.
    written.entry("number_of_fragments").or_insert(0.into());
    written.insert("fields".into(), fields.into());
    written.into()
}
