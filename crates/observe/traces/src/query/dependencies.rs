//! Which services call which.
//!
//! A call is a span and its parent. Most lie in one block and are joined there; the
//! others wait for a second look at those blocks that have their trace at all.

use std::collections::BTreeMap;

use foldhash::HashMap;
use serde::Serialize;

use super::TraceId;
use crate::error::Result;
use crate::head::short;
use crate::scope::Scope;
use crate::shelf::Source;
use crate::store::Traces;

/// Calls that wait for their parent at most, some 15 MB; more cost further looks.
const WAITING: usize = 100_000;

/// How often one service called another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Dependency {
    pub parent: String,
    pub child: String,
    pub call_count: u64,
}

type Id = (TraceId, [u8; 8]);

struct Child {
    parent: Id,
    service: String,
    /// Which of the sources it is in.
    source: usize,
}

#[derive(Default)]
struct Calls(BTreeMap<(String, String), u64>);

impl Calls {
    fn count(&mut self, parent: &str, child: &str) {
        if parent != child {
            *self.0.entry((parent.to_owned(), child.to_owned())).or_default() += 1;
        }
    }
}

impl Traces {
    /// Which services called which in a span of time (nanoseconds).
    pub fn dependencies(&self, from: i64, to: i64, scope: &Scope) -> Result<Vec<Dependency>> {
        let sources = self.sources();
        let (mut calls, mut waiting) = (Calls::default(), Vec::new());
        for (at, source) in sources.iter().enumerate() {
            if source.latest() >= from && source.earliest() <= to {
                waiting.extend(join(source, at, &(from..=to), scope, &mut calls));
            }
            if waiting.len() >= WAITING {
                settle(std::mem::take(&mut waiting), &sources, scope, &mut calls);
            }
        }
        settle(waiting, &sources, scope, &mut calls);
        let dependency = |((parent, child), call_count)| Dependency { parent, child, call_count };
        Ok(calls.0.into_iter().map(dependency).collect())
    }
}

/// Counts the calls of one source and returns those whose parent is not in it.
fn join(
    source: &Source,
    at: usize,
    when: &std::ops::RangeInclusive<i64>,
    scope: &Scope,
    calls: &mut Calls,
) -> Vec<Child> {
    let mut waiting = Vec::new();
    source.scan(|mut rows| {
        let mut spans = HashMap::default();
        while let Some(row) = rows.next()? {
            let span = rows.summary(&row)?;
            if scope.allows(span.namespace) {
                spans.insert((row.trace_id, row.span_id), span);
            }
        }
        for ((trace_id, _), child) in &spans {
            let Some(parent) = child.parent.filter(|_| when.contains(&child.start)) else {
                continue;
            };
            let parent = (*trace_id, parent);
            match spans.get(&parent) {
                Some(parent) => calls.count(parent.service, child.service),
                None => {
                    waiting.push(Child { parent, service: child.service.to_owned(), source: at })
                }
            }
        }
        Ok(())
    });
    waiting
}

/// Counts the calls whose parent is in another source.
fn settle(waiting: Vec<Child>, sources: &[Source], scope: &Scope, calls: &mut Calls) {
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
                if !children.contains_key(&(row.trace_id, row.span_id)) {
                    continue;
                }
                let parent = rows.summary(&row)?;
                if scope.allows(parent.namespace) {
                    let found = children.remove(&(row.trace_id, row.span_id));
                    for child in found.into_iter().flatten() {
                        calls.count(parent.service, &child.service);
                    }
                }
            }
            Ok(())
        });
    }
}
