//! What one search may spend. A search that passes a limit of ours fails and names
//! it; one that passes a limit of its own request ends early and says so.

use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// The most that any one search may take.
#[derive(Debug, Clone)]
pub struct Limits {
    pub time: Duration,
    /// Lines that match and are looked at.
    pub documents: u64,
    /// Buckets and distinct values held while adding up; some hundred bytes each.
    pub values: u64,
    /// Open points in time and scrolls, of all callers together.
    pub contexts: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            time: Duration::from_secs(30),
            documents: 200_000_000,
            values: 500_000,
            contexts: 500,
        }
    }
}

/// Why a search stopped before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// The request's own `timeout` or `terminate_after`.
    Asked {
        timed_out: bool,
    },
    Time,
    Documents,
    Values,
}

pub struct Budget {
    limits: Limits,
    started: Instant,
    timeout: Option<Duration>,
    terminate_after: Option<u64>,
    documents: u64,
    values: u64,
    stop: Option<Stop>,
}

impl Budget {
    pub fn new(limits: Limits, timeout: Option<Duration>, terminate_after: Option<u64>) -> Budget {
        Budget {
            limits,
            started: Instant::now(),
            timeout,
            terminate_after,
            documents: 0,
            values: 0,
            stop: None,
        }
    }

    /// Books a block of matching lines; gives back how many of them may be looked at.
    pub fn lines(&mut self, count: usize) -> usize {
        if self.stop.is_some() {
            return 0;
        }
        let before = self.documents;
        self.documents += count as u64;
        let spent = self.started.elapsed();
        let (mut room, after) = (count, self.terminate_after.unwrap_or(u64::MAX));
        self.stop = if self.timeout.is_some_and(|timeout| spent > timeout) {
            Some(Stop::Asked { timed_out: true })
        } else if spent > self.limits.time {
            Some(Stop::Time)
        } else if self.documents > after {
            room = usize::try_from(after - before).unwrap_or(count);
            Some(Stop::Asked { timed_out: false })
        } else if self.documents > self.limits.documents {
            Some(Stop::Documents)
        } else {
            None
        };
        room
    }

    /// Books a new bucket or distinct value; `false` when there is no room for it.
    pub fn value(&mut self) -> bool {
        self.values += 1;
        if self.values > self.limits.values {
            self.stop.get_or_insert(Stop::Values);
        }
        self.values <= self.limits.values
    }

    pub fn is_spent(&self) -> bool {
        self.stop.is_some()
    }

    pub fn timed_out(&self) -> bool {
        self.stop == Some(Stop::Asked { timed_out: true })
    }

    pub fn terminated_early(&self) -> bool {
        self.stop == Some(Stop::Asked { timed_out: false })
    }

    /// An error when one of our limits was passed.
    pub fn check(&self) -> Result<()> {
        let limits = &self.limits;
        let (limit, reason) = match self.stop {
            None | Some(Stop::Asked { .. }) => return Ok(()),
            Some(Stop::Time) => {
                ("limit.time", format!("the search took longer than {} s", limits.time.as_secs()))
            }
            Some(Stop::Documents) => (
                "limit.documents",
                format!("the search matched more than {} lines", limits.documents),
            ),
            Some(Stop::Values) => (
                "limit.values",
                format!("the aggregation holds more than {} values", limits.values),
            ),
        };
        Err(Error::Query {
            kind: "task_cancelled_exception",
            clause: limit.into(),
            reason: format!("{reason}; narrow the time range or the query"),
        })
    }
}
