//! How many requests are under way, and its integral over time, in one atomic word.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Bits of the integral; the count is above them. Differences of the integral are meant,
/// so that it may run over: 2^44 microseconds are more than what 1.7 million requests
/// add in ten seconds, and the count goes to a million.
const AREA: u32 = 44;
const MASK: u64 = (1 << AREA) - 1;

/// With n requests under way since the times s, and others that went from s to e, the
/// integral up to now is n·now − Σs + Σe. Count and sums change together, since apart
/// they would be wrong by whole n·now.
#[derive(Debug)]
pub struct Flow {
    since: Instant,
    state: AtomicU64,
}

/// The integral at a time, in request-microseconds.
#[derive(Clone, Copy, Debug)]
pub struct Area(u64);

impl Default for Flow {
    fn default() -> Self {
        Self { since: Instant::now(), state: AtomicU64::new(0) }
    }
}

impl Flow {
    pub fn begin(&self, now: Instant) {
        let now = self.micros(now);
        self.change(|count, area| (count + 1, area.wrapping_sub(now)));
    }

    pub fn end(&self, now: Instant) {
        let now = self.micros(now);
        self.change(|count, area| (count.saturating_sub(1), area.wrapping_add(now)));
    }

    /// When nothing had been under way.
    pub fn start(&self) -> (Instant, Area) {
        (self.since, Area(0))
    }

    pub fn under_way(&self) -> u64 {
        self.state.load(Ordering::Relaxed) >> AREA
    }

    pub fn area(&self, now: Instant) -> Area {
        let state = self.state.load(Ordering::Relaxed);
        let moving = (state >> AREA).wrapping_mul(self.micros(now));
        Area(moving.wrapping_add(state) & MASK)
    }

    fn change(&self, change: impl Fn(u64, u64) -> (u64, u64)) {
        let next = |state: u64| {
            let (count, area) = change(state >> AREA, state & MASK);
            Some((count << AREA) | (area & MASK))
        };
        // Never fails: `next` always has an answer.
        let _ = self.state.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
    }

    fn micros(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.since).as_micros() as u64
    }
}

impl Area {
    /// Mean of the requests under way over the time between two readings.
    pub fn mean_since(self, earlier: Area, time: Duration) -> f64 {
        let grown = self.0.wrapping_sub(earlier.0) & MASK;
        grown as f64 / (time.as_micros() as f64).max(1.0)
    }

    /// The reading at `part` (0 to 1) of the way from `earlier` to this one.
    pub fn between(self, earlier: Area, part: f64) -> Area {
        let grown = self.0.wrapping_sub(earlier.0) & MASK;
        Area(earlier.0.wrapping_add((grown as f64 * part) as u64) & MASK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_mean_counts_every_moment_of_every_request() {
        let flow = Flow::default();
        let start = flow.since;
        let at = |seconds: f64| start + Duration::from_secs_f64(seconds);
        let before = flow.area(at(0.0));
        flow.begin(at(1.0));
        flow.begin(at(2.0));
        assert_eq!(flow.under_way(), 2);
        flow.end(at(5.0));
        // 1–5 and 2–10 of ten seconds, the second still under way.
        let mean = flow.area(at(10.0)).mean_since(before, 10 * SECOND);
        assert!((mean - 1.2).abs() < 1e-6, "{mean}");
        flow.end(at(10.0));
        let quiet = flow.area(at(20.0)).mean_since(flow.area(at(10.0)), 10 * SECOND);
        assert_eq!((quiet, flow.under_way()), (0.0, 0));
    }

    #[test]
    fn the_integral_may_run_over() {
        let flow = Flow::default();
        let late = flow.since + Duration::from_secs(3600 * 24 * 2000);
        for _ in 0..100 {
            flow.begin(late);
        }
        let mean = flow.area(late + 10 * SECOND).mean_since(flow.area(late), 10 * SECOND);
        assert!((mean - 100.0).abs() < 1e-6, "{mean}");
        assert_eq!(flow.under_way(), 100);
    }

    #[test]
    fn threads_lose_nothing() {
        let flow = Flow::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..10_000 {
                        flow.begin(Instant::now());
                        flow.end(Instant::now());
                    }
                });
            }
        });
        assert_eq!(flow.under_way(), 0);
        let now = Instant::now();
        let mean = flow.area(now).mean_since(Area(0), now - flow.since);
        assert!(mean < 4.0, "{mean}");
    }
}
