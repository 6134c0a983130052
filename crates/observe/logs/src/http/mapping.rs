//! `_mapping` and `_field_caps`: which fields there are. Fields beyond the fixed ones are read from
//! the newest lines that the caller may see, so that names do not leak either.

use std::collections::BTreeMap;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, Path, Query, State};
use axum::http::Uri;
use regex::Regex;
use serde_json::{Map, Value, json};

use super::parameters::{self, Parameters};
use super::{index_or_all, json_body, scope_of};
use crate::clause::wildcard_regex;
use crate::engine::Engine;
use crate::entry::KEYWORDS;
use crate::error::{Error, Result};
use crate::scope::Scope;

/// Lines looked at; a field that none of these has is not in use.
const SAMPLE: usize = 500;

/// Fields of one index that are told; a tenant's lines may all have names of their own.
const MOST: usize = 2000;

/// By index name, the properties of its lines that the caller may see.
pub type Described = BTreeMap<String, Map<String, Value>>;

pub async fn describe(logs: &Engine, indices: &str, scope: &Scope) -> Result<Described> {
    let body = json!({"size": SAMPLE, "track_total_hits": false});
    let answer = logs.search(indices, body, scope).await?;
    let mut found: Described = BTreeMap::new();
    for hit in answer["hits"]["hits"].as_array().into_iter().flatten() {
        if let (Some(index), Some(source)) = (hit["_index"].as_str(), hit["_source"].as_object()) {
            let properties = found.entry(index.to_owned()).or_insert_with(fixed);
            if leaves(properties) < MOST {
                describe_source(source, properties);
            }
        }
    }
    Ok(found)
}

pub async fn mapping(
    State(logs): State<Engine>,
    index: Option<Path<String>>,
    scope: Option<Extension<Scope>>,
) -> Result<Json<Value>> {
    let (index, scope) = (index_or_all(index), scope_of(scope));
    let found = describe(&logs, &index, &scope).await?;
    let mappings = found
        .into_iter()
        .map(|(index, properties)| (index, json!({"mappings": {"properties": properties}})));
    Ok(Json(Value::Object(mappings.collect())))
}

/// `_field_caps?fields=…`: which fields there are, of which type, and what may be
/// done with them.
pub async fn capabilities(
    State(logs): State<Engine>,
    index: Option<Path<String>>,
    scope: Option<Extension<Scope>>,
    Query(parameters): Query<Parameters>,
    uri: Uri,
    body: Bytes,
) -> Result<Json<Value>> {
    let known = ["fields", "include_unmapped", "filters", "types", "include_empty_fields"];
    parameters::only(&parameters, &uri, &known)?;
    let body = json_body(&body)?;
    let names: Vec<String> = match (body.get("fields"), parameters.get("fields")) {
        (Some(Value::Array(names)), _) => names.iter().map(crate::entry::word).collect(),
        (Some(Value::String(name)), _) => vec![name.clone()],
        (_, Some(names)) => names.split(',').map(str::to_owned).collect(),
        _ => return Err(Error::illegal("fields", "specify fields, for example fields=*")),
    };
    let patterns = names.iter().map(|name| Regex::new(&format!("^{}$", wildcard_regex(name))));
    let patterns: Vec<Regex> = patterns
        .collect::<std::result::Result<_, _>>()
        .map_err(|error| Error::illegal("fields", error.to_string()))?;
    let (index, scope) = (index_or_all(index), scope_of(scope));
    let found = describe(&logs, &index, &scope).await?;
    let mut fields = Map::new();
    for properties in found.values() {
        flatten(properties, "", &mut fields);
    }
    fields.retain(|name, _| patterns.iter().any(|pattern| pattern.is_match(name)));
    let indices: Vec<&String> = found.keys().collect();
    Ok(Json(json!({"indices": indices, "fields": fields})))
}

fn flatten(properties: &Map<String, Value>, prefix: &str, fields: &mut Map<String, Value>) {
    for (name, property) in properties {
        let path = format!("{prefix}{name}");
        if let Some(Value::Object(below)) = property.get("properties") {
            flatten(below, &format!("{path}."), fields);
            continue;
        }
        let mut add = |path: String, kind: &str| {
            let about = json!({
                "type": kind, "metadata_field": false, "searchable": true,
                "aggregatable": kind != "text",
            });
            fields.entry(path).or_insert_with(|| json!({}))[kind] = about;
        };
        add(path.clone(), property["type"].as_str().unwrap_or("object"));
        if property.get("fields").is_some() {
            add(format!("{path}.keyword"), "keyword");
        }
    }
}

fn leaves(properties: &Map<String, Value>) -> usize {
    let below = |property: &Value| property["properties"].as_object().map_or(1, leaves);
    properties.values().map(below).sum()
}

fn fixed() -> Map<String, Value> {
    let mut properties = Map::new();
    properties.insert("@timestamp".into(), json!({"type": "date_nanos"}));
    properties.insert("message".into(), json!({"type": "text"}));
    properties.extend(KEYWORDS.iter().map(|name| ((*name).to_owned(), json!({"type": "keyword"}))));
    properties
}

fn describe_source(source: &Map<String, Value>, properties: &mut Map<String, Value>) {
    for (name, value) in source {
        if name == "@timestamp" || name == "message" || KEYWORDS.contains(&name.as_str()) {
            continue;
        }
        describe_value(name, value, properties);
    }
}

fn describe_value(name: &str, value: &Value, properties: &mut Map<String, Value>) {
    let kind = match value {
        Value::Null => return,
        Value::Bool(_) => json!({"type": "boolean"}),
        Value::Number(number) if number.is_f64() => json!({"type": "double"}),
        Value::Number(_) => json!({"type": "long"}),
        Value::String(_) => json!({"type": "text", "fields": {"keyword": {"type": "keyword"}}}),
        Value::Array(members) => {
            members.iter().for_each(|member| describe_value(name, member, properties));
            return;
        }
        Value::Object(inner) => {
            let entry = properties.entry(name).or_insert_with(|| json!({"properties": {}}));
            if let Some(Value::Object(below)) = entry.get_mut("properties") {
                inner.iter().for_each(|(name, value)| describe_value(name, value, below));
            }
            return;
        }
    };
    properties.entry(name).or_insert(kind);
}
