//! Services, operations and calls, read out of the traces that somebody may see: what
//! Jaeger tells of these is of everybody together.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::client::Client;
use super::list;
use super::search::{self, Search};
use crate::error::Result;
use crate::head::now;
use crate::scope::Scope;

/// How far back a service must have been seen.
const DAYS: i64 = 2 * 86_400_000_000;
/// Services that are looked at; a Jaeger with more shows the first.
const MOST_SERVICES: usize = 200;
/// So long is remembered which services a set of namespaces has.
const REMEMBERED: Duration = Duration::from_secs(60);
/// Traces that operations and calls are read out of, of each service.
const SAMPLE: usize = 200;

type Namespaces = BTreeSet<String>;

#[derive(Default)]
pub struct Summaries(Mutex<HashMap<Namespaces, (Instant, BTreeSet<String>)>>);

impl Summaries {
    /// The services that have a visible span in the last days.
    pub async fn services(
        &self,
        client: &Client,
        namespaces: &Namespaces,
    ) -> Result<BTreeSet<String>> {
        if let Some(known) = self.known(namespaces) {
            return Ok(known);
        }
        let all = list(client.get(&["services"], &[]).await?);
        let end = now() / 1000;
        let names = all.into_iter().filter_map(|name| Some(name.as_str()?.to_owned()));
        let mut questions = Vec::new();
        for service in names.take(MOST_SERVICES) {
            questions.push(async move {
                let found = sample(client, &service, namespaces, (end - DAYS, end), 1).await?;
                Ok((!found.is_empty()).then_some(service))
            });
        }
        let found = search::all(questions).await?;
        let found: BTreeSet<String> = found.into_iter().flatten().collect();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, (since, _)| since.elapsed() < REMEMBERED);
        all.insert(namespaces.clone(), (Instant::now(), found.clone()));
        Ok(found)
    }

    fn known(&self, namespaces: &Namespaces) -> Option<BTreeSet<String>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, services) = all.get(namespaces)?;
        (since.elapsed() < REMEMBERED).then(|| services.clone())
    }
}

/// Names and kinds of a service's operations.
pub async fn operations(
    client: &Client,
    service: &str,
    namespaces: &Namespaces,
) -> Result<BTreeSet<(String, String)>> {
    let end = now() / 1000;
    let found = sample(client, service, namespaces, (end - DAYS, end), SAMPLE).await?;
    let mut operations = BTreeSet::new();
    for trace in &found {
        for span in trace["spans"].as_array().into_iter().flatten() {
            if service_of(trace, span) == Some(service)
                && let Some(name) = span["operationName"].as_str()
            {
                operations.insert((name.to_owned(), kind(span).to_owned()));
            }
        }
    }
    Ok(operations)
}

/// How often a service called another, in the traces that are looked at.
pub async fn dependencies(
    client: &Client,
    services: &BTreeSet<String>,
    namespaces: &Namespaces,
    (from, to): (i64, i64),
) -> Result<BTreeMap<(String, String), u64>> {
    let span = (from / 1000, to / 1000);
    let mut questions = Vec::new();
    for service in services {
        questions.push(sample(client, service, namespaces, span, SAMPLE));
    }
    let found = search::all(questions).await?;
    let traces: HashMap<String, Value> =
        found.into_iter().flatten().map(|trace| (trace["traceID"].to_string(), trace)).collect();
    let mut calls = BTreeMap::new();
    for trace in traces.values() {
        let spans = trace["spans"].as_array().map_or(&[][..], Vec::as_slice);
        let of: HashMap<&str, &str> = spans
            .iter()
            .filter_map(|span| Some((span["spanID"].as_str()?, service_of(trace, span)?)))
            .collect();
        for span in spans {
            let parent = span["references"][0]["spanID"].as_str().and_then(|id| of.get(id));
            if let (Some(parent), Some(child)) = (parent, service_of(trace, span))
                && *parent != child
            {
                *calls.entry(((*parent).to_owned(), child.to_owned())).or_default() += 1;
            }
        }
    }
    Ok(calls)
}

/// Visible parts of traces of a service; the times are microseconds.
async fn sample(
    client: &Client,
    service: &str,
    namespaces: &Namespaces,
    (start, end): (i64, i64),
    limit: usize,
) -> Result<Vec<Value>> {
    let pairs = [
        ("service", service.to_owned()),
        ("start", start.to_string()),
        ("end", end.to_string()),
        ("limit", limit.to_string()),
    ];
    let pairs = pairs.map(|(name, value)| (name.to_owned(), value)).to_vec();
    let scope = Scope { namespaces: Some(namespaces.clone()) };
    Search::read(pairs)?.run(client, &scope).await
}

fn service_of<'a>(trace: &'a Value, span: &Value) -> Option<&'a str> {
    trace["processes"][span["processID"].as_str()?]["serviceName"].as_str()
}

fn kind(span: &Value) -> &str {
    let tags = span["tags"].as_array().into_iter().flatten();
    tags.into_iter()
        .find(|tag| tag["key"] == "span.kind")
        .and_then(|tag| tag["value"].as_str())
        .unwrap_or("internal")
}
