//! How the server runs, in the shapes that Grafana and promtool read. Of the store it
//! tells what the caller may see.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::{Extension, State};
use serde_json::{Value, json};

use super::answer::success;
use super::parameters::Parameters;
use super::{Api, blocking, scope_of};
use crate::error::Result;
use crate::labels::{Labels, NAME};
use crate::scope::Scope;
use crate::store::now;

/// The entries of each list, unless the caller says otherwise; and the most.
const TOP: usize = 10;
const MOST: usize = 10_000;
/// What is in memory is of the last hours.
const RECENT: i64 = 3 * 3_600_000;

pub async fn healthy() -> &'static str {
    "dais's metrics are healthy.\n"
}

pub async fn ready() -> &'static str {
    "dais's metrics are ready.\n"
}

/// There is no configuration file.
pub async fn config() -> Json<Value> {
    success(json!({"yaml": ""}))
}

pub async fn flags(State(api): State<Api>) -> Json<Value> {
    let config = api.store.config();
    success(json!({
        "query.lookback-delta": seconds(api.limits.lookback),
        "query.max-samples": api.limits.samples.to_string(),
        "query.timeout": seconds(api.limits.time),
        "storage.tsdb.retention.size": format!("{}B", config.keep_bytes),
        "storage.tsdb.retention.time": seconds(config.keep),
    }))
}

pub async fn info(State(api): State<Api>) -> Json<Value> {
    let config = api.store.config();
    let started = jiff::Timestamp::from_millisecond(api.store.opened_at());
    let started = started.map(|time| time.to_string()).unwrap_or_default();
    success(json!({
        "startTime": started,
        "CWD": "",
        "reloadConfigSuccess": true,
        "lastConfigTime": started,
        "corruptionCount": 0,
        "goroutineCount": 0,
        "GOMAXPROCS": std::thread::available_parallelism().map_or(1, usize::from),
        "GOMEMLIMIT": 0,
        "GOGC": "",
        "GODEBUG": "",
        "storageRetention": format!("{} or {}B", seconds(config.keep), config.keep_bytes),
    }))
}

/// The log is read before the first request.
pub async fn replay() -> Json<Value> {
    success(json!({"min": 0, "max": 0, "current": 0}))
}

/// What takes the most: metrics by series, labels by values and bytes, pairs by series.
pub async fn store(
    State(api): State<Api>,
    scope: Option<Extension<Scope>>,
    parameters: Parameters,
) -> Result<Json<Value>> {
    let scope = scope_of(scope);
    let limit = parameters.number("limit")?.unwrap_or(TOP).clamp(1, MOST);
    let (from, to) = (now() - RECENT, now());
    let series = blocking(move || api.store.label_sets(&scope.matchers(), from, to)).await?;
    Ok(success(statistics(&series, limit, from, to)))
}

fn statistics(series: &BTreeSet<Labels>, limit: usize, from: i64, to: i64) -> Value {
    let mut by_metric: BTreeMap<&str, usize> = BTreeMap::new();
    let mut by_pair: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for labels in series {
        *by_metric.entry(labels.get(NAME)).or_default() += 1;
        labels.iter().for_each(|pair| *by_pair.entry(pair).or_default() += 1);
    }
    let mut values: BTreeMap<&str, usize> = BTreeMap::new();
    let mut bytes: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, value) in by_pair.keys() {
        *values.entry(name).or_default() += 1;
        *bytes.entry(name).or_default() += value.len();
    }
    let pairs = by_pair.iter().map(|((name, value), count)| (format!("{name}={value}"), *count));
    json!({
        "headStats": {
            "numSeries": series.len(),
            "numLabelPairs": by_pair.len(),
            "chunkCount": 0,
            "minTime": from,
            "maxTime": to,
        },
        "seriesCountByMetricName": top(named(by_metric), limit),
        "labelValueCountByLabelName": top(named(values), limit),
        "memoryInBytesByLabelName": top(named(bytes), limit),
        "seriesCountByLabelValuePair": top(pairs.collect(), limit),
    })
}

fn named(counts: BTreeMap<&str, usize>) -> Vec<(String, usize)> {
    counts.into_iter().map(|(name, count)| (name.to_owned(), count)).collect()
}

fn top(mut counts: Vec<(String, usize)>, limit: usize) -> Vec<Value> {
    counts.sort_by_key(|(_, count)| Reverse(*count));
    let most = counts.into_iter().take(limit);
    most.map(|(name, count)| json!({"name": name, "value": count})).collect()
}

fn seconds(duration: std::time::Duration) -> String {
    format!("{}s", duration.as_secs())
}
