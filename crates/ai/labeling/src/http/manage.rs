//! What reviewers and managers do.

use axum::Json;
use serde::Deserialize;
use serde_json::{Value, json};

use super::extract::{Asked, Body, Desk, TaskNumber};
use super::list::limit;
use super::now;
use crate::config::shown;
use crate::listing::{Answered, Page};
use crate::scope::May;
use crate::{Assigned, Error, Predicted, Result, Reviewed, Statistics, Turn};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asking {
    after: Option<String>,
    limit: Option<u32>,
}

pub(super) async fn to_review(
    desk: Desk,
    Asked(asked): Asked<Asking>,
) -> Result<Json<Page<Answered>>> {
    desk.scope.must(May::Review, "review answers")?;
    let after = asked.after.as_deref().map(|after| {
        let parts = after.split_once(':');
        let read = parts.and_then(|(task, who)| Some((task.parse().ok()?, who)));
        read.ok_or_else(|| {
            let hint = "take `next` of the page before";
            Error::invalid("after", format!("'{}' is no place", shown(after)), hint)
        })
    });
    let (after, limit) = (after.transpose()?, limit(asked.limit)?);
    desk.work.to_review(desk.scope.reviewer(), after, limit).await.map(Json)
}

pub(super) async fn review(
    desk: Desk,
    TaskNumber(task): TaskNumber,
    Body(reviewed): Body<Reviewed>,
) -> Result<Json<Turn>> {
    desk.scope.must(May::Review, "review answers")?;
    desk.work.review(desk.scope.reviewer(), task, &reviewed, now()).await.map(Json)
}

pub(super) async fn statistics(desk: Desk) -> Result<Json<Statistics>> {
    desk.scope.must(May::Review, "see everybody's figures")?;
    desk.work.statistics().await.map(Json)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Assign {
    annotator: String,
    #[serde(default)]
    tasks: Vec<i64>,
    /// So many of the queue, in place of `tasks`.
    next: Option<usize>,
}

pub(super) async fn assign(desk: Desk, Body(assign): Body<Assign>) -> Result<Json<Assigned>> {
    desk.scope.must(May::Manage, "assign tasks")?;
    let Assign { annotator, tasks, next } = assign;
    let user = &desk.scope.user;
    match next {
        None => desk.work.assign(user, &annotator, &tasks, now()).await,
        Some(count) if tasks.is_empty() => {
            desk.work.assign_next(user, &annotator, count, now()).await
        }
        Some(_) => Err(Error::invalid("next", "stands beside tasks", "send one of the two")),
    }
    .map(Json)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Release {
    annotator: String,
}

pub(super) async fn release(desk: Desk, Body(release): Body<Release>) -> Result<Json<Value>> {
    desk.scope.must(May::Manage, "take tasks back")?;
    let released = desk.work.release(&desk.scope.user, &release.annotator, now()).await?;
    Ok(Json(json!({ "released": released })))
}

pub(super) async fn predictions(desk: Desk) -> Result<Json<Predicted>> {
    desk.scope.must(May::Review, "see how far a model is")?;
    desk.work.predicted().await.map(Json)
}

pub(super) async fn predict_again(desk: Desk) -> Result<Json<Value>> {
    desk.scope.must(May::Manage, "have a model asked")?;
    let again = desk.work.predict_again(&desk.scope.user, now()).await?;
    Ok(Json(json!({ "again": again })))
}
