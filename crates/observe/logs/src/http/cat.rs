//! What people and shippers ask a cluster about itself: `_cat/*`, `_cluster/health`.

use std::collections::HashMap;
use std::fmt::Write;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, Path, Query, State};
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::indices::names;
use super::{index_or_all, json_body, parameters, scope_of};
use crate::engine::Engine;
use crate::error::Result;
use crate::scope::Scope;
use crate::time;

type Parameters = Query<HashMap<String, String>>;

const CAT: [&str; 11] = [
    "v",
    "h",
    "s",
    "help",
    "bytes",
    "time",
    "health",
    "pri",
    "master_timeout",
    "local",
    "include_unloaded_segments",
];

/// Sizes are not told: index names are words on lines here, and windows on disk are
/// shared by all of them.
pub async fn indices(
    State(logs): State<Engine>,
    index: Option<Path<String>>,
    scope: Option<Extension<Scope>>,
    Query(parameters): Parameters,
    uri: Uri,
) -> Result<Response> {
    parameters::only(&parameters, &uri, &CAT)?;
    let (index, scope) = (index_or_all(index), scope_of(scope));
    let found = names(&logs, &index, &scope).await?;
    let rows = found.into_iter().map(|(name, count)| {
        row(&[
            ("health", "green"),
            ("status", "open"),
            ("index", &name),
            ("uuid", "-"),
            ("pri", "1"),
            ("rep", "0"),
            ("docs.count", &count.to_string()),
            ("docs.deleted", "0"),
        ])
    });
    Ok(table(rows.collect(), &parameters))
}

pub async fn count(
    State(logs): State<Engine>,
    index: Option<Path<String>>,
    scope: Option<Extension<Scope>>,
    Query(parameters): Parameters,
    uri: Uri,
    body: Bytes,
) -> Result<Response> {
    parameters::only(&parameters, &uri, &CAT)?;
    let (index, scope, body) = (index_or_all(index), scope_of(scope), json_body(&body)?);
    let counted = logs.count(&index, body, &scope).await?;
    let (epoch, timestamp) = clock();
    let count = counted["count"].to_string();
    let cells = [("epoch", epoch.as_str()), ("timestamp", &timestamp), ("count", &count)];
    Ok(table(vec![row(&cells)], &parameters))
}

/// The seconds since 1970, and the time of day.
fn clock() -> (String, String) {
    let now = time::now();
    ((now / 1_000_000_000).to_string(), time::format(now)[11..19].to_owned())
}

pub async fn health(Query(parameters): Parameters) -> Response {
    let (seconds, clock) = clock();
    let cells = [
        ("epoch", seconds.as_str()),
        ("timestamp", &clock),
        ("cluster", "dais"),
        ("status", "green"),
        ("node.total", "1"),
        ("node.data", "1"),
        ("shards", "1"),
        ("pri", "1"),
        ("relo", "0"),
        ("init", "0"),
        ("unassign", "0"),
        ("pending_tasks", "0"),
        ("max_task_wait_time", "-"),
        ("active_shards_percent", "100.0%"),
    ];
    table(vec![row(&cells)], &parameters)
}

pub async fn cluster_health() -> Json<Value> {
    Json(json!({
        "cluster_name": "dais", "status": "green", "timed_out": false, "number_of_nodes": 1,
        "number_of_data_nodes": 1, "active_primary_shards": 1, "active_shards": 1, "relocating_shards": 0,
        "initializing_shards": 0, "unassigned_shards": 0, "active_shards_percent_as_number": 100.0,
    }))
}

fn row(cells: &[(&str, &str)]) -> Map<String, Value> {
    cells.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect()
}

/// `?format=json`, `?v` for a heading, `?h=` for the columns.
fn table(rows: Vec<Map<String, Value>>, parameters: &HashMap<String, String>) -> Response {
    let wanted: Option<Vec<&str>> = parameters.get("h").map(|names| names.split(',').collect());
    let rows: Vec<Map<String, Value>> = rows
        .into_iter()
        .map(|row| match &wanted {
            None => row,
            Some(names) => names
                .iter()
                .filter_map(|name| Some(((*name).to_owned(), row.get(*name)?.clone())))
                .collect(),
        })
        .collect();
    if parameters.get("format").is_some_and(|format| format == "json") {
        return Json(rows).into_response();
    }
    let mut text = String::new();
    if parameters.get("v").is_some_and(|value| value != "false")
        && let Some(first) = rows.first()
    {
        text.push_str(&first.keys().cloned().collect::<Vec<_>>().join(" "));
        text.push('\n');
    }
    for row in &rows {
        let cells: Vec<&str> = row.values().filter_map(Value::as_str).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", cells.join(" "));
    }
    text.into_response()
}
