//! The test of a fixed horizon: right when it is looked at once, at a time that
//! was decided beforehand. Who looks every day and stops at the first good
//! result is wrong several times as often as `alpha` says; see sequential.rs.

use serde::{Deserialize, Serialize};

use crate::distributions::{student_quantile, student_tail};
use crate::effect::Effect;
use crate::error::{Error, Result, check_alpha};

/// From where to where the effect lies.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Interval {
    pub lower: f64,
    pub upper: f64,
}

impl Interval {
    pub(crate) fn around(middle: f64, half: f64) -> Result<Self> {
        let (lower, upper) = (middle - half, middle + half);
        if lower.is_finite() && upper.is_finite() {
            Ok(Self { lower, upper })
        } else {
            Err(Error::NotFinite)
        }
    }

    /// Whether all of it lies strictly between the two.
    pub fn within(&self, lower: f64, upper: f64) -> bool {
        self.lower > lower && self.upper < upper
    }
}

/// What a test of the frequentist kind says.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Frequentist {
    /// Two-sided: how often a difference this large comes from chance alone.
    pub p_value: f64,
    /// Covers the effect with probability `1 − alpha`.
    pub interval: Interval,
}

/// Welch's two-sided t-test. Equals `TwoSidedTTest` of `gbstats`, except that a
/// small p-value keeps its digits: the tail is computed, not 1 less the rest.
pub fn fixed(effect: &Effect, alpha: f64) -> Result<Frequentist> {
    check_alpha(alpha)?;
    let Effect { estimate, standard_error, degrees_of_freedom, .. } = *effect;
    let distance = (estimate / standard_error).abs();
    let half = student_quantile(1.0 - alpha / 2.0, degrees_of_freedom) * standard_error;
    Ok(Frequentist {
        p_value: (2.0 * student_tail(distance, degrees_of_freedom)).min(1.0),
        interval: Interval::around(estimate, half)?,
    })
}
