//! Arms as tests need them, and how close is close enough.

use dais_statistics::{
    Counts, Moments, PairMoments, PairSums, Pcg64, SeedableRng, Statistic, Sums,
};
use rand_distr::{Binomial, ChiSquared, Distribution, StandardNormal};

pub fn seeded(seed: u64) -> Pcg64 {
    Pcg64::seed_from_u64(seed)
}

pub fn proportion(successes: u64, count: u64) -> Statistic {
    Statistic::Proportion(Counts { count, successes })
}

/// A mean with exactly this variance.
pub fn mean(count: u64, mean: f64, variance: f64) -> Statistic {
    let n = count as f64;
    let sum_squares = n * mean * mean + (n - 1.0) * variance;
    Statistic::Mean(Moments::from(Sums { count, sum: n * mean, sum_squares }))
}

/// Pairs with exactly these moments.
pub fn pair(count: u64, means: (f64, f64), variances: (f64, f64), covariance: f64) -> PairMoments {
    let n = count as f64;
    PairMoments::from(PairSums {
        count,
        first_sum: n * means.0,
        first_sum_squares: n * means.0 * means.0 + (n - 1.0) * variances.0,
        second_sum: n * means.1,
        second_sum_squares: n * means.1 * means.1 + (n - 1.0) * variances.1,
        sum_products: n * means.0 * means.1 + (n - 1.0) * covariance,
    })
}

/// `count` users of whom each succeeds with probability `rate`.
pub fn binomial(rng: &mut Pcg64, count: u64, rate: f64) -> Counts {
    let successes = Binomial::new(count, rate).expect("a rate").sample(rng);
    Counts { count, successes }
}

/// `count` normal values, by the distributions of their sum and their squares.
pub fn normal(rng: &mut Pcg64, count: u64, middle: f64, deviation: f64) -> Moments {
    let n = count as f64;
    let z: f64 = StandardNormal.sample(rng);
    let mean = middle + deviation * z / n.sqrt();
    let squares = deviation * deviation * ChiSquared::new(n - 1.0).expect("n > 1").sample(rng);
    Moments::from(Sums { count, sum: n * mean, sum_squares: squares + n * mean * mean })
}

/// Within `relative` of the larger, or `absolute` of each other.
pub fn close(a: f64, b: f64, relative: f64, absolute: f64) -> bool {
    a == b || (a - b).abs() <= absolute.max(relative * a.abs().max(b.abs()))
}
