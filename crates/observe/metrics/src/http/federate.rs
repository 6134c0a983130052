//! The newest sample of each matching series as text, for another Prometheus to scrape.

use std::collections::BTreeMap;
use std::fmt::Write;

use axum::extract::{Extension, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use promql_parser::label::Matcher;

use super::parameters::Parameters;
use super::{Api, Turns, scope_of};
use crate::error::{Error, Result};
use crate::labels::{Labels, NAME};
use crate::promql::{Source, format_number};
use crate::sample::{Sample, is_marker};
use crate::scope::{Scope, Scoped};
use crate::store::now;

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

pub async fn federate(
    State(api): State<Api>,
    State(turns): State<Turns>,
    scope: Option<Extension<Scope>>,
    parameters: Parameters,
) -> Result<Response> {
    let (scope, selectors) = (scope_of(scope), parameters.selectors()?);
    if selectors.is_empty() {
        return Err(Error::BadData("no match[] parameter provided".into()));
    }
    let work = move || newest(&api, &scope, &selectors, now());
    let text = turns.take_usual(work).await?;
    Ok(([(header::CONTENT_TYPE, TEXT)], text).into_response())
}

fn newest(api: &Api, scope: &Scope, selectors: &[Vec<Matcher>], now: i64) -> Result<String> {
    let source = Scoped { source: &api.store, scope };
    let lookback = i64::try_from(api.limits.lookback.as_millis()).unwrap_or(i64::MAX / 4);
    // A series that several selectors match is told once.
    let mut found: BTreeMap<Labels, Sample> = BTreeMap::new();
    for matchers in selectors {
        for series in source.select(matchers, now - lookback + 1, now)? {
            let last = series.samples.last().copied();
            if let Some(last) = last.filter(|last| !is_marker(last.value)) {
                found.insert(series.labels, last);
            }
        }
    }
    let mut by_name: Vec<(Labels, Sample)> = found.into_iter().collect();
    by_name.sort_by(|left, right| left.0.get(NAME).cmp(right.0.get(NAME)));
    let mut text = String::new();
    let mut last_name = None;
    for (labels, sample) in &by_name {
        let name = labels.get(NAME);
        if last_name != Some(name) {
            let _ = writeln!(text, "# TYPE {name} untyped");
            last_name = Some(name);
        }
        let labels = written(labels);
        let _ =
            writeln!(text, "{name}{{{labels}}} {} {}", format_number(sample.value), sample.time);
    }
    Ok(text)
}

/// Without an instance of its own a series would be given that of the federating target.
fn written(labels: &Labels) -> String {
    let own = labels.iter().filter(|(name, _)| *name != NAME);
    let mut pairs: Vec<(&str, &str)> = own.collect();
    if labels.get("instance").is_empty() {
        let at = pairs.partition_point(|(name, _)| *name < "instance");
        pairs.insert(at, ("instance", ""));
    }
    let pairs = pairs.into_iter().map(|(name, value)| {
        let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        format!("{name}=\"{value}\"")
    });
    pairs.collect::<Vec<_>>().join(",")
}
