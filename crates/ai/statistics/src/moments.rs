//! What is kept of one arm's observations: counts, and the first two moments.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// How many observations, and how many of them were a success.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    pub count: u64,
    pub successes: u64,
}

impl Counts {
    pub fn observe(&mut self, success: bool) {
        self.merge(&Self { count: 1, successes: u64::from(success) });
    }

    /// Exact, in any order.
    pub fn merge(&mut self, other: &Self) {
        self.count = self.count.saturating_add(other.count);
        self.successes = self.successes.saturating_add(other.successes);
    }

    pub(crate) fn rate(&self) -> Result<f64> {
        match self {
            Self { count, successes } if successes > count => Err(Error::MoreThanAll),
            Self { count: 0, .. } => Ok(0.0),
            Self { count, successes } => Ok(*successes as f64 / *count as f64),
        }
    }
}

/// Plain sums, as a database or a counter gives them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sums {
    pub count: u64,
    pub sum: f64,
    pub sum_squares: f64,
}

/// Count, mean and squared distance from the mean.
///
/// Distances are kept, and not squares, because the difference of two large sums
/// of squares has lost the digits that the variance is made of. One observation
/// at a time after Welford (Technometrics 4, 1962); merging after Chan, Golub
/// and LeVeque (The American Statistician 37, 1983). The count is exact, and
/// merging in another order changes the rest by rounding only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Moments {
    count: u64,
    mean: f64,
    /// Σ (x − mean)²
    squares: f64,
}

impl Moments {
    /// A value that is not finite stays visible: every figure then answers
    /// [`Error::NotFinite`].
    pub fn observe(&mut self, value: f64) {
        self.count = self.count.saturating_add(1);
        let distance = value - self.mean;
        self.mean += distance / self.count as f64;
        self.squares += distance * (value - self.mean);
    }

    pub fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        if self.count == 0 {
            *self = *other;
            return;
        }
        let (ours, theirs) = (self.count as f64, other.count as f64);
        let distance = other.mean - self.mean;
        self.count = self.count.saturating_add(other.count);
        self.mean += distance * theirs / (ours + theirs);
        self.squares += other.squares + distance * distance * ours * theirs / (ours + theirs);
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    /// 0 without observations.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    pub fn sum(&self) -> f64 {
        self.mean * self.count as f64
    }

    /// Of the sample, with `n − 1`; 0 below two observations.
    pub fn variance(&self) -> f64 {
        if self.count < 2 {
            return 0.0;
        }
        let variance = self.squares / (self.count - 1) as f64;
        // What was subtracted from sums may have come out below 0 by rounding; NaN passes.
        if variance < 0.0 { 0.0 } else { variance }
    }
}

impl From<Sums> for Moments {
    fn from(sums: Sums) -> Self {
        if sums.count == 0 {
            return Self::default();
        }
        let count = sums.count as f64;
        let squares = sums.sum_squares - sums.sum * sums.sum / count;
        Self {
            count: sums.count,
            mean: sums.sum / count,
            squares: if squares < 0.0 { 0.0 } else { squares },
        }
    }
}
