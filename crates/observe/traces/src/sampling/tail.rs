//! Tail sampling's decisions: what is kept now, what waits, what is given up.
//!
//! A span that fails or is slow keeps its trace: what waited of it comes out at once and
//! what comes later is let through. So only traces that nothing happened to wait, and
//! when they have been quiet for long enough they are given up. Times are durations since
//! a moment that the caller chooses.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use foldhash::{HashMap, HashSet};

use super::{TailSampling, is_within};
use crate::span::Span;

/// Traces that are remembered as kept, some 3 MB. Spans that come after a trace was
/// forgotten are judged by themselves.
const REMEMBERED: usize = 65_536;

type TraceId = [u8; 16];

/// What became of spans that were handed in.
#[derive(Debug, Default, PartialEq)]
pub struct Taken {
    /// To be stored now: of those that came and of those that waited.
    pub kept: Vec<Span>,
    /// Spans that were given up before their time because too many waited.
    pub crowded_out: usize,
}

pub struct Tail {
    rules: TailSampling,
    waiting: HashMap<TraceId, Waiting>,
    /// The waiting traces, the longest quiet first.
    by_due: BTreeSet<(Duration, TraceId)>,
    spans: usize,
    kept: Kept,
}

struct Waiting {
    due: Duration,
    spans: Vec<Span>,
}

impl Tail {
    pub fn new(rules: TailSampling) -> Tail {
        Tail {
            rules,
            waiting: HashMap::default(),
            by_due: BTreeSet::new(),
            spans: 0,
            kept: Kept::default(),
        }
    }

    /// Spans that wait.
    pub fn waiting(&self) -> usize {
        self.spans
    }

    /// When the next trace will have been quiet for long enough.
    pub fn next_due(&self) -> Option<Duration> {
        self.by_due.first().map(|(due, _)| *due)
    }

    pub fn take(&mut self, spans: Vec<Span>, now: Duration) -> Taken {
        let mut taken = Taken::default();
        for span in spans {
            self.take_one(span, now, &mut taken.kept);
        }
        while self.spans > self.rules.waiting {
            taken.crowded_out += self.give_up_first();
        }
        taken
    }

    /// Gives up the traces whose time has come; returns how many spans they had.
    pub fn give_up(&mut self, now: Duration) -> usize {
        let mut spans = 0;
        while self.next_due().is_some_and(|due| due <= now) {
            spans += self.give_up_first();
        }
        spans
    }

    /// All that waits, undecided as it is: when the store is closed it is kept.
    pub fn close(&mut self) -> Vec<Span> {
        self.by_due.clear();
        self.spans = 0;
        self.waiting.drain().flat_map(|(_, waiting)| waiting.spans).collect()
    }

    fn take_one(&mut self, span: Span, now: Duration, kept: &mut Vec<Span>) {
        let id = span.trace_id;
        if is_within(&id, self.rules.ratio) || self.kept.contains(&id) {
            kept.push(span);
        } else if span.error.is_some() || self.is_slow(&span) {
            kept.extend(self.forget(&id));
            kept.push(span);
            self.kept.remember(id);
        } else {
            self.wait(span, now);
        }
    }

    fn is_slow(&self, span: &Span) -> bool {
        u128::try_from(span.duration).is_ok_and(|nanos| nanos >= self.rules.slow.as_nanos())
    }

    fn wait(&mut self, span: Span, now: Duration) {
        let (id, due) = (span.trace_id, now.saturating_add(self.rules.quiet));
        let waiting = self.waiting.entry(id).or_insert(Waiting { due, spans: Vec::new() });
        self.by_due.remove(&(waiting.due, id));
        self.by_due.insert((due, id));
        waiting.due = due;
        waiting.spans.push(span);
        self.spans += 1;
    }

    /// Takes a trace out of those that wait.
    fn forget(&mut self, id: &TraceId) -> Vec<Span> {
        let Some(waiting) = self.waiting.remove(id) else { return Vec::new() };
        self.by_due.remove(&(waiting.due, *id));
        self.spans -= waiting.spans.len();
        waiting.spans
    }

    fn give_up_first(&mut self) -> usize {
        let first = self.by_due.first().map(|(_, id)| *id);
        first.map_or(0, |id| self.forget(&id).len())
    }
}

/// The traces that were kept last.
#[derive(Default)]
struct Kept {
    ids: HashSet<TraceId>,
    oldest_first: VecDeque<TraceId>,
}

impl Kept {
    fn contains(&self, id: &TraceId) -> bool {
        self.ids.contains(id)
    }

    fn remember(&mut self, id: TraceId) {
        if !self.ids.insert(id) {
            return;
        }
        self.oldest_first.push_back(id);
        if self.oldest_first.len() > REMEMBERED
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.ids.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn tail(waiting: usize) -> Tail {
        Tail::new(TailSampling { slow: SECOND, ratio: 0.5, quiet: 10 * SECOND, waiting })
    }

    /// Of a trace whose id no ratio below one keeps.
    fn span(trace: u8, number: u8) -> Span {
        let mut trace_id = [0; 16];
        trace_id[0] = trace;
        Span { trace_id, span_id: [number; 8], duration: 5, ..Span::default() }
    }

    fn failed(trace: u8, number: u8) -> Span {
        Span { error: Some(String::new()), ..span(trace, number) }
    }

    fn numbers(taken: &Taken) -> Vec<u8> {
        taken.kept.iter().map(|span| span.span_id[0]).collect()
    }

    #[test]
    fn an_error_keeps_what_waited_and_what_comes_later_of_its_trace_alone() {
        let mut tail = tail(100);
        assert!(tail.take(vec![span(1, 1), span(2, 2), span(1, 3)], SECOND).kept.is_empty());
        assert_eq!(numbers(&tail.take(vec![failed(1, 4)], SECOND)), [1, 3, 4]);
        assert_eq!(numbers(&tail.take(vec![span(1, 5), span(2, 6)], 30 * SECOND)), [5]);
        assert_eq!(tail.waiting(), 2);
    }

    #[test]
    fn a_slow_span_keeps_its_trace() {
        let mut tail = tail(100);
        let slow = |nanos| Span { duration: nanos, ..span(1, 2) };
        assert!(tail.take(vec![slow(999_999_999), slow(-1)], SECOND).kept.is_empty());
        assert_eq!(tail.take(vec![slow(1_000_000_000)], SECOND).kept.len(), 3);
    }

    #[test]
    fn a_share_of_the_rest_is_kept_at_once() {
        let mut tail = tail(100);
        let lucky = Span { trace_id: [0xff; 16], ..span(1, 1) };
        assert_eq!(tail.take(vec![lucky], SECOND).kept.len(), 1);
    }

    #[test]
    fn a_trace_is_given_up_once_it_has_been_quiet_and_not_before() {
        let mut tail = tail(100);
        tail.take(vec![span(1, 1), span(2, 2)], SECOND);
        tail.take(vec![span(1, 3)], 6 * SECOND);
        assert_eq!(tail.next_due(), Some(11 * SECOND));
        assert_eq!(tail.give_up(11 * SECOND - Duration::from_nanos(1)), 0);
        assert_eq!(tail.give_up(11 * SECOND), 1);
        assert_eq!(numbers(&tail.take(vec![failed(1, 4)], 15 * SECOND)), [1, 3, 4]);
        assert_eq!((tail.waiting(), tail.next_due()), (0, None));
    }

    #[test]
    fn memory_is_bounded_by_giving_up_the_longest_quiet_first() {
        let mut tail = tail(3);
        tail.take(vec![span(1, 1), span(2, 2), span(2, 3)], SECOND);
        tail.take(vec![], SECOND);
        let taken = tail.take(vec![span(1, 4)], 2 * SECOND);
        assert_eq!((taken.crowded_out, tail.waiting()), (2, 2));
        assert_eq!(numbers(&tail.take(vec![failed(1, 5)], 2 * SECOND)), [1, 4, 5]);
        assert_eq!(numbers(&tail.take(vec![failed(2, 6)], 2 * SECOND)), [6]);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut kept = Kept::default();
        for number in 0..=REMEMBERED as u128 {
            kept.remember(number.to_be_bytes());
            kept.remember(number.to_be_bytes());
        }
        assert_eq!((kept.ids.len(), kept.oldest_first.len()), (REMEMBERED, REMEMBERED));
        assert!(!kept.contains(&[0; 16]));
    }

    #[test]
    fn closing_keeps_what_is_undecided() {
        let mut tail = tail(10);
        tail.take(vec![span(1, 1), span(2, 2)], SECOND);
        assert_eq!(tail.close().len(), 2);
        assert_eq!((tail.waiting(), tail.give_up(100 * SECOND)), (0, 0));
    }
}
