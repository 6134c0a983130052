//! What annotators do.

use axum::Json;
use serde::Deserialize;
use serde_json::{Value, json};

use super::extract::{Body, Desk, TaskNumber};
use super::now;
use crate::{Edit, Result, Turn};

pub(super) async fn next(desk: Desk) -> Result<Json<Value>> {
    let held = desk.work.next(&desk.scope.user, now()).await?;
    Ok(Json(json!({ "held": held })))
}

pub(super) async fn undo(desk: Desk) -> Result<Json<Value>> {
    let held = desk.work.undo(&desk.scope.user, now()).await?;
    Ok(Json(json!({ "held": held })))
}

pub(super) async fn draft(
    desk: Desk,
    TaskNumber(task): TaskNumber,
    Body(edit): Body<Edit>,
) -> Result<Json<Turn>> {
    desk.work.draft(&desk.scope.user, task, &edit, now()).await.map(Json)
}

pub(super) async fn submit(
    desk: Desk,
    TaskNumber(task): TaskNumber,
    Body(edit): Body<Edit>,
) -> Result<Json<Turn>> {
    desk.work.submit(&desk.scope.user, task, &edit, now()).await.map(Json)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Skip {
    reason: String,
}

pub(super) async fn skip(
    desk: Desk,
    TaskNumber(task): TaskNumber,
    Body(skip): Body<Skip>,
) -> Result<Json<Turn>> {
    desk.work.skip(&desk.scope.user, task, &skip.reason, now()).await.map(Json)
}
