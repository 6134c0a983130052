//! `_bulk`: many documents in one request, as log shippers send them.

use std::collections::HashMap;
use std::time::Instant;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, Path, Query, State};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::scope_of;
use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::line::severity_of_name;
use crate::scope::Scope;
use crate::store::Logs;
use crate::time;

/// Where shippers put what we have a field for.
const ALIASES: [(&str, &[&str]); 6] = [
    ("message", &["log", "msg", "body"]),
    ("namespace", &["kubernetes.namespace_name", "kubernetes.namespace", "k8s.namespace.name"]),
    ("pod", &["kubernetes.pod_name", "kubernetes.pod.name", "k8s.pod.name"]),
    (
        "container",
        &["kubernetes.container_name", "kubernetes.container.name", "k8s.container.name"],
    ),
    ("node", &["kubernetes.host", "kubernetes.node.name", "k8s.node.name"]),
    ("trace_id", &["trace.id", "traceId"]),
];

#[derive(Deserialize, Default)]
#[serde(default)]
struct Target {
    _index: Option<String>,
    _id: Option<String>,
}

pub async fn bulk(
    State(logs): State<Logs>,
    scope: Option<Extension<Scope>>,
    parameters: Query<HashMap<String, String>>,
    body: Bytes,
) -> Result<Json<Value>> {
    run(&logs, None, &scope_of(scope), &parameters, &body).await
}

pub async fn bulk_into(
    State(logs): State<Logs>,
    Path(index): Path<String>,
    scope: Option<Extension<Scope>>,
    parameters: Query<HashMap<String, String>>,
    body: Bytes,
) -> Result<Json<Value>> {
    run(&logs, Some(index), &scope_of(scope), &parameters, &body).await
}

/// The fate of one action, in the order of the request.
enum Item {
    Accepted { action: &'static str, index: String },
    Refused { action: &'static str, index: String, error: Error },
}

async fn run(
    logs: &Logs,
    index: Option<String>,
    scope: &Scope,
    parameters: &HashMap<String, String>,
    body: &Bytes,
) -> Result<Json<Value>> {
    let started = Instant::now();
    let (entries, items) = parse(body, index.as_deref(), scope)?;
    let mut ids = logs.ingest(entries).await?.into_iter();
    if parameters.get("refresh").is_some_and(|value| value != "false") {
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

/// A document as somebody sends it: aliases filled in, checked against the scope.
pub(super) fn entry(
    index: &str,
    id: Option<String>,
    source: Value,
    scope: &Scope,
) -> Result<Entry> {
    let Value::Object(source) = source else {
        return Err(Error::parsing("document", "a document must be an object"));
    };
    if index.is_empty() {
        return Err(Error::Query {
            kind: "action_request_validation_exception",
            clause: "_index".into(),
            reason: "index is missing".into(),
        });
    }
    let mut entry = Entry::new(index, source, time::now()).map_err(|value| Error::Query {
        kind: "document_parsing_exception",
        clause: "@timestamp".into(),
        reason: format!("failed to parse date field [{value}]; use RFC 3339 or epoch milliseconds"),
    })?;
    entry.id = id;
    fill_aliases(&mut entry);
    let namespace = entry.source.get("namespace").and_then(Value::as_str);
    if !scope.allows(namespace) {
        let namespace = namespace.unwrap_or("none");
        return Err(Error::Forbidden(format!(
            "lines of namespace [{namespace}] may not be written with these rights"
        )));
    }
    Ok(entry)
}

fn fill_aliases(entry: &mut Entry) {
    for (name, aliases) in ALIASES {
        if entry.source.contains_key(name) {
            continue;
        }
        let found = aliases.iter().find_map(|alias| {
            entry.values(alias).into_iter().find_map(Value::as_str).map(str::to_owned)
        });
        if let Some(value) = found {
            entry.source.insert(name.into(), value.into());
        }
    }
    if !entry.source.contains_key("severity") {
        let level = entry
            .values("level")
            .into_iter()
            .chain(entry.values("log.level"))
            .find_map(Value::as_str);
        if let Some(severity) = level.and_then(severity_of_name) {
            entry.source.insert("severity".into(), severity.into());
        }
    }
}
