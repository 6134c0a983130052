//! `_bulk`: many documents in one request, as log shippers send them.

use std::collections::HashMap;
use std::time::Instant;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, Path, Query, State};
use axum::http::Uri;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::incoming::entry;
use super::parameters::{self, is_set};
use super::scope_of;
use crate::engine::Engine;
use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::scope::Scope;

#[derive(Deserialize, Default)]
#[serde(default)]
struct Target {
    _index: Option<String>,
    _id: Option<String>,
}

const PARAMETERS: [&str; 11] = [
    "refresh",
    "pipeline",
    "timeout",
    "routing",
    "_source",
    "_source_includes",
    "_source_excludes",
    "wait_for_active_shards",
    "require_alias",
    "list_executed_pipelines",
    "type",
];

pub async fn bulk(
    State(logs): State<Engine>,
    index: Option<Path<String>>,
    scope: Option<Extension<Scope>>,
    parameters: Query<HashMap<String, String>>,
    uri: Uri,
    body: Bytes,
) -> Result<Json<Value>> {
    parameters::only(&parameters, &uri, &PARAMETERS)?;
    run(&logs, index.map(|Path(index)| index), &scope_of(scope), &parameters, &body).await
}

/// The fate of one action, in the order of the request.
enum Item {
    Accepted { action: &'static str, index: String },
    Refused { action: &'static str, index: String, error: Error },
}

async fn run(
    logs: &Engine,
    index: Option<String>,
    scope: &Scope,
    parameters: &HashMap<String, String>,
    body: &Bytes,
) -> Result<Json<Value>> {
    let started = Instant::now();
    let (entries, items) = parse(body, index.as_deref(), scope)?;
    let mut ids = logs.ingest(entries).await?.into_iter();
    if is_set(parameters, "refresh") {
        logs.flush().await?;
    }
    let errors = items.iter().any(|item| matches!(item, Item::Refused { .. }));
    let items: Vec<Value> = items.into_iter().map(|item| render(item, &mut ids)).collect();
    let took = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(Json(json!({"took": took, "errors": errors, "items": items})))
}

fn render(item: Item, ids: &mut impl Iterator<Item = String>) -> Value {
    match item {
        Item::Accepted { action, index } => {
            json!({action: accepted(&index, &ids.next().unwrap_or_default())})
        }
        Item::Refused { action, index, error } => json!({
            action: {"_index": index, "status": error.status().as_u16(), "error": error.cause()}
        }),
    }
}

pub(super) fn accepted(index: &str, id: &str) -> Value {
    json!({
        "_index": index, "_id": id, "_version": 1, "result": "created",
        "_shards": {"total": 1, "successful": 1, "failed": 0},
        "_seq_no": 0, "_primary_term": 1, "status": 201,
    })
}

fn parse(body: &[u8], index: Option<&str>, scope: &Scope) -> Result<(Vec<Entry>, Vec<Item>)> {
    let mut lines =
        body.split(|byte| *byte == b'\n').filter(|line| !line.iter().all(u8::is_ascii_whitespace));
    let (mut entries, mut items) = (vec![], vec![]);
    let mut number = 0;
    while let Some(line) = lines.next() {
        number += 1;
        let (action, target) = parse_action(line, number)?;
        let index = target._index.or_else(|| index.map(str::to_owned)).unwrap_or_default();
        if action == "delete" {
            items.push(Item::Refused { action, index, error: unsupported(action) });
            continue;
        }
        let source = lines.next().ok_or_else(|| {
            Error::illegal("_bulk", format!("The bulk request must be terminated by a newline; action [{number}] has no document"))
        })?;
        if action == "update" {
            items.push(Item::Refused { action, index, error: unsupported(action) });
            continue;
        }
        match serde_json::from_slice(source)
            .map_err(|error| malformed(&error))
            .and_then(|source| entry(&index, target._id, source, scope))
        {
            Ok(entry) => {
                entries.push(entry);
                items.push(Item::Accepted { action, index });
            }
            Err(error) => items.push(Item::Refused { action, index, error }),
        }
    }
    if items.is_empty() {
        return Err(Error::illegal("_bulk", "request body is required"));
    }
    Ok((entries, items))
}

fn parse_action(line: &[u8], number: usize) -> Result<(&'static str, Target)> {
    let bad = |reason: String| {
        Error::illegal("_bulk", format!("Malformed action/metadata line [{number}], {reason}"))
    };
    let action: Map<String, Value> =
        serde_json::from_slice(line).map_err(|error| bad(error.to_string()))?;
    let (name, target) =
        action.into_iter().next().ok_or_else(|| bad("expected an action".into()))?;
    let name = match name.as_str() {
        "index" => "index",
        "create" => "create",
        "update" => "update",
        "delete" => "delete",
        other => {
            return Err(bad(format!(
                "expected one of [create, delete, index, update] but found [{other}]"
            )));
        }
    };
    let target = serde_json::from_value(target).map_err(|error| bad(error.to_string()))?;
    Ok((name, target))
}

fn unsupported(action: &str) -> Error {
    Error::illegal(action, "log lines are only added; send [index] or [create]")
}

fn malformed(error: &serde_json::Error) -> Error {
    Error::Query {
        kind: "document_parsing_exception",
        clause: "document".into(),
        reason: error.to_string(),
    }
}
