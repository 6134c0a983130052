//! `_search`, `_count` and `_refresh`: the body, and the parameters of the address
//! that mean the same.

use std::collections::HashMap;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, Path, Query, State};
use serde_json::{Map, Value, json};

use super::{blocking, json_body, scope_of};
use crate::error::{Error, Result};
use crate::scope::Scope;
use crate::store::Logs;

type Parameters = Query<HashMap<String, String>>;

pub async fn search(
    State(logs): State<Logs>,
    scope: Option<Extension<Scope>>,
    parameters: Parameters,
    body: Bytes,
) -> Result<Json<Value>> {
    search_in(State(logs), Path("_all".into()), scope, parameters, body).await
}

pub async fn search_in(
    State(logs): State<Logs>,
    Path(index): Path<String>,
    scope: Option<Extension<Scope>>,
    Query(parameters): Parameters,
    body: Bytes,
) -> Result<Json<Value>> {
    let body = with_parameters(json_body(&body)?, &parameters)?;
    let scope = scope_of(scope);
    let mut answer = blocking(move || logs.search(&index, &body, &scope)).await?;
    if parameters.get("rest_total_hits_as_int").is_some_and(|value| value != "false")
        && let Some(total) = answer.pointer("/hits/total/value").cloned()
    {
        answer["hits"]["total"] = total;
    }
    Ok(Json(answer))
}

pub async fn count(
    State(logs): State<Logs>,
    scope: Option<Extension<Scope>>,
    parameters: Parameters,
    body: Bytes,
) -> Result<Json<Value>> {
    count_in(State(logs), Path("_all".into()), scope, parameters, body).await
}

pub async fn count_in(
    State(logs): State<Logs>,
    Path(index): Path<String>,
    scope: Option<Extension<Scope>>,
    Query(parameters): Parameters,
    body: Bytes,
) -> Result<Json<Value>> {
    let body = with_parameters(json_body(&body)?, &parameters)?;
    let scope = scope_of(scope);
    blocking(move || logs.count(&index, &body, &scope)).await.map(Json)
}

pub async fn refresh(State(logs): State<Logs>) -> Result<Json<Value>> {
    logs.flush().await?;
    Ok(Json(json!({"_shards": {"total": 1, "successful": 1, "failed": 0}})))
}

/// `?q=…&size=…&sort=field:desc` added to the body.
fn with_parameters(body: Value, parameters: &HashMap<String, String>) -> Result<Value> {
    let mut body = match body {
        Value::Null => Map::new(),
        Value::Object(body) => body,
        other => return Err(Error::parsing("body", format!("expected an object, found {other}"))),
    };
    if let Some(text) = parameters.get("q") {
        let operator = parameters.get("default_operator").map_or("or", String::as_str);
        let field = parameters.get("df").map_or("message", String::as_str);
        body.insert(
            "query".into(),
            json!({"query_string": {"query": text, "default_operator": operator, "default_field": field}}),
        );
    }
    for name in ["size", "from"] {
        if let Some(number) = parameters.get(name) {
            body.insert(name.into(), number.as_str().into());
        }
    }
    if let Some(sort) = parameters.get("sort") {
        body.insert("sort".into(), sort.split(',').collect());
    }
    if let Some(source) = parameters.get("_source") {
        let flag = source.parse::<bool>().map_or(Value::from(source.as_str()), Value::from);
        body.insert("_source".into(), flag);
    }
    if parameters.get("track_total_hits").is_some_and(|value| value == "false") {
        body.insert("track_total_hits".into(), false.into());
    }
    Ok(Value::Object(body))
}
