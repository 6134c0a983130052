//! What there is to see.

use axum::Json;
use serde::Deserialize;

use super::extract::{Asked, Desk, TaskNumber};
use crate::config::shown;
use crate::listing::{Filter, MOST_LISTED, Page, Whole};
use crate::scope::May;
use crate::{Error, Progress, Result, Spec, Task, TaskState};

const LISTED: u32 = 100;

pub(super) async fn spec(desk: Desk) -> Result<Json<Spec>> {
    desk.work.spec().await.map(Json)
}

pub(super) async fn progress(desk: Desk) -> Result<Json<Progress>> {
    let mut progress = desk.work.progress().await?;
    if desk.scope.may < May::Review {
        progress.turns.retain(|annotator, _| *annotator == desk.scope.user);
        progress.gold = 0;
    }
    Ok(Json(progress))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Asking {
    state: Option<String>,
    annotator: Option<String>,
    label: Option<String>,
    agreement_below: Option<f64>,
    after: Option<i64>,
    limit: Option<u32>,
}

/// How many items a page has.
pub(super) fn limit(asked: Option<u32>) -> Result<u32> {
    match asked.unwrap_or(LISTED) {
        limit @ 1..=MOST_LISTED => Ok(limit),
        other => Err(Error::invalid(
            "limit",
            format!("is {other}"),
            format!("ask for 1 to {MOST_LISTED}"),
        )),
    }
}

pub(super) async fn tasks(desk: Desk, Asked(asked): Asked<Asking>) -> Result<Json<Page<Task>>> {
    let limit = limit(asked.limit)?;
    let state = asked.state.map(|word| {
        TaskState::parse(&word).ok_or_else(|| {
            let hint = "ask for todo, started, answered or reviewed";
            Error::invalid("state", format!("'{}' is none", shown(&word)), hint)
        })
    });
    let mut filter = Filter {
        state: state.transpose()?,
        annotator: asked.annotator,
        label: asked.label,
        agreement_below: asked.agreement_below,
    };
    let own = desk.scope.may < May::Review;
    if own {
        // What others answered would show in which tasks are left.
        if filter.label.is_some() || filter.agreement_below.is_some() {
            desk.scope.must(May::Review, "look for others' answers")?;
        }
        filter.annotator = Some(desk.scope.user.clone());
    }
    let mut page = desk.work.tasks(&filter, asked.after.unwrap_or(0), limit).await?;
    if own {
        page.items = page.items.into_iter().map(Task::for_annotators).collect();
    }
    Ok(Json(page))
}

pub(super) async fn task(desk: Desk, TaskNumber(task): TaskNumber) -> Result<Json<Whole>> {
    desk.work.task_for(&desk.scope, task).await.map(Json)
}
