//! Searches for traces, from the newest block back.

use std::cmp::Reverse;

use foldhash::{HashMap, HashSet};

use super::{TraceId, collect};
use crate::body::{Row, Rows};
use crate::error::Result;
use crate::scope::Scope;
use crate::shelf::Source;
use crate::span::Span;
use crate::store::Traces;

/// A search for traces: those with at least one span that satisfies all of it.
#[derive(Debug, Clone, Default)]
pub struct Query {
    pub service: Option<String>,
    pub operation: Option<String>,
    pub tags: Vec<(String, String)>,
    /// Nanoseconds since 1970, both included.
    pub from: i64,
    pub to: i64,
    /// Nanoseconds.
    pub shortest: Option<i64>,
    pub longest: Option<i64>,
    pub limit: usize,
}

impl Traces {
    /// The newest traces that match, each whole as far as it is visible.
    pub fn search(&self, query: &Query, scope: &Scope) -> Result<Vec<Vec<Span>>> {
        let sources = self.sources();
        let mut newest_first: Vec<&Source> = sources
            .iter()
            .filter(|source| source.latest() >= query.from && source.earliest() <= query.to)
            .collect();
        newest_first.sort_by_key(|source| Reverse(source.latest()));
        let mut found = Found::default();
        for source in newest_first {
            if found.is_settled(query.limit, source.latest()) {
                break;
            }
            if query.concerns(source, scope) {
                source.scan(|rows| query.look(rows, scope, &mut found.starts));
                found.keep_newest(query.limit);
            }
        }
        let wanted: HashSet<TraceId> = found.starts.keys().copied().collect();
        let traces = collect(&sources, &wanted, scope).into_values();
        let mut traces: Vec<(i64, Vec<Span>)> = traces
            .filter_map(|spans| {
                // A span that matched may have come again, otherwise.
                let matching = spans.iter().filter(|span| query.matches(span));
                matching.map(|span| span.start).max().map(|start| (start, spans))
            })
            .collect();
        traces.sort_by_key(|(start, _)| Reverse(*start));
        Ok(traces.into_iter().map(|(_, spans)| spans).collect())
    }
}

/// Traces that match with the start of their newest match.
#[derive(Default)]
struct Found {
    starts: HashMap<TraceId, i64>,
}

impl Found {
    /// Whether spans that start at a time or before cannot be among the newest any more.
    fn is_settled(&self, limit: usize, latest: i64) -> bool {
        self.starts.len() >= limit && self.starts.values().all(|start| *start > latest)
    }

    fn keep_newest(&mut self, limit: usize) {
        if self.starts.len() > limit {
            let mut starts: Vec<(TraceId, i64)> = self.starts.drain().collect();
            starts.sort_unstable_by_key(|(id, start)| (Reverse(*start), *id));
            self.starts.extend(starts.into_iter().take(limit));
        }
    }
}

impl Query {
    fn concerns(&self, source: &Source, scope: &Scope) -> bool {
        source.names().iter().any(|name| {
            scope.allows(name.namespace.as_deref()) && self.is_asked(&name.service, &name.operation)
        })
    }

    fn look(
        &self,
        mut rows: Rows<'_>,
        scope: &Scope,
        starts: &mut HashMap<TraceId, i64>,
    ) -> postcard::Result<()> {
        while let Some(row) = rows.next()? {
            if let Some(start) = self.found(&rows, &row, scope)? {
                let newest = starts.entry(row.trace_id).or_insert(start);
                *newest = start.max(*newest);
            }
        }
        Ok(())
    }

    /// The start of a span that is visible and matches.
    fn found(
        &self,
        rows: &Rows<'_>,
        row: &Row<'_>,
        scope: &Scope,
    ) -> postcard::Result<Option<i64>> {
        let span = rows.summary(row)?;
        let mut is_match = self.is_when(span.start, span.duration)
            && self.is_asked(span.service, span.name)
            && scope.allows(span.namespace);
        for (key, value) in &self.tags {
            is_match = is_match && rows.may_have_tag(row, key, value)?;
        }
        is_match = is_match && (self.tags.is_empty() || self.is_tagged(&rows.span(row)?));
        Ok(is_match.then_some(span.start))
    }

    fn matches(&self, span: &Span) -> bool {
        self.is_when(span.start, span.duration)
            && self.is_asked(span.service(), &span.name)
            && self.is_tagged(span)
    }

    fn is_when(&self, start: i64, duration: i64) -> bool {
        (self.from..=self.to).contains(&start)
            && self.shortest.is_none_or(|shortest| duration >= shortest)
            && self.longest.is_none_or(|longest| duration <= longest)
    }

    fn is_asked(&self, service: &str, operation: &str) -> bool {
        self.service.as_ref().is_none_or(|asked| asked == service)
            && self.operation.as_ref().is_none_or(|asked| asked == operation)
    }

    fn is_tagged(&self, span: &Span) -> bool {
        self.tags.iter().all(|(key, value)| span.has_tag(key, value))
    }
}
