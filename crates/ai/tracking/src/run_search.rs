//! Searching runs over experiments.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Tracking;
use crate::entity::{Page, stages};
use crate::error::Result;
use crate::experiments::number;
use crate::input::{Input, int, texts};
use crate::run_data::{COLUMNS, Run, RunInfo, complete};
use crate::scope::Scope;
use crate::search::{Entity, Filter, Kind, Table, order};
use crate::statement::Statement;

#[derive(Deserialize)]
pub(crate) struct Search {
    #[serde(default, deserialize_with = "texts")]
    experiment_ids: Vec<String>,
    filter: Option<String>,
    run_view_type: Option<Value>,
    #[serde(default, deserialize_with = "int")]
    max_results: Option<i64>,
    #[serde(default, deserialize_with = "texts")]
    order_by: Vec<String>,
    page_token: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Found {
    runs: Vec<Run>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

const ENTITY: Entity = Entity {
    attributes: &[
        (&["run_id"], "r.run_id", Kind::Text),
        (&["run_name", "run name", "Run name", "Run Name"], "r.name", Kind::Text),
        (&["status"], "r.status", Kind::Text),
        (&["user_id"], "r.user_id", Kind::Text),
        (&["artifact_uri"], "r.artifact_uri", Kind::Text),
        (&["start_time", "created", "Created"], "r.start_time", Kind::Number),
        (&["end_time"], "r.end_time", Kind::Number),
        (&["experiment_id"], "r.experiment_id", Kind::Number),
    ],
    tags: Some(Table { name: "ml_run_tags", on: "t.run = r.seq" }),
    params: Some(Table { name: "ml_run_params", on: "t.run = r.seq" }),
    metrics: Some(Table { name: "ml_latest", on: "t.run = r.seq" }),
    datasets: Some(Table { name: "ml_run_datasets", on: "t.run = r.seq" }),
};

pub(crate) async fn search(
    State(tracking): State<Tracking>,
    scope: Scope,
    Input(request): Input<Search>,
) -> Result<Json<Found>> {
    let page = Page::new(request.page_token.as_deref(), request.max_results, 1000, 50_000)?;
    let filter = Filter::parse(request.filter.as_deref())?;
    // An experiment that is not there has no runs.
    let experiments: Vec<i64> =
        request.experiment_ids.iter().filter_map(|id| number(id).ok()).collect();
    if experiments.is_empty() {
        return Ok(Json(Found { runs: Vec::new(), next_page_token: None }));
    }
    if experiments.len() > 10_000 {
        return Err(crate::Error::invalid("'experiment_ids' has more than 10000 entries"));
    }
    let mut select = Statement::new(format!("SELECT {COLUMNS} FROM ml_runs r WHERE r.project = "));
    select.bind(&scope.project).push(" AND r.experiment_id IN ").bind_list(experiments);
    let stages = stages(request.run_view_type.as_ref())?;
    select.push(" AND r.lifecycle_stage IN ").bind_list(stages.iter().copied());
    filter.compile(&ENTITY, &mut select)?;
    let dialect = tracking.database().dialect();
    order(&ENTITY, &request.order_by, "r.start_time DESC, r.run_id", dialect, &mut select)?;
    select.push(" LIMIT ").bind(page.limit + 1).push(" OFFSET ").bind(page.offset);
    let rows = select.all(tracking.database().read()).await?;
    let mut infos =
        rows.iter().map(|row| RunInfo::read(row, &tracking, &scope)).collect::<Result<Vec<_>>>()?;
    let next = page.cut(&mut infos);
    let runs = complete(&tracking, infos).await?;
    Ok(Json(Found { runs, next_page_token: next }))
}
