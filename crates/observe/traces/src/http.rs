//! Jaeger's query API, mounted by the binary under a prefix (`/api/…` here). A request
//! carries its [`Scope`] as an extension; one without sees nothing.

mod jaeger;
mod own;
pub(crate) mod parameters;

use std::collections::HashMap;

use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, Query as Parameters, State};
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::head::now;
use crate::scope::Scope;
use crate::span::hex;
use crate::store::Traces;

pub fn router(traces: Traces) -> Router {
    Router::new()
        .route("/api/services", get(services))
        .route("/api/services/{service}/operations", get(operations))
        .route("/api/operations", get(operations_by_kind))
        .route("/api/traces", get(search))
        .route("/api/traces/{id}", get(trace))
        .route("/api/dependencies", get(dependencies))
        .route("/api/map", get(own::map))
        .route("/api/compare", get(own::comparison))
        .fallback(no_route)
        .method_not_allowed_fallback(no_method)
        .with_state(traces)
}

async fn services(
    State(traces): State<Traces>,
    scope: Option<Extension<Scope>>,
) -> Result<Json<Value>> {
    let scope = scope_of(scope);
    let found = blocking(move || traces.services(&scope)).await?;
    Ok(answer(found.into_iter().map(Value::from).collect()))
}

async fn operations(
    State(traces): State<Traces>,
    service: std::result::Result<Path<String>, PathRejection>,
    scope: Option<Extension<Scope>>,
) -> Result<Json<Value>> {
    let (scope, service) = (scope_of(scope), text(service)?);
    let mut names: Vec<String> = blocking(move || traces.operations(&service, &scope))
        .await?
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    names.dedup();
    Ok(answer(names.into_iter().map(Value::from).collect()))
}

async fn operations_by_kind(
    State(traces): State<Traces>,
    scope: Option<Extension<Scope>>,
    Parameters(parameters): Parameters<HashMap<String, String>>,
) -> Result<Json<Value>> {
    let scope = scope_of(scope);
    let missing = || Error::BadRequest("parameter 'service' is required".into());
    let service = parameters.get("service").cloned().ok_or_else(missing)?;
    let found = blocking(move || traces.operations(&service, &scope)).await?;
    let is_wanted = |kind: &str| parameters.get("spanKind").is_none_or(|wanted| wanted == kind);
    let found = found.into_iter().filter(|(_, kind)| is_wanted(kind));
    Ok(answer(found.map(|(name, kind)| json!({"name": name, "spanKind": kind})).collect()))
}

async fn search(
    State(traces): State<Traces>,
    scope: Option<Extension<Scope>>,
    Parameters(pairs): Parameters<Vec<(String, String)>>,
) -> Result<Json<Value>> {
    let scope = scope_of(scope);
    let ids = parameters::ids(&pairs)?;
    if !ids.is_empty() {
        return named(traces, scope, ids).await;
    }
    let query = parameters::query(&pairs, now())?;
    let found = blocking(move || traces.search(&query, &scope)).await?;
    Ok(answer(found.iter().map(|spans| jaeger::trace(spans)).collect()))
}

/// The traces of a list, in its order; those that are missing stand under `errors`.
async fn named(traces: Traces, scope: Scope, ids: Vec<[u8; 16]>) -> Result<Json<Value>> {
    let asked = ids.clone();
    let mut found = blocking(move || traces.traces(&asked, &scope)).await?;
    let (mut data, mut errors) = (Vec::new(), Vec::new());
    for id in ids {
        match found.remove(&id) {
            Some(spans) => data.push(jaeger::trace(&spans)),
            None => {
                errors.push(json!({"code": 404, "msg": "trace not found", "traceID": hex(&id)}));
            }
        }
    }
    let mut answer = answer(data);
    if !errors.is_empty() {
        answer["errors"] = errors.into();
    }
    Ok(answer)
}

async fn trace(
    State(traces): State<Traces>,
    id: std::result::Result<Path<String>, PathRejection>,
    scope: Option<Extension<Scope>>,
) -> Result<Json<Value>> {
    let (scope, id) = (scope_of(scope), text(id)?);
    let parsed = parameters::trace_id(&id)?;
    let spans = blocking(move || traces.trace(parsed, &scope)).await?;
    if spans.is_empty() {
        return Err(Error::NotFound);
    }
    Ok(answer(vec![jaeger::trace(&spans)]))
}

async fn dependencies(
    State(traces): State<Traces>,
    scope: Option<Extension<Scope>>,
    Parameters(pairs): Parameters<Vec<(String, String)>>,
) -> Result<Json<Value>> {
    let scope = scope_of(scope);
    let (from, to) = parameters::dependency_span(&pairs, now())?;
    let found = blocking(move || traces.dependencies(from, to, &scope)).await?;
    Ok(answer(found.into_iter().map(|dependency| json!(dependency)).collect()))
}

pub(crate) async fn no_route(uri: Uri) -> Response {
    let message = format!("{} is no route of the Jaeger query API that is served here", uri.path());
    (StatusCode::NOT_FOUND, failure(404, &message)).into_response()
}

pub(crate) async fn no_method(method: Method, uri: Uri) -> Response {
    let message = format!("{method} is not for {}; the query API only answers GET", uri.path());
    (StatusCode::METHOD_NOT_ALLOWED, failure(405, &message)).into_response()
}

pub(crate) fn answer(data: Vec<Value>) -> Json<Value> {
    Json(json!({"data": data, "total": data.len(), "limit": 0, "offset": 0, "errors": null}))
}

fn failure(code: u16, message: &str) -> Json<Value> {
    Json(
        json!({"data": null, "total": 0, "limit": 0, "offset": 0, "errors": [{"code": code, "msg": message}]}),
    )
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = match &self {
            Error::BadRequest(_) => StatusCode::BAD_REQUEST,
            Error::Forbidden(_) => StatusCode::FORBIDDEN,
            Error::NotFound => StatusCode::NOT_FOUND,
            Error::Behind | Error::NotWritten | Error::Closed => StatusCode::SERVICE_UNAVAILABLE,
            Error::Unreachable(_) => StatusCode::BAD_GATEWAY,
            Error::File { .. }
            | Error::Setting(_)
            | Error::Damaged { .. }
            | Error::Newer { .. }
            | Error::Legacy { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        };
        if status.is_server_error() {
            tracing::error!(error = &self as &dyn std::error::Error, "trace request failed");
        }
        (status, failure(status.as_u16(), &self.to_string())).into_response()
    }
}

/// The changing part of an address.
pub(crate) fn text(path: std::result::Result<Path<String>, PathRejection>) -> Result<String> {
    path.map(|Path(text)| text).map_err(|rejection| Error::BadRequest(rejection.body_text()))
}

/// The scope of a request: nothing when the binary inserted none.
pub(crate) fn scope_of(scope: Option<Extension<Scope>>) -> Scope {
    scope.map_or_else(Scope::nothing, |Extension(scope)| scope)
}

/// Queries read files, so they run where blocking is allowed.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Error::Closed)?
}
