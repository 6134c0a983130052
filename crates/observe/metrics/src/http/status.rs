//! What the server tells about itself: metadata of metrics, targets, its build.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Extension, State};
use serde_json::{Map, Value, json};

use super::answer::success;
use super::parameters::Parameters;
use super::{Api, blocking, scope_of};
use crate::error::Result;
use crate::labels::NAME;
use crate::scope::Scope;
use crate::scrape::Health;

/// Suffixes that the samples of one metric add to its name.
const SUFFIXES: [&str; 4] = ["_total", "_bucket", "_sum", "_count"];

/// Kind, help and unit by name, of metrics that the caller can see a series of.
pub async fn metadata(
    State(api): State<Api>,
    scope: Option<Extension<Scope>>,
    parameters: Parameters,
) -> Result<Json<Value>> {
    let scope = scope_of(scope);
    let limit = parameters.number("limit")?.filter(|limit| *limit > 0).unwrap_or(usize::MAX);
    // One entry is held of each metric, whatever the limit.
    parameters.number("limit_per_metric")?;
    let wanted = parameters.get("metric");
    let all = api.metadata.all();
    let visible: Option<BTreeSet<String>> = match scope.namespaces {
        None => None,
        Some(_) => Some(blocking(move || names(&api, &scope)).await?),
    };
    let is_wanted = |name: &str| {
        let is_named = wanted.is_none_or(|wanted| wanted == name);
        let is_visible = visible.as_ref().is_none_or(|visible| {
            visible.contains(name)
                || SUFFIXES.iter().any(|suffix| visible.contains(&format!("{name}{suffix}")))
        });
        is_named && is_visible
    };
    let entries =
        all.into_iter().filter(|(name, _)| is_wanted(name)).take(limit).map(|(name, about)| {
            let kind = if about.kind.is_empty() { "unknown" } else { &about.kind };
            (name, json!([{"type": kind, "help": about.help, "unit": about.unit}]))
        });
    Ok(success(Value::Object(entries.collect::<Map<_, _>>())))
}

fn names(api: &Api, scope: &Scope) -> Result<BTreeSet<String>> {
    let found = api.store.label_sets(&scope.matchers(), i64::MIN, i64::MAX)?;
    Ok(found.into_iter().map(|labels| labels.get(NAME).to_owned()).collect())
}

pub async fn targets(State(api): State<Api>, scope: Option<Extension<Scope>>) -> Json<Value> {
    let scope = scope_of(scope);
    let is_visible = |health: &Health| {
        let namespace = health.labels.iter().find(|(name, _)| name == "namespace");
        scope.allows(namespace.map_or("", |(_, namespace)| namespace))
    };
    let active: Vec<Value> =
        api.targets.health().iter().filter(|health| is_visible(health)).map(render).collect();
    success(json!({"activeTargets": active, "droppedTargets": [], "droppedTargetCounts": {}}))
}

fn render(health: &Health) -> Value {
    let mut labels: Map<String, Value> =
        health.labels.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    labels.insert("job".into(), health.job.as_str().into());
    labels.insert("instance".into(), health.instance.as_str().into());
    let last = health.last_scrape.and_then(|time| jiff::Timestamp::from_millisecond(time).ok());
    json!({
        "discoveredLabels": health.discovered,
        "labels": labels,
        "scrapePool": health.job,
        "scrapeUrl": health.url,
        "globalUrl": health.url,
        "lastError": health.error.clone().unwrap_or_default(),
        "lastScrape": last.map(|time| time.to_string()),
        "lastScrapeDuration": health.duration.as_secs_f64(),
        "health": if health.error.is_none() { "up" } else { "down" },
        "scrapeInterval": format!("{}s", health.interval.as_secs_f64()),
        "scrapeTimeout": format!("{}s", health.interval.as_secs_f64().min(10.0)),
    })
}

/// Clients ask for the version to know which functions there are: ours are those of Prometheus 3.
pub async fn build() -> Json<Value> {
    success(json!({
        "application": "dais",
        "version": "3.0.0",
        "revision": env!("CARGO_PKG_VERSION"),
        "branch": "", "buildUser": "", "buildDate": "", "goVersion": "",
    }))
}
