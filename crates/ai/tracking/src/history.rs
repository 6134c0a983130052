//! The points of a metric over time: of one run whole, of several runs, or
//! thinned out for a chart.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::Row;

use crate::entity::Page;
use crate::error::Result;
use crate::experiments::with_next;
use crate::input::{Input, Required, int, texts};
use crate::metric::{COLUMNS, Metric};
use crate::scope::Scope;
use crate::statement::Statement;
use crate::{Error, Tracking, runs};

/// MLflow's own page size for clients that name none.
const POINTS: i64 = 25_000;
const MOST_POINTS: i64 = 1_000_000;
const MOST_RUNS: usize = 100;

#[derive(Deserialize)]
pub(crate) struct Ask {
    #[serde(default, deserialize_with = "texts", alias = "run_ids", alias = "run_uuid")]
    run_id: Vec<String>,
    metric_key: Option<String>,
    #[serde(default, deserialize_with = "int")]
    max_results: Option<i64>,
    #[serde(default, deserialize_with = "int")]
    start_step: Option<i64>,
    #[serde(default, deserialize_with = "int")]
    end_step: Option<i64>,
}

async fn seq_of(tracking: &Tracking, scope: &Scope, run_id: &str) -> Result<i64> {
    Ok(runs::find(tracking.database().read(), scope, run_id).await?.try_get(0)?)
}

fn some_runs(runs: &[String]) -> Result<()> {
    match runs.len() {
        0 => Err(Error::missing("run_id")),
        1..=MOST_RUNS => Ok(()),
        more => Err(Error::invalid(format!(
            "'run_id' is given {more} times, at most {MOST_RUNS} are allowed"
        ))),
    }
}

/// The protocol sends the run's id both as `run_id` and as `run_uuid`, the old name.
#[derive(Deserialize)]
pub(crate) struct AskOne {
    run_id: Option<String>,
    run_uuid: Option<String>,
    metric_key: Option<String>,
    page_token: Option<String>,
    #[serde(default, deserialize_with = "int")]
    max_results: Option<i64>,
}

pub(crate) async fn one(
    State(tracking): State<Tracking>,
    scope: Scope,
    Input(request): Input<AskOne>,
) -> Result<Json<Value>> {
    let run_id = request.run_id.or(request.run_uuid).required("run_id")?;
    let key = request.metric_key.required("metric_key")?;
    let page = Page::new(request.page_token.as_deref(), request.max_results, POINTS, MOST_POINTS)?;
    let run = seq_of(&tracking, &scope, &run_id).await?;
    let mut select = Statement::new(format!("SELECT {COLUMNS} FROM ml_points WHERE run = "));
    select
        .bind(run)
        .push(" AND key = ")
        .bind(&key)
        .push(" ORDER BY run, step, timestamp, key, value, nan");
    select.push(" LIMIT ").bind(page.limit + 1).push(" OFFSET ").bind(page.offset);
    let rows = select.all(tracking.database().read()).await?;
    let mut metrics = rows.iter().map(|row| Metric::read(row, 0)).collect::<Result<Vec<_>>>()?;
    let next = page.cut(&mut metrics);
    Ok(Json(with_next(json!({ "metrics": metrics }), next)))
}

pub(crate) async fn bulk(
    State(tracking): State<Tracking>,
    scope: Scope,
    Input(request): Input<Ask>,
) -> Result<Json<Value>> {
    some_runs(&request.run_id)?;
    let key = request.metric_key.required("metric_key")?;
    let page = Page::new(None, request.max_results, POINTS, MOST_POINTS)?;
    let mut metrics = Vec::new();
    for run_id in &request.run_id {
        let run = seq_of(&tracking, &scope, run_id).await?;
        let left = page.limit - metrics.len() as i64;
        let mut select = Statement::new(format!("SELECT {COLUMNS} FROM ml_points WHERE run = "));
        select
            .bind(run)
            .push(" AND key = ")
            .bind(&key)
            .push(" ORDER BY run, step, timestamp, key, value, nan");
        select.push(" LIMIT ").bind(left);
        for row in select.all(tracking.database().read()).await? {
            metrics.push(Metric { run_id: Some(run_id.clone()), ..Metric::read(&row, 0)? });
        }
    }
    Ok(Json(json!({ "metrics": metrics })))
}

/// Every n-th point, and always the last, so that at most about `max_results`
/// per run come back and a chart keeps its shape.
pub(crate) async fn interval(
    State(tracking): State<Tracking>,
    scope: Scope,
    Input(request): Input<Ask>,
) -> Result<Json<Value>> {
    some_runs(&request.run_id)?;
    let key = request.metric_key.required("metric_key")?;
    let most = Page::new(None, request.max_results, 2500, MOST_POINTS)?.limit;
    let (from, to) = (request.start_step.unwrap_or(i64::MIN), request.end_step.unwrap_or(i64::MAX));
    let mut metrics = Vec::new();
    for run_id in &request.run_id {
        let run = seq_of(&tracking, &scope, run_id).await?;
        let mut select = Statement::new(format!(
            "SELECT {COLUMNS} FROM (SELECT {COLUMNS}, ROW_NUMBER() OVER (ORDER BY step, timestamp, value, nan) AS n, \
             COUNT(*) OVER () AS total FROM ml_points WHERE run = "
        ));
        select
            .bind(run)
            .push(" AND key = ")
            .bind(&key)
            .push(" AND step >= ")
            .bind(from)
            .push(" AND step <= ")
            .bind(to);
        select.push(") p WHERE (n - 1) % ((total + ").bind(most).push(" - 1) / ").bind(most);
        select.push(") = 0 OR n = total ORDER BY n");
        for row in select.all(tracking.database().read()).await? {
            metrics.push(Metric { run_id: Some(run_id.clone()), ..Metric::read(&row, 0)? });
        }
    }
    Ok(Json(json!({ "metrics": metrics })))
}
