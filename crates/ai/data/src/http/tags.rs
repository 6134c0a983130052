//! Tags and descriptions of versions.

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::routing::{get, patch, put};
use axum::{Json, Router};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{OfDataset, OfVersion, body};
use crate::Data;
use crate::error::Result;
use crate::scope::{Editor, Scope};

pub(super) fn router() -> Router<Data> {
    Router::new()
        .route("/datasets/{dataset}/tags", get(list))
        .route("/datasets/{dataset}/tags/{tag}", put(set).delete(remove))
        .route("/datasets/{dataset}/versions/{version}", patch(describe))
}

#[derive(Deserialize)]
struct OfTag {
    dataset: String,
    tag: String,
}

async fn list(
    State(data): State<Data>,
    scope: Scope,
    Path(of): Path<OfDataset>,
) -> Result<Json<Value>> {
    Ok(Json(json!({ "tags": data.tags(&scope.project, &of.dataset).await? })))
}

#[derive(Deserialize)]
struct On {
    version: String,
}

async fn set(
    State(data): State<Data>,
    Editor(scope): Editor,
    Path(of): Path<OfTag>,
    asked: Result<Json<On>, JsonRejection>,
) -> Result<Json<Value>> {
    let On { version } = body(asked)?;
    Ok(Json(json!(data.tag(&scope.project, &of.dataset, &of.tag, &version).await?)))
}

async fn remove(
    State(data): State<Data>,
    Editor(scope): Editor,
    Path(of): Path<OfTag>,
) -> Result<StatusCode> {
    data.untag(&scope.project, &of.dataset, &of.tag).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    description: String,
}

async fn describe(
    State(data): State<Data>,
    Editor(scope): Editor,
    Path(of): Path<OfVersion>,
    asked: Result<Json<Said>, JsonRejection>,
) -> Result<Json<Value>> {
    let Said { description } = body(asked)?;
    let version = data.describe(&scope.project, &of.dataset, &of.version, description).await?;
    Ok(Json(json!({ "version": version })))
}
