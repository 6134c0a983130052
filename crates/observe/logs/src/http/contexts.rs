//! Points in time and scrolls over HTTP.

use std::collections::HashMap;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, Path, Query, State};
use axum::http::{StatusCode, Uri};
use serde_json::{Value, json};

use super::indices::{Missing, must_exist};
use super::parameters::{self, is_set};
use super::query::total_as_number;
use super::{json_body, scope_of};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::options::Options;
use crate::scope::Scope;
use crate::search::contexts::parse_keep;

type Parameters = Query<HashMap<String, String>>;

/// `POST /{index}/_pit?keep_alive=1m`.
pub async fn open_pit(
    State(logs): State<Engine>,
    Path(index): Path<String>,
    scope: Option<Extension<Scope>>,
    Query(parameters): Parameters,
    uri: Uri,
) -> Result<Json<Value>> {
    parameters::only(
        &parameters,
        &uri,
        &["keep_alive", "routing", "allow_partial_search_results"],
    )?;
    let keep = parameters.get("keep_alive").ok_or_else(|| {
        Error::illegal("keep_alive", "[keep_alive] is required, for example keep_alive=1m")
    })?;
    let (keep, scope) = (parse_keep(keep, "keep_alive")?, scope_of(scope));
    must_exist(&logs, &index, Missing::of(&parameters), &scope).await?;
    let id = logs.open_pit(&index, keep, &scope).await?;
    Ok(Json(json!({"id": id, "_shards": {"total": 1, "successful": 1, "skipped": 0, "failed": 0}})))
}

/// `DELETE /_pit` with `{"id": …}`.
pub async fn close_pit(
    State(logs): State<Engine>,
    scope: Option<Extension<Scope>>,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>)> {
    let body = json_body(&body)?;
    let options = Options::of(&body, "pit")?.only(&["id"])?;
    let id = options.text("id")?.ok_or_else(|| options.bad("id", "the id of a point in time"))?;
    let freed = usize::from(logs.close_pit(id, &scope_of(scope)).await?);
    Ok(closed(freed))
}

/// `POST /_search/scroll` with `{"scroll_id": …, "scroll": "1m"}`, or the same in the address.
pub async fn scroll(
    State(logs): State<Engine>,
    id: Option<Path<String>>,
    scope: Option<Extension<Scope>>,
    Query(parameters): Parameters,
    uri: Uri,
    body: Bytes,
) -> Result<Json<Value>> {
    parameters::only(&parameters, &uri, &["scroll", "scroll_id", "rest_total_hits_as_int"])?;
    let body = json_body(&body)?;
    let body = if body.is_null() { json!({}) } else { body };
    let options = Options::of(&body, "scroll")?.only(&["scroll", "scroll_id"])?;
    let given = options.text("scroll_id")?.map(str::to_owned);
    let id = given
        .or_else(|| parameters.get("scroll_id").cloned())
        .or_else(|| id.map(|Path(id)| id))
        .ok_or_else(|| options.bad("scroll_id", "the id of a scroll"))?;
    let keep = options.text("scroll")?.or_else(|| parameters.get("scroll").map(String::as_str));
    let keep = keep.map(|text| parse_keep(text, "scroll")).transpose()?;
    let scope = scope_of(scope);
    let mut answer = logs.scroll(&id, keep, &scope).await?;
    if is_set(&parameters, "rest_total_hits_as_int") {
        total_as_number(&mut answer);
    }
    Ok(Json(answer))
}

/// `DELETE /_search/scroll`, with ids in the body or the address; `_all` ends all of
/// the caller's own.
pub async fn close_scroll(
    State(logs): State<Engine>,
    id: Option<Path<String>>,
    scope: Option<Extension<Scope>>,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>)> {
    let body = json_body(&body)?;
    let ids = match (id, body.get("scroll_id")) {
        (Some(Path(id)), _) => id.split(',').map(str::to_owned).collect(),
        (None, Some(Value::String(id))) => vec![id.clone()],
        (None, Some(Value::Array(ids))) => ids.iter().map(crate::entry::word).collect(),
        _ => return Err(Error::illegal("scroll_id", "no scroll ids specified")),
    };
    let scope = scope_of(scope);
    let freed = logs.close_scrolls(&ids, &scope).await?;
    let (status, answer) = closed(freed);
    Ok(if ids.iter().any(|id| id == "_all") { (StatusCode::OK, answer) } else { (status, answer) })
}

/// As Elasticsearch answers: what is not there to be closed is not found.
fn closed(freed: usize) -> (StatusCode, Json<Value>) {
    let status = if freed == 0 { StatusCode::NOT_FOUND } else { StatusCode::OK };
    (status, Json(json!({"succeeded": true, "num_freed": freed})))
}
