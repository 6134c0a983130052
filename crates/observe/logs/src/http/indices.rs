//! Which indices there are. An index name is a word on lines, so an index exists
//! for a caller who may see a line of it: one of others alone is told as one that never was.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Extension, Path, State};
use serde_json::{Map, Value, json};

use super::parameters::{Parameters, is_set};
use super::{mapping, scope_of};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::scope::Scope;

/// Names listed at most; more are never made on purpose.
const MAX_NAMES: usize = 1000;

/// Names and counts of lines, of those that the caller may see.
pub async fn names(logs: &Engine, pattern: &str, scope: &Scope) -> Result<Vec<(String, u64)>> {
    let body = json!({"size": 0, "aggs": {"indices": {"terms": {"field": "_index", "size": MAX_NAMES, "order": {"_key": "asc"}}}}});
    let answer = logs.search(pattern, body, scope).await?;
    let buckets = answer.pointer("/aggregations/indices/buckets").and_then(Value::as_array);
    let name =
        |bucket: &Value| Some((bucket["key"].as_str()?.to_owned(), bucket["doc_count"].as_u64()?));
    Ok(buckets.into_iter().flatten().filter_map(name).collect())
}

/// What of a pattern may be missing; Elasticsearch's `ignore_unavailable` and
/// `allow_no_indices` with their defaults.
#[derive(Clone, Copy)]
pub struct Missing {
    /// A name that is no index is passed over.
    pub name: bool,
    /// A wildcard may match nothing.
    pub wildcard: bool,
}

impl Missing {
    pub fn of(parameters: &Parameters) -> Missing {
        Missing {
            name: is_set(parameters, "ignore_unavailable"),
            wildcard: parameters.get("allow_no_indices").is_none_or(|value| value != "false"),
        }
    }
}

/// Fails on a name of a pattern that is no index the caller may see, in the words that
/// Elasticsearch has for it. What is only left out (`-name`) need not be there.
pub async fn must_exist(
    logs: &Engine,
    pattern: &str,
    may_miss: Missing,
    scope: &Scope,
) -> Result<()> {
    let names: BTreeSet<&str> = pattern.split(',').map(str::trim).collect();
    for name in names {
        let is_wildcard = name.contains('*') || name == "_all";
        let is_excused = if is_wildcard { may_miss.wildcard } else { may_miss.name };
        if name.is_empty() || name.starts_with('-') || is_excused {
            continue;
        }
        // The first lines of an index are there before they can be searched.
        let is_there = logs.has_line(name, scope).await?
            || (logs.settle().await.is_ok() && logs.has_line(name, scope).await?);
        if !is_there {
            return Err(Error::NoIndex(name.to_owned()));
        }
    }
    Ok(())
}

/// `GET /_resolve/index/{pattern}`.
pub async fn resolve(
    State(logs): State<Engine>,
    Path(pattern): Path<String>,
    scope: Option<Extension<Scope>>,
) -> Result<Json<Value>> {
    let scope = scope_of(scope);
    let found = names(&logs, &pattern, &scope).await?;
    let indices: Vec<Value> =
        found.into_iter().map(|(name, _)| json!({"name": name, "attributes": ["open"]})).collect();
    Ok(Json(json!({"indices": indices, "aliases": [], "data_streams": []})))
}

/// `GET` and `HEAD /{index}`: what is known of indices, or that there is none.
pub async fn get(
    State(logs): State<Engine>,
    Path(pattern): Path<String>,
    scope: Option<Extension<Scope>>,
) -> Result<Json<Value>> {
    let described = mapping::describe(&logs, &pattern, &scope_of(scope)).await?;
    if described.is_empty() && !pattern.contains('*') && pattern != "_all" {
        return Err(Error::NoIndex(pattern));
    }
    let indices: Map<String, Value> = described
        .into_iter()
        .map(|(name, properties)| {
            let about = json!({
                "aliases": {}, "mappings": {"properties": properties},
                "settings": {"index": {"number_of_shards": "1", "number_of_replicas": "0"}},
            });
            (name, about)
        })
        .collect();
    Ok(Json(indices.into()))
}
