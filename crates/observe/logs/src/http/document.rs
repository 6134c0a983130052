//! One document at a time: `_doc` and `_create`.

use std::collections::HashMap;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::{bulk, incoming, json_body, scope_of};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::scope::Scope;

type Parameters = Query<HashMap<String, String>>;

pub async fn index(
    State(logs): State<Engine>,
    Path(index): Path<String>,
    scope: Option<Extension<Scope>>,
    Query(parameters): Parameters,
    body: Bytes,
) -> Result<Response> {
    add(&logs, &index, None, &scope_of(scope), &parameters, &body).await
}

pub async fn index_as(
    State(logs): State<Engine>,
    Path((index, id)): Path<(String, String)>,
    scope: Option<Extension<Scope>>,
    Query(parameters): Parameters,
    body: Bytes,
) -> Result<Response> {
    add(&logs, &index, Some(id), &scope_of(scope), &parameters, &body).await
}

/// Like `index_as`, and refused when the id exists.
pub async fn create(
    State(logs): State<Engine>,
    Path((index, id)): Path<(String, String)>,
    scope: Option<Extension<Scope>>,
    Query(parameters): Parameters,
    body: Bytes,
) -> Result<Response> {
    let scope = scope_of(scope);
    logs.flush().await?;
    if logs.document(&index, &id, &scope).await.is_ok() {
        let reason = format!("[{id}]: version conflict, document already exists");
        let cause = json!({"type": "version_conflict_engine_exception", "reason": reason});
        return Ok(
            (StatusCode::CONFLICT, Json(json!({"error": cause, "status": 409}))).into_response()
        );
    }
    add(&logs, &index, Some(id), &scope, &parameters, &body).await
}

async fn add(
    logs: &Engine,
    index: &str,
    id: Option<String>,
    scope: &Scope,
    parameters: &HashMap<String, String>,
    body: &Bytes,
) -> Result<Response> {
    let entry = incoming::entry(index, id, json_body(body)?, scope)?;
    let ids = logs.ingest(vec![entry]).await?;
    if parameters.get("refresh").is_some_and(|value| value != "false") {
        logs.flush().await?;
    }
    let id = ids.first().map_or("", String::as_str);
    Ok((StatusCode::CREATED, Json(bulk::accepted(index, id))).into_response())
}

pub async fn get(
    State(logs): State<Engine>,
    Path((index, id)): Path<(String, String)>,
    scope: Option<Extension<Scope>>,
) -> Result<Response> {
    let scope = scope_of(scope);
    // Elasticsearch's get sees what was just written, without a refresh.
    logs.flush().await?;
    match logs.document(&index, &id, &scope).await {
        Ok(found) => Ok(Json(json!({
            "_index": found.index, "_id": id, "_version": 1, "_seq_no": found.sequence, "_primary_term": 1,
            "found": true, "_source": found.source,
        }))
        .into_response()),
        Err(Error::NotFound(_)) => {
            Ok((StatusCode::NOT_FOUND, Json(json!({"_index": index, "_id": id, "found": false}))).into_response())
        }
        Err(error) => Err(error),
    }
}
