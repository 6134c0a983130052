//! What a container uses, read by its shim: nobody else is always there.
//!
//! Processor time is the kernel's own counter. Memory over time is not counted
//! by anybody, so it is summed up here from readings of the working set: soon
//! after the start and then ever more seldom, each pair of them averaged over
//! the time between. The newest reading is in a file, for the platform and for
//! whoever must say what a container used whose shim was lost.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::record::{self, AttemptDir, Durable, Measure, ShimSpec};
use crate::cgroup::{Cgroup, Usage};
use crate::sys;

/// The first reading after the start; the time to the next one doubles.
const FIRST: Duration = Duration::from_millis(100);
/// Readings are never further apart: as often as metrics are scraped.
const APART: Duration = Duration::from_secs(10);

/// The meter of one container.
pub(crate) struct Meter {
    cgroup: Option<Cgroup>,
    file: PathBuf,
    last: Measure,
    /// When `last` was read; its time on the wall may be set while we wait.
    read_at: Instant,
    next: Instant,
    gap: Duration,
}

/// What is written down with the exit.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Final {
    pub(crate) cpu_seconds: Option<f64>,
    pub(crate) memory_byte_seconds: Option<f64>,
    pub(crate) memory_peak: Option<u64>,
    pub(crate) oom_killed: bool,
}

impl Meter {
    /// Begins, or goes on from what a shim before has written.
    pub(crate) fn open(spec: &ShimSpec, dir: &AttemptDir, started_at: Timestamp) -> Meter {
        let file = dir.measure();
        let known = record::read::<Measure>(&file, "a measure").ok().flatten();
        let last = known.unwrap_or(Measure { at: started_at, ..Measure::default() });
        let ago = Timestamp::now().duration_since(last.at).as_millis();
        let ago = Duration::from_millis(u64::try_from(ago).unwrap_or(0));
        let read_at = Instant::now().checked_sub(ago).unwrap_or_else(Instant::now);
        let next = Instant::now() + FIRST;
        Meter { cgroup: spec.cgroup.clone(), file, last, read_at, next, gap: FIRST }
    }

    /// When to read next; none: nothing is counted here.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.cgroup.as_ref().map(|_| self.next)
    }

    /// Reads if it is time to.
    pub(crate) fn read_if_due(&mut self) {
        if self.due().is_some_and(|due| due <= Instant::now()) {
            self.gap = (self.gap * 2).min(APART);
            self.next = Instant::now() + self.gap;
            self.read();
        }
    }

    fn read(&mut self) {
        let Some(usage) = self.cgroup.as_ref().and_then(Cgroup::usage) else { return };
        self.take(&usage, Instant::now());
        // A full disk: the next reading says the same and more.
        let _ = record::write(&self.file, &self.last, Durable::Processes);
    }

    fn take(&mut self, usage: &Usage, now: Instant) {
        let held = usage.working_set as f64;
        let before = self.last.working_set.map_or(held, |bytes| bytes as f64);
        let seconds = now.saturating_duration_since(self.read_at).as_secs_f64();
        self.last = Measure {
            at: Timestamp::now(),
            cpu_seconds: usage.cpu_seconds,
            memory_byte_seconds: self.last.memory_byte_seconds + (before + held) / 2.0 * seconds,
            working_set: Some(usage.working_set),
            memory_peak: usage.memory_peak,
        };
        self.read_at = now;
    }

    /// The last reading, when no process is left: what the group holds now says
    /// nothing of the time before.
    pub(crate) fn finish(self, is_parent: bool) -> Final {
        let now = Instant::now();
        match self.cgroup.as_ref().and_then(Cgroup::usage) {
            Some(usage) => self.last_of(&usage, now),
            None if is_parent => self.of_children(now),
            None => Final::default(),
        }
    }

    fn last_of(&self, usage: &Usage, now: Instant) -> Final {
        let seconds = now.saturating_duration_since(self.read_at).as_secs_f64();
        // Never read while it ran: it held at most its peak, for all of its life.
        let held = self.last.working_set.or(usage.memory_peak).unwrap_or(usage.working_set);
        Final {
            cpu_seconds: Some(usage.cpu_seconds),
            memory_byte_seconds: Some(self.last.memory_byte_seconds + held as f64 * seconds),
            memory_peak: usage.memory_peak,
            oom_killed: usage.oom_kills > 0,
        }
    }

    /// Without a group, what the kernel tells a parent of its children: all of
    /// their processor time, and the most that one of them held.
    fn of_children(&self, now: Instant) -> Final {
        let children = sys::children_usage();
        let seconds = now.saturating_duration_since(self.read_at).as_secs_f64();
        Final {
            cpu_seconds: Some(children.cpu_seconds),
            memory_byte_seconds: Some(children.memory_peak as f64 * seconds),
            memory_peak: Some(children.memory_peak),
            oom_killed: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meter(read_at: Instant) -> Meter {
        let last = Measure { at: Timestamp::now(), ..Measure::default() };
        Meter { cgroup: None, file: PathBuf::new(), last, read_at, next: read_at, gap: FIRST }
    }

    fn holding(bytes: u64) -> Usage {
        Usage { working_set: bytes, memory_peak: Some(bytes), ..Usage::default() }
    }

    #[test]
    fn memory_is_averaged_between_readings_and_held_to_the_end() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut meter = meter(start);
        meter.take(&holding(100), after(1));
        assert_eq!(meter.last.memory_byte_seconds, 100.0);
        meter.take(&holding(300), after(3));
        assert_eq!(meter.last.memory_byte_seconds, 500.0);
        // Nothing is left in the group by then, and the last second counts as before.
        let end = Usage { cpu_seconds: 2.5, ..holding(0) };
        let told = meter.last_of(&end, after(4));
        assert_eq!((told.cpu_seconds, told.memory_byte_seconds), (Some(2.5), Some(800.0)));
    }

    #[test]
    fn what_was_never_read_counts_with_its_peak() {
        let start = Instant::now();
        let told = meter(start).last_of(&holding(64), start + Duration::from_secs(2));
        assert_eq!(told.memory_byte_seconds, Some(128.0));
    }
}
