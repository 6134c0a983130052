//! What one query may take, and what of it is left.

use std::cell::Cell;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::sample::Series;

/// How much a query may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How far back an instant vector looks for its newest sample.
    pub lookback: Duration,
    /// Samples read and computed by one query; each is 8 or 16 bytes.
    pub samples: usize,
    /// Series read by one query, and those of any result on its way.
    pub series: usize,
    /// Bytes of labels that one query reads and makes.
    pub bytes: usize,
    pub time: Duration,
    /// Steps of a range query, as in Prometheus.
    pub steps: usize,
    /// Questions that are answered at the same time; others wait for their turn.
    pub at_once: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            lookback: Duration::from_secs(300),
            samples: 20_000_000,
            // Five projects that use all they may keep.
            series: 1_000_000,
            // A series with ten labels takes some 500 bytes.
            bytes: 512 << 20,
            time: Duration::from_secs(60),
            steps: 11_000,
            // As Prometheus's `query.max-concurrency`.
            at_once: 20,
        }
    }
}

/// Bytes of a label's value that a function may make: joined to itself a text doubles.
pub const LABEL: usize = 64 << 10;
/// Two references of a label, each with its length.
const PAIR: usize = 32;

/// What is left to a query.
pub struct Budget {
    limits: Limits,
    deadline: Instant,
    samples: Cell<usize>,
    series: Cell<usize>,
    bytes: Cell<usize>,
}

impl Budget {
    pub fn new(limits: Limits) -> Budget {
        Budget {
            limits,
            deadline: Instant::now() + limits.time,
            samples: Cell::new(limits.samples),
            series: Cell::new(limits.series),
            bytes: Cell::new(limits.bytes),
        }
    }

    /// Takes samples off, and looks at the clock.
    pub fn take_samples(&self, count: usize) -> Result<()> {
        if Instant::now() > self.deadline {
            let seconds = self.limits.time.as_secs_f64();
            return Err(Error::Execution(format!(
                "query timed out in expression evaluation, after its limit of {seconds} seconds"
            )));
        }
        if take(&self.samples, count) { Ok(()) } else { Err(self.too_many_samples()) }
    }

    /// Takes off what a part of a series takes that is read.
    pub fn take_read(&self, part: &Series) -> Result<()> {
        self.take_labels(part.labels.pairs().len(), 0)?;
        if take(&self.samples, part.samples.len()) { Ok(()) } else { Err(self.too_many_samples()) }
    }

    pub fn take_series(&self, count: usize) -> Result<()> {
        if take(&self.series, count) { Ok(()) } else { Err(self.too_many_series()) }
    }

    /// Takes off labels that are made: how many in all, and bytes of new text.
    pub fn take_labels(&self, pairs: usize, text: usize) -> Result<()> {
        if take(&self.bytes, pairs * PAIR + text) {
            return Ok(());
        }
        Err(Error::Execution(format!(
            "the labels that the query reads and makes take more than the limit of {} bytes; narrow its selectors",
            self.limits.bytes
        )))
    }

    /// Whether a result of so many rows over so many steps may be made.
    pub fn check_rows(&self, rows: usize, steps: usize) -> Result<()> {
        if rows > self.limits.series {
            return Err(self.too_many_series());
        }
        if rows.saturating_mul(steps) > self.samples.get() {
            return Err(self.too_many_samples());
        }
        Ok(())
    }

    fn too_many_samples(&self) -> Error {
        Error::Execution(format!(
            "query processing would load too many samples into memory in query execution, more than the limit of {} samples; narrow it or use a larger step",
            self.limits.samples
        ))
    }

    fn too_many_series(&self) -> Error {
        Error::Execution(format!(
            "the query reads or makes more than the limit of {} series; narrow its selectors or aggregate earlier",
            self.limits.series
        ))
    }
}

/// `false` when there is not so much left.
fn take(left: &Cell<usize>, count: usize) -> bool {
    match left.get().checked_sub(count) {
        Some(rest) => {
            left.set(rest);
            true
        }
        None => false,
    }
}

/// Fails on a label's value that is longer than a function may make it.
pub fn check_value(length: usize, function: &str) -> Result<()> {
    if length <= LABEL {
        return Ok(());
    }
    Err(Error::Execution(format!(
        "{function} makes a label's value longer than the limit of {LABEL} bytes"
    )))
}
