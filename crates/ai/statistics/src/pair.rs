//! What is kept of observations that come in pairs: a numerator with its
//! denominator, or an outcome with what was known before the test.

use serde::{Deserialize, Serialize};

use crate::moments::{Moments, Sums};

/// Plain sums of pairs, as a database gives them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PairSums {
    pub count: u64,
    pub first_sum: f64,
    pub first_sum_squares: f64,
    pub second_sum: f64,
    pub second_sum_squares: f64,
    pub sum_products: f64,
}

/// Moments of both sides of a pair, and how they go together.
///
/// The first is the numerator or the outcome, the second the denominator or the
/// covariate. Updated and merged as [`Moments`] are; the co-moment after Pébay
/// (Sandia report SAND2008-6212, 2008).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PairMoments {
    first: Moments,
    second: Moments,
    /// Σ (x − mean of x)(y − mean of y)
    products: f64,
}

impl PairMoments {
    pub fn observe(&mut self, first: f64, second: f64) {
        let distance = first - self.first.mean();
        self.first.observe(first);
        self.second.observe(second);
        self.products += distance * (second - self.second.mean());
    }

    pub fn merge(&mut self, other: &Self) {
        let (ours, theirs) = (self.count() as f64, other.count() as f64);
        if theirs > 0.0 && ours > 0.0 {
            let first = other.first.mean() - self.first.mean();
            let second = other.second.mean() - self.second.mean();
            self.products += first * second * ours * theirs / (ours + theirs);
        }
        self.products += other.products;
        self.first.merge(&other.first);
        self.second.merge(&other.second);
    }

    pub fn count(&self) -> u64 {
        self.first.count()
    }

    pub fn first(&self) -> &Moments {
        &self.first
    }

    pub fn second(&self) -> &Moments {
        &self.second
    }

    /// Of the sample, with `n − 1`; 0 below two observations.
    pub fn covariance(&self) -> f64 {
        if self.count() < 2 { 0.0 } else { self.products / (self.count() - 1) as f64 }
    }

    /// The slope of the first on the second: what a unit more of the covariate
    /// adds to the outcome. 0 where either does not vary.
    ///
    /// `θ = cov(Y, X) / var(X)`: Deng, Xu, Kohavi and Walker, "Improving the
    /// sensitivity of online controlled experiments by utilizing pre-experiment
    /// data" (WSDM 2013), equation 4.
    pub(crate) fn slope(&self) -> f64 {
        let (outcome, covariate) = (self.first.variance(), self.second.variance());
        if outcome == 0.0 || covariate == 0.0 { 0.0 } else { self.covariance() / covariate }
    }
}

impl From<PairSums> for PairMoments {
    fn from(sums: PairSums) -> Self {
        let PairSums {
            count,
            first_sum,
            first_sum_squares,
            second_sum,
            second_sum_squares,
            sum_products,
        } = sums;
        if count == 0 {
            return Self::default();
        }
        Self {
            first: Sums { count, sum: first_sum, sum_squares: first_sum_squares }.into(),
            second: Sums { count, sum: second_sum, sum_squares: second_sum_squares }.into(),
            products: sum_products - first_sum * second_sum / count as f64,
        }
    }
}
