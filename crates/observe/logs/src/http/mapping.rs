//! `_mapping`: which fields there are. Fields beyond the fixed ones are read from
//! the newest lines that the caller may see, so that names do not leak either.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Extension, Path, State};
use serde_json::{Map, Value, json};

use super::{blocking, scope_of};
use crate::entry::KEYWORDS;
use crate::error::Result;
use crate::scope::Scope;
use crate::search::request::Request;
use crate::store::Logs;

/// Lines looked at; a field that none of these has is not in use.
const SAMPLE: usize = 500;

pub async fn mapping(
    State(logs): State<Logs>,
    scope: Option<Extension<Scope>>,
) -> Result<Json<Value>> {
    mapping_of(State(logs), Path("_all".into()), scope).await
}

pub async fn mapping_of(
    State(logs): State<Logs>,
    Path(index): Path<String>,
    scope: Option<Extension<Scope>>,
) -> Result<Json<Value>> {
    let scope = scope_of(scope);
    let hits = blocking(move || {
        let request = Request::parse(&index, &json!({"size": SAMPLE}), &scope)?;
        Ok(logs.answer(&request)?.hits)
    })
    .await?;
    let mut found: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for hit in hits {
        describe(&hit.entry.source, found.entry(hit.entry.index).or_default());
    }
    let mappings = found.into_iter().map(|(index, fields)| {
        let mut properties = fixed();
        properties.extend(fields);
        (index, json!({"mappings": {"properties": properties}}))
    });
    Ok(Json(Value::Object(mappings.collect())))
}

fn fixed() -> Map<String, Value> {
    let mut properties = Map::new();
    properties.insert("@timestamp".into(), json!({"type": "date_nanos"}));
    properties.insert("message".into(), json!({"type": "text"}));
    properties.extend(KEYWORDS.iter().map(|name| ((*name).to_owned(), json!({"type": "keyword"}))));
    properties
}

fn describe(source: &Map<String, Value>, properties: &mut Map<String, Value>) {
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
