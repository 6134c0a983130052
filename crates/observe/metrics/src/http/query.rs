//! `query` and `query_range`.

use std::time::Duration;

use axum::Json;
use axum::extract::{Extension, State};
use serde_json::Value;

use super::answer::answered;
use super::parameters::{Parameters, parse_duration};
use super::{Api, Turns, scope_of};
use crate::error::Result;
use crate::promql::{Answer, Data, Engine, Limits};
use crate::scope::{Scope, Scoped};

pub async fn instant(
    State(api): State<Api>,
    State(turns): State<Turns>,
    scope: Option<Extension<Scope>>,
    parameters: Parameters,
) -> Result<Json<Value>> {
    let (scope, limits) = (scope_of(scope), limits(&api, &parameters)?);
    let time = parameters.time_or_now("time")?;
    let query = parameters.needed("query")?.to_owned();
    let limit = parameters.number("limit")?;
    let answer = turns.take(limits.time, move |time_left| {
        let source = Scoped { source: &api.store, scope: &scope };
        let limits = Limits { time: time_left, ..limits };
        Engine { source: &source, limits }.instant(&query, time)
    });
    Ok(answered(limited(answer.await?, limit)))
}

pub async fn range(
    State(api): State<Api>,
    State(turns): State<Turns>,
    scope: Option<Extension<Scope>>,
    parameters: Parameters,
) -> Result<Json<Value>> {
    let (scope, limits) = (scope_of(scope), limits(&api, &parameters)?);
    let start = parameters.needed("start").and(parameters.time_or_now("start"))?;
    let end = parameters.needed("end").and(parameters.time_or_now("end"))?;
    let step = parse_duration("step", parameters.needed("step")?)?;
    let query = parameters.needed("query")?.to_owned();
    let limit = parameters.number("limit")?;
    let answer = turns.take(limits.time, move |time_left| {
        let source = Scoped { source: &api.store, scope: &scope };
        let limits = Limits { time: time_left, ..limits };
        Engine { source: &source, limits }.range(&query, start, end, step)
    });
    Ok(answered(limited(answer.await?, limit)))
}

fn limits(api: &Api, parameters: &Parameters) -> Result<Limits> {
    let mut limits = api.limits;
    let positive = |name: &str| -> Result<Option<Duration>> {
        let duration = parameters.get(name).map(|text| parse_duration(name, text)).transpose()?;
        Ok(duration
            .and_then(|milliseconds| u64::try_from(milliseconds).ok())
            .map(Duration::from_millis))
    };
    if let Some(timeout) = positive("timeout")? {
        limits.time = limits.time.min(timeout);
    }
    if let Some(lookback) = positive("lookback_delta")? {
        limits.lookback = lookback;
    }
    Ok(limits)
}

/// At most so many series, and a warning when there were more.
fn limited(mut answer: Answer, limit: Option<usize>) -> Answer {
    let Some(limit) = limit.filter(|limit| *limit > 0) else { return answer };
    let cut = match &mut answer.data {
        Data::Vector(vector) if vector.len() > limit => {
            vector.truncate(limit);
            true
        }
        Data::Matrix(matrix) if matrix.len() > limit => {
            matrix.truncate(limit);
            true
        }
        _ => false,
    };
    if cut {
        answer.annotations.warnings.insert("results truncated due to limit".into());
    }
    answer
}
