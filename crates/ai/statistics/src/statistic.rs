//! One metric of one arm, in one of the four ways that a metric is measured.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::moments::{Counts, Moments};
use crate::pair::PairMoments;

/// One metric of one arm. All arms of a test must give the same kind.
///
/// The observations must be of what was assigned at random, usually the user:
/// a metric per request of users who come back is a [`Statistic::Ratio`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Statistic {
    /// The share of users who did something. Variance `p (1 − p)`.
    Proportion(Counts),
    /// The mean of a value of each user.
    Mean(Moments),
    /// The sum of the first over the sum of the second, of each user. Variance by
    /// the delta method: Deng, Knoblich and Lu, "Applying the delta method in
    /// metric analytics" (KDD 2018).
    Ratio(PairMoments),
    /// The mean of the first, less what the second, known before the test,
    /// explains of it (CUPED). A success is a 1 and anything else a 0.
    Adjusted(PairMoments),
}

impl Statistic {
    pub fn count(&self) -> u64 {
        match self {
            Self::Proportion(counts) => counts.count,
            Self::Mean(moments) => moments.count(),
            Self::Ratio(pair) | Self::Adjusted(pair) => pair.count(),
        }
    }

    /// As measured, without adjustment; what a page shows as the arm's value.
    pub fn mean(&self) -> Result<f64> {
        let mean = match self {
            Self::Proportion(counts) => counts.rate()?,
            Self::Mean(moments) => moments.mean(),
            Self::Ratio(pair) if pair.second().mean() == 0.0 => return Err(Error::ZeroDenominator),
            Self::Ratio(pair) => pair.first().mean() / pair.second().mean(),
            Self::Adjusted(pair) => pair.first().mean(),
        };
        if mean.is_finite() { Ok(mean) } else { Err(Error::NotFinite) }
    }

    /// Of one user, without adjustment.
    pub fn variance(&self) -> Result<f64> {
        let variance = match self {
            Self::Proportion(counts) => {
                let rate = counts.rate()?;
                rate * (1.0 - rate)
            }
            Self::Mean(moments) => moments.variance(),
            Self::Ratio(pair) => {
                let ratio = self.mean()?;
                let denominator = pair.second().mean();
                // Of first − ratio × second, whose mean is 0, in units of the denominator.
                (pair.first().variance() - 2.0 * ratio * pair.covariance()
                    + ratio * ratio * pair.second().variance())
                    / (denominator * denominator)
            }
            Self::Adjusted(pair) => pair.first().variance(),
        };
        if variance.is_finite() { Ok(variance.max(0.0)) } else { Err(Error::NotFinite) }
    }

    /// Takes the observations of another part of the same arm in.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        match (self, other) {
            (Self::Proportion(ours), Self::Proportion(theirs)) => ours.merge(theirs),
            (Self::Mean(ours), Self::Mean(theirs)) => ours.merge(theirs),
            (Self::Ratio(ours), Self::Ratio(theirs))
            | (Self::Adjusted(ours), Self::Adjusted(theirs)) => ours.merge(theirs),
            _ => return Err(Error::DifferentKinds),
        }
        Ok(())
    }

    pub(crate) fn same_kind(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}
