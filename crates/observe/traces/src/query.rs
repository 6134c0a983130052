//! Questions to the store, each within a scope.

mod latency;
mod map;
mod search;

use std::collections::BTreeSet;

use foldhash::{HashMap, HashSet};

pub use map::{CallTraffic, Dependency, Map, ServiceTraffic, Traffic};
pub use search::Query;

use crate::error::Result;
use crate::head::short;
use crate::scope::Scope;
use crate::shelf::Source;
use crate::span::Span;
use crate::store::Traces;

type TraceId = [u8; 16];

impl Traces {
    pub fn services(&self, scope: &Scope) -> Result<Vec<String>> {
        let mut found = BTreeSet::new();
        for source in self.sources() {
            let names = source.names().into_owned();
            let visible = names.into_iter().filter(|name| scope.allows(name.namespace.as_deref()));
            found.extend(visible.map(|name| name.service));
        }
        Ok(found.into_iter().collect())
    }

    /// Names and kinds of a service's operations.
    pub fn operations(&self, service: &str, scope: &Scope) -> Result<Vec<(String, String)>> {
        let mut found = BTreeSet::new();
        for source in self.sources() {
            let names = source.names().into_owned();
            let visible = names
                .into_iter()
                .filter(|name| name.service == service && scope.allows(name.namespace.as_deref()));
            found.extend(visible.map(|name| (name.operation, name.kind.name().to_owned())));
        }
        Ok(found.into_iter().collect())
    }

    /// All visible spans of a trace, by their start; empty when there is none.
    pub fn trace(&self, id: [u8; 16], scope: &Scope) -> Result<Vec<Span>> {
        Ok(self.traces(&[id], scope)?.remove(&id).unwrap_or_default())
    }

    /// Several traces at once; those that are not visible are not there.
    pub fn traces(&self, ids: &[TraceId], scope: &Scope) -> Result<HashMap<TraceId, Vec<Span>>> {
        Ok(collect(&self.sources(), &ids.iter().copied().collect(), scope))
    }
}

/// The visible spans of some traces, by their start. Of a span that came twice the
/// later one is taken, unless somebody else sent it: nobody takes another's span away.
fn collect(
    sources: &[Source],
    wanted: &HashSet<TraceId>,
    scope: &Scope,
) -> HashMap<TraceId, Vec<Span>> {
    let mut ids: Vec<u32> = wanted.iter().map(short).collect();
    ids.sort_unstable();
    let mut spans = HashMap::default();
    for source in sources.iter().filter(|source| source.may_hold(&ids)) {
        source.scan(|mut rows| {
            while let Some(row) = rows.next()? {
                if !wanted.contains(&row.trace_id) {
                    continue;
                }
                let namespace = rows.summary(&row)?.namespace;
                if scope.allows(namespace) {
                    let whose = namespace.map(str::to_owned);
                    spans.insert((row.trace_id, row.span_id, whose), rows.span(&row)?);
                }
            }
            Ok(())
        });
    }
    let mut traces: HashMap<TraceId, Vec<Span>> = HashMap::default();
    for ((id, ..), span) in spans {
        traces.entry(id).or_default().push(span);
    }
    for spans in traces.values_mut() {
        spans.sort_by_key(|span| (span.start, span.span_id));
    }
    traces
}
