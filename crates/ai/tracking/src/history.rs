//! The points of a metric over time: of one run whole, of several runs, or
//! thinned out for a chart.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use serde::{Deserialize, Serialize};
use sqlx::Row;

use crate::cells::Cells;
use crate::entity::Page;
use crate::error::Result;
use crate::input::{Input, Required, int, texts};
use crate::metric::{COLUMNS, Metric, special_as_text};
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
}

impl From<Vec<Metric>> for Points {
    fn from(metrics: Vec<Metric>) -> Points {
        Points { metrics }
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

/// A point of a known key. The last of a page is the next one's token: that page begins
/// after it, and costs the same however many points were before.
struct Point {
    step: i64,
    timestamp: i64,
    value: f64,
    nan: i64,
}

/// The columns that [`Point::read`] reads.
const POINT: &str = "step, timestamp, value, nan";

/// Bytes of a point on the wire, but for its key.
const ROOM: usize = 80;

impl Point {
    fn read(row: &dyn Cells) -> Result<Point> {
        Ok(Point {
            step: row.int(0)?,
            timestamp: row.int(1)?,
            value: row.real(2)?,
            nan: row.int(3)?,
        })
    }

    fn token(&self) -> String {
        let Point { step, timestamp, value, nan } = self;
        format!("{step}:{timestamp}:{:x}:{nan}", value.to_bits())
    }

    fn parse(token: &str) -> Option<Point> {
        let mut parts = token.split(':');
        let last = Point {
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
) -> Result<Response> {
    let run_id = request.run_id.or(request.run_uuid).required("run_id")?;
    let key = request.metric_key.required("metric_key")?;
    let limit = Page::new(None, request.max_results, POINTS, MOST_POINTS)?.limit;
    let run = seq_of(&tracking, &scope, &run_id).await?;
    let mut select = Statement::new(format!("SELECT {POINT} FROM ml_points WHERE run = "));
    select.bind(run).push(" AND key = ").bind(&key);
    if let Some(token) = request.page_token.filter(|token| !token.is_empty()) {
        let last = Point::parse(&token).ok_or_else(Page::bad_token)?;
        select.push(" AND (step, timestamp, key, value, nan) > (").bind(last.step);
        select.push(", ").bind(last.timestamp).push(", ").bind(&key);
        select.push(", ").bind(last.value).push(", ").bind(last.nan).push(")");
    }
    select.push(" ORDER BY run, step, timestamp, key, value, nan LIMIT ").bind(limit + 1);
    let mut points = tracking.database().rows(select, Point::read).await?;
    let more = points.len() as i64 > limit;
    points.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let token = points.last().filter(|_| more).map(Point::token);
    let page = page(&key, &points, token.as_deref()).map_err(unwritable)?;
    Ok(([(CONTENT_TYPE, "application/json")], page).into_response())
}

fn unwritable(error: serde_json::Error) -> Error {
    Error::invalid(format!("the points cannot be written as JSON: {error}"))
}

/// What [`Points`] would be, of points that all have one key.
fn page(key: &str, points: &[Point], token: Option<&str>) -> serde_json::Result<Vec<u8>> {
    let key = serde_json::to_string(key)?;
    let mut text = Vec::with_capacity(points.len() * (key.len() + ROOM) + ROOM);
    text.extend_from_slice(b"{\"metrics\":[");
    for (index, point) in points.iter().enumerate() {
        text.extend_from_slice(if index > 0 { b",{\"key\":" } else { b"{\"key\":" });
        text.extend_from_slice(key.as_bytes());
        text.extend_from_slice(b",\"value\":");
        let value = if point.nan == 1 { f64::NAN } else { point.value };
        special_as_text(&value, &mut serde_json::Serializer::new(&mut text))?;
        text.extend_from_slice(b",\"timestamp\":");
        serde_json::to_writer(&mut text, &point.timestamp)?;
        text.extend_from_slice(b",\"step\":");
        serde_json::to_writer(&mut text, &point.step)?;
        text.push(b'}');
    }
    text.push(b']');
    if let Some(token) = token {
        text.extend_from_slice(b",\"next_page_token\":");
        serde_json::to_writer(&mut text, token)?;
    }
    text.push(b'}');
    Ok(text)
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
        let found = tracking.database().rows(select, |row| Metric::read(row, 0)).await?;
        let named = |metric| Metric { run_id: Some(run_id.clone()), ..metric };
        metrics.extend(found.into_iter().map(named));
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
        let found = tracking.database().rows(select, |row| Metric::read(row, 0)).await?;
        let named = |metric| Metric { run_id: Some(run_id.clone()), ..metric };
        metrics.extend(found.into_iter().map(named));
    }
    Ok(Json(metrics.into()))
}
