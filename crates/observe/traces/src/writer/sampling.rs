//! Tail sampling in front of the head.

use std::time::Duration;

use super::{RETENTION_EVERY, Writer};
use crate::metrics::Reason;
use crate::span::Span;

impl Writer {
    /// Stores what is kept of spans that came.
    pub(super) fn sample(&mut self, spans: Vec<Span>) {
        let now = self.began.elapsed();
        let Some(tail) = &mut self.tail else { return self.push(&spans) };
        let taken = tail.take(spans, now);
        self.metrics.dropped(Reason::TailMemory, taken.crowded_out);
        self.metrics.waiting(tail.waiting());
        self.push(&taken.kept);
    }

    /// Gives up traces that have been quiet for long enough.
    pub(super) fn give_up(&mut self) {
        let now = self.began.elapsed();
        let Some(tail) = &mut self.tail else { return };
        self.metrics.dropped(Reason::TailSampling, tail.give_up(now));
        self.metrics.waiting(tail.waiting());
    }

    /// How long there is nothing to do unless a message comes.
    pub(super) fn patience(&self) -> Duration {
        let due = self.tail.as_ref().and_then(|tail| tail.next_due());
        let left = due.map(|due| due.saturating_sub(self.began.elapsed()));
        left.map_or(RETENTION_EVERY, |left| left.min(RETENTION_EVERY))
    }

    /// Stores what has not been decided about, at the end.
    pub(super) fn settle(&mut self) {
        let waiting = self.tail.as_mut().map(|tail| tail.close()).unwrap_or_default();
        self.push(&waiting);
        super::report(self.write());
        self.metrics.waiting(0);
    }
}
