//! Removing old versions by a rule: `POST …/retention/plan`, then `…/apply`.

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{OfDataset, body};
use crate::Data;
use crate::error::Result;
use crate::retention::Rule;
use crate::scope::Editor;

pub(super) fn router() -> Router<Data> {
    Router::new()
        .route("/datasets/{dataset}/retention/plan", post(plan))
        .route("/datasets/{dataset}/retention/apply", post(apply))
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
