//! Removing old versions by a rule: `POST …/retention/plan`, then `…/apply`, or
//! `PUT …/retention` for a rule that stays.

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{OfDataset, body};
use crate::Data;
use crate::error::Result;
use crate::retention::Rule;
use crate::scope::{Editor, Scope};

pub(super) fn router() -> Router<Data> {
    Router::new()
        .route("/datasets/{dataset}/retention", get(show).put(set).delete(end))
        .route("/datasets/{dataset}/retention/plan", post(plan))
        .route("/datasets/{dataset}/retention/apply", post(apply))
}

async fn show(
    State(data): State<Data>,
    scope: Scope,
    Path(of): Path<OfDataset>,
) -> Result<Json<Value>> {
    Ok(Json(json!({ "standing": data.standing(&scope.project, &of.dataset).await? })))
}

async fn set(
    State(data): State<Data>,
    Editor(scope): Editor,
    Path(of): Path<OfDataset>,
    asked: Result<Json<Apply>, JsonRejection>,
) -> Result<Json<Value>> {
    let Apply { rule, plan } = body(asked)?;
    let removed = data.set_standing(&scope, &of.dataset, rule, &plan).await?;
    Ok(Json(json!({ "removed": removed })))
}

async fn end(
    State(data): State<Data>,
    Editor(scope): Editor,
    Path(of): Path<OfDataset>,
) -> Result<StatusCode> {
    data.end_standing(&scope.project, &of.dataset).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn plan(
    State(data): State<Data>,
    Editor(scope): Editor,
    Path(of): Path<OfDataset>,
    asked: Result<Json<Rule>, JsonRejection>,
) -> Result<Json<Value>> {
    let rule = body(asked)?;
    Ok(Json(json!(data.plan_retention(&scope.project, &of.dataset, rule).await?)))
}

#[derive(Deserialize)]
struct Apply {
    rule: Rule,
    plan: String,
}

async fn apply(
    State(data): State<Data>,
    Editor(scope): Editor,
    Path(of): Path<OfDataset>,
    asked: Result<Json<Apply>, JsonRejection>,
) -> Result<Json<Value>> {
    let Apply { rule, plan } = body(asked)?;
    let removed = data.apply_retention(&scope.project, &of.dataset, rule, &plan).await?;
    Ok(Json(json!({ "removed": removed })))
}
