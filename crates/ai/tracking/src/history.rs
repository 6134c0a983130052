//! The points of a metric over time: of one run whole, of several runs, or
//! thinned out for a chart.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use sqlx::Row;

use crate::entity::Page;
use crate::error::Result;
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

/// Points on the wire.
#[derive(Serialize)]
pub(crate) struct Points {
    metrics: Vec<Metric>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

impl From<Vec<Metric>> for Points {
    fn from(metrics: Vec<Metric>) -> Points {
        Points { metrics, next_page_token: None }
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

/// The last point of a page. The next one begins after it, and costs the same however many
/// points were before.
struct Last {
    step: i64,
    timestamp: i64,
    value: f64,
    nan: i64,
}

impl Last {
    fn of(metric: &Metric) -> Last {
        let (value, nan) = metric.stored_value();
        Last { step: metric.step, timestamp: metric.timestamp, value, nan }
    }

    fn token(&self) -> String {
        let Last { step, timestamp, value, nan } = self;
        format!("{step}:{timestamp}:{:x}:{nan}", value.to_bits())
    }

    fn parse(token: &str) -> Option<Last> {
        let mut parts = token.split(':');
        let last = Last {
            step: parts.next()?.parse().ok()?,
            timestamp: parts.next()?.parse().ok()?,
            value: f64::from_bits(u64::from_str_radix(parts.next()?, 16).ok()?),
            nan: parts.next()?.parse().ok()?,
        };
        (parts.next().is_none() && !last.value.is_nan()).then_some(last)
    }
}

pub(crate) async fn one(
    State(tracking): State<Tracking>,
    scope: Scope,
    Input(request): Input<AskOne>,
) -> Result<Json<Points>> {
    let run_id = request.run_id.or(request.run_uuid).required("run_id")?;
    let key = request.metric_key.required("metric_key")?;
    let limit = Page::new(None, request.max_results, POINTS, MOST_POINTS)?.limit;
    let run = seq_of(&tracking, &scope, &run_id).await?;
    let mut select = Statement::new(format!("SELECT {COLUMNS} FROM ml_points WHERE run = "));
    select.bind(run).push(" AND key = ").bind(&key);
    if let Some(token) = request.page_token.filter(|token| !token.is_empty()) {
        let last = Last::parse(&token).ok_or_else(Page::bad_token)?;
        select.push(" AND (step, timestamp, key, value, nan) > (").bind(last.step);
        select.push(", ").bind(last.timestamp).push(", ").bind(&key);
        select.push(", ").bind(last.value).push(", ").bind(last.nan).push(")");
    }
    select.push(" ORDER BY run, step, timestamp, key, value, nan LIMIT ").bind(limit + 1);
    let rows = select.all(tracking.database().read()).await?;
    let mut metrics = rows.iter().map(|row| Metric::read(row, 0)).collect::<Result<Vec<_>>>()?;
    let more = metrics.len() as i64 > limit;
    metrics.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let last = metrics.last().filter(|_| more);
    let next_page_token = last.map(|metric| Last::of(metric).token());
    Ok(Json(Points { metrics, next_page_token }))
}

pub(crate) async fn bulk(
    State(tracking): State<Tracking>,
    scope: Scope,
    Input(request): Input<Ask>,
) -> Result<Json<Points>> {
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
    Ok(Json(metrics.into()))
}

/// Every n-th point, and always the last, so that at most about `max_results`
/// per run come back and a chart keeps its shape.
pub(crate) async fn interval(
    State(tracking): State<Tracking>,
    scope: Scope,
    Input(request): Input<Ask>,
) -> Result<Json<Points>> {
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
    Ok(Json(metrics.into()))
}
