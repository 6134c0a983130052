//! Which indices there are. An index name is a word on lines, so an index exists
//! for a caller who may see a line of it.

use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::{mapping, scope_of};
use crate::engine::Engine;
use crate::error::Result;
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
) -> Result<Response> {
    let described = mapping::describe(&logs, &pattern, &scope_of(scope)).await?;
    if described.is_empty() && !pattern.contains('*') && pattern != "_all" {
        let cause = json!({"type": "index_not_found_exception", "reason": format!("no such index [{pattern}]"), "index": pattern});
        let body = json!({"error": cause, "status": 404});
        return Ok((StatusCode::NOT_FOUND, Json(body)).into_response());
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
    Ok(Json(indices).into_response())
}
