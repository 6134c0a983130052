//! One pass over the matching lines: which are first, how many, what they add up to.

use tantivy::query::EnableScoring;
use tantivy::{DocId, Searcher, SegmentReader};

use super::aggregation::collect::Collecting;
use super::aggregation::state::{State, merge_all};
use super::budget::{Budget, Limits};
use super::order::{Ordered, SortColumns, Top};
use super::request::Request;
use super::view::View;
use crate::clause::lower::lower;
use crate::error::Result;
use crate::store::window::Window;

/// Lines that aggregations take at a time: dividing them into buckets costs per block.
const BLOCK: usize = 8192;

/// What a pass yields.
pub struct Outcome {
    pub total: u64,
    pub best: Vec<Ordered>,
    pub states: Vec<State>,
    pub timed_out: bool,
    pub terminated_early: bool,
}

struct Pass<'a> {
    request: &'a Request,
    top: Top<'a>,
    states: Vec<State>,
    budget: Budget,
}

pub fn run(request: &Request, view: &View, limits: &Limits) -> Result<Outcome> {
    let after = request.search_after.as_deref();
    let mut pass = Pass {
        request,
        top: Top::new(&request.sort, after, request.from + request.size),
        states: Vec::new(),
        budget: Budget::new(limits.clone(), request.timeout, request.terminate_after),
    };
    // Without a total, lines that cannot be among the first need not be looked at.
    let skips = !request.track_total && request.aggregations.is_empty();
    for (place, window, searcher) in view.within(request.clause.time_span()) {
        if skips && window.span().is_some_and(|span| pass.top.excludes(span)) {
            continue;
        }
        if !pass.budget.is_spent() {
            pass.window(place, window, searcher).map_err(window.fault("searching"))?;
        }
    }
    pass.budget.check()?;
    let (timed_out, terminated_early) = (pass.budget.timed_out(), pass.budget.terminated_early());
    let (total, best) = pass.top.finish();
    Ok(Outcome { total, best, states: pass.states, timed_out, terminated_early })
}

impl Pass<'_> {
    fn window(
        &mut self,
        place: usize,
        window: &Window,
        searcher: &Searcher,
    ) -> tantivy::Result<()> {
        let query = lower(&self.request.clause, &window.fields);
        let weight = query.weight(EnableScoring::disabled_from_searcher(searcher))?;
        for (ordinal, segment) in (0..).zip(searcher.segment_readers()) {
            let columns = SortColumns::open(&self.request.sort, place, ordinal, segment)?;
            let plan = &self.request.aggregations;
            let mut adding = Collecting::open(plan, searcher, segment, &window.fields)?;
            let mut block = Vec::new();
            weight.for_each_no_score(segment, &mut |documents| {
                let held = alive(segment, documents);
                let documents = held.as_deref().unwrap_or(documents);
                let room = self.budget.lines(documents.len());
                let documents = &documents[..room];
                self.top.collect(&columns, documents);
                if !plan.is_empty() {
                    block.extend_from_slice(documents);
                    if block.len() >= BLOCK {
                        adding.collect(&block, &mut self.budget);
                        block.clear();
                    }
                }
            })?;
            adding.collect(&block, &mut self.budget);
            if !plan.is_empty() {
                merge_all(&mut self.states, adding.finish());
            }
        }
        Ok(())
    }
}

/// The lines that were not deleted, when any was.
fn alive(segment: &SegmentReader, documents: &[DocId]) -> Option<Vec<DocId>> {
    let alive = segment.alive_bitset()?;
    Some(documents.iter().copied().filter(|document| alive.is_alive(*document)).collect())
}
