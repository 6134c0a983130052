//! A measured value at a time, and the two values that mean "none".

use std::fmt;

use crate::labels::Labels;

/// The bits by which a scraper says that a series has ended (Prometheus's staleness
/// marker). It is a NaN, but no arithmetic makes this one.
const STALE_BITS: u64 = 0x7ff0_0000_0000_0002;

/// Marks the end of a series.
pub const STALE: f64 = f64::from_bits(STALE_BITS);

/// Marks a step at which a series has no value. The same bits as the staleness
/// marker, which never leaves the store as a value.
pub const ABSENT: f64 = STALE;

/// Whether the value is the marker and not a number (nor an ordinary NaN).
pub fn is_marker(value: f64) -> bool {
    value.to_bits() == STALE_BITS
}

#[derive(Clone, Copy, PartialEq)]
pub struct Sample {
    /// Milliseconds since 1970.
    pub time: i64,
    pub value: f64,
}

impl fmt::Debug for Sample {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}@{}", self.value, self.time)
    }
}

/// One sample of each series.
pub type Vector = Vec<(Labels, Sample)>;

/// A series with its samples in a span of time, in order of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    pub labels: Labels,
    pub samples: Vec<Sample>,
}
