//! Which services call which: how often, how many of the calls fail, how long they take.
//!
//! A call is a span and its parent. Most lie in one block and are joined there; the
//! others wait for a second look at those blocks that have their trace at all. A parent
//! that the scope hides is none: what it called then looks like an entry.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use foldhash::HashMap;
use serde::Serialize;

use super::TraceId;
use super::latency::Latency;
use crate::error::Result;
use crate::head::short;
use crate::scope::Scope;
use crate::shelf::Source;
use crate::span::Kind;
use crate::store::Traces;

/// Calls that wait for their parent at most, some 15 MB; more cost further looks.
const WAITING: usize = 100_000;
/// Spans looked at for one answer, a second's work. Where there are more, the answer is
/// about the newest and says since when.
const LOOKED_AT: u64 = 1_000_000;

/// How often one service called another, in Jaeger's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Dependency {
    pub parent: String,
    pub child: String,
    pub call_count: u64,
}

/// The services that are visible, and their calls.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Map {
    /// What the answer is about, in microseconds since 1970.
    pub start: i64,
    pub end: i64,
    /// Whether `start` is later than was asked, since there are too many spans.
    pub limited: bool,
    pub services: Vec<ServiceTraffic>,
    pub calls: Vec<CallTraffic>,
}

/// Requests that came to a service, from outside or from another one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ServiceTraffic {
    pub service: String,
    #[serde(flatten)]
    pub traffic: Traffic,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CallTraffic {
    pub parent: String,
    pub child: String,
    #[serde(flatten)]
    pub traffic: Traffic,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Traffic {
    pub requests: u64,
    /// Requests a second.
    pub rate: f64,
    pub errors: u64,
    /// From 0 to 1.
    pub error_share: f64,
    /// Microseconds, within 1.6 %.
    pub p50: u64,
    pub p95: u64,
    pub p99: u64,
}

impl Traces {
    /// Which services called which in a span of time (nanoseconds).
    pub fn dependencies(&self, from: i64, to: i64, scope: &Scope) -> Result<Vec<Dependency>> {
        let calls = self.map(from, to, scope)?.calls.into_iter();
        let dependency = |CallTraffic { parent, child, traffic }| Dependency {
            parent,
            child,
            call_count: traffic.requests,
        };
        Ok(calls.map(dependency).collect())
    }

    /// The service map of a span of time (nanoseconds).
    pub fn map(&self, from: i64, to: i64, scope: &Scope) -> Result<Map> {
        let sources = self.sources();
        let since = affordable(&sources, from, to);
        let (mut seen, mut waiting) = (Tallies::default(), Vec::new());
        for (at, source) in sources.iter().enumerate() {
            if source.latest() >= since && source.earliest() <= to {
                waiting.extend(join(source, at, &(since..=to), scope, &mut seen));
            }
            if waiting.len() >= WAITING {
                settle(std::mem::take(&mut waiting), &sources, scope, &mut seen);
            }
        }
        settle(waiting, &sources, scope, &mut seen);
        let seconds = to.saturating_sub(since) as f64 / 1e9;
        let Tallies { services, calls } = seen;
        Ok(Map {
            start: since / 1000,
            end: to / 1000,
            limited: since > from,
            services: services
                .into_iter()
                .map(|(service, tally)| ServiceTraffic { service, traffic: tally.over(seconds) })
                .collect(),
            calls: calls
                .into_iter()
                .map(|((parent, child), tally)| CallTraffic {
                    parent,
                    child,
                    traffic: tally.over(seconds),
                })
                .collect(),
        })
    }
}

/// The time since which the spans up to `to` are few enough to look at all of them.
fn affordable(sources: &[Source], from: i64, to: i64) -> i64 {
    let mut concerned: Vec<&Source> = sources
        .iter()
        .filter(|source| source.latest() >= from && source.earliest() <= to)
        .collect();
    concerned.sort_by_key(|source| Reverse(source.latest()));
    let mut spans = 0;
    for source in concerned {
        spans += source.spans();
        if spans > LOOKED_AT {
            return source.latest().saturating_add(1).max(from);
        }
    }
    from
}

type Id = (TraceId, [u8; 8]);

/// What a request took, and how it ended.
#[derive(Clone)]
struct Seen<S> {
    service: S,
    kind: Kind,
    duration: i64,
    is_error: bool,
    parent: Option<[u8; 8]>,
    start: i64,
}

struct Child {
    parent: Id,
    seen: Seen<String>,
    /// Which of the sources it is in.
    source: usize,
}

#[derive(Default)]
struct Tally {
    errors: u64,
    latency: Latency,
}

impl Tally {
    fn add<S>(&mut self, seen: &Seen<S>) {
        self.errors += u64::from(seen.is_error);
        self.latency.add(seen.duration);
    }

    fn over(&self, seconds: f64) -> Traffic {
        let (requests, errors) = (self.latency.count(), self.errors);
        let per = |count: u64, whole: f64| if whole > 0.0 { count as f64 / whole } else { 0.0 };
        let microseconds = |share| self.latency.quantile(share) / 1000;
        Traffic {
            requests,
            rate: per(requests, seconds),
            errors,
            error_share: per(errors, requests as f64),
            p50: microseconds(0.5),
            p95: microseconds(0.95),
            p99: microseconds(0.99),
        }
    }
}

#[derive(Default)]
struct Tallies {
    services: BTreeMap<String, Tally>,
    calls: BTreeMap<(String, String), Tally>,
}

impl Tallies {
    /// A span below one of the service `parent`; `None` where there is none to be seen.
    fn count<S: AsRef<str>>(&mut self, parent: Option<&str>, seen: &Seen<S>) {
        let service = seen.service.as_ref();
        let caller = parent.filter(|parent| *parent != service);
        if parent.is_none()
            || caller.is_some()
            || matches!(seen.kind, Kind::Server | Kind::Consumer)
        {
            self.services.entry(service.to_owned()).or_default().add(seen);
        }
        if let Some(caller) = caller {
            self.calls.entry((caller.to_owned(), service.to_owned())).or_default().add(seen);
        }
    }
}

/// Counts what one source has and returns the calls whose parent is not in it.
fn join(
    source: &Source,
    at: usize,
    when: &RangeInclusive<i64>,
    scope: &Scope,
    tallies: &mut Tallies,
) -> Vec<Child> {
    let mut waiting = Vec::new();
    source.scan(|mut rows| {
        let mut spans = HashMap::default();
        while let Some(row) = rows.next()? {
            let span = rows.summary(&row)?;
            if scope.allows(span.namespace) {
                let seen = Seen {
                    service: span.service,
                    kind: span.kind,
                    duration: span.duration,
                    is_error: rows.is_error(&row)?,
                    parent: span.parent,
                    start: span.start,
                };
                spans.insert((row.trace_id, row.span_id), seen);
            }
        }
        for ((trace_id, _), child) in spans.iter().filter(|(_, span)| when.contains(&span.start)) {
            let Some(parent) = child.parent else {
                tallies.count(None, child);
                continue;
            };
            let parent = (*trace_id, parent);
            match spans.get(&parent) {
                Some(found) => tallies.count(Some(found.service), child),
                None => {
                    let Seen { service, kind, duration, is_error, parent: id, start } = *child;
                    let service = service.to_owned();
                    let seen = Seen { service, kind, duration, is_error, parent: id, start };
                    waiting.push(Child { parent, seen, source: at });
                }
            }
        }
        Ok(())
    });
    waiting
}

/// Counts the calls whose parent is in another source, or nowhere.
fn settle(waiting: Vec<Child>, sources: &[Source], scope: &Scope, tallies: &mut Tallies) {
    let mut children: HashMap<Id, Vec<Child>> = HashMap::default();
    for child in waiting {
        children.entry(child.parent).or_default().push(child);
    }
    for (at, source) in sources.iter().enumerate() {
        let elsewhere = children.values().flatten().filter(|child| child.source != at);
        let mut ids: Vec<u32> = elsewhere.map(|child| short(&child.parent.0)).collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() || !source.may_hold(&ids) {
            continue;
        }
        source.scan(|mut rows| {
            while let Some(row) = rows.next()? {
                let id = (row.trace_id, row.span_id);
                if !children.contains_key(&id) {
                    continue;
                }
                let parent = rows.summary(&row)?;
                if scope.allows(parent.namespace) {
                    let found = children.remove(&id);
                    for child in found.into_iter().flatten() {
                        tallies.count(Some(parent.service), &child.seen);
                    }
                }
            }
            Ok(())
        });
    }
    children.values().flatten().for_each(|orphan| tallies.count(None, &orphan.seen));
}
