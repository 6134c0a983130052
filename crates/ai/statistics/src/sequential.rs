//! The test that may be looked at every day: its interval covers the effect at
//! all looks together with probability `1 − alpha`, so that one may stop at any
//! of them. The price is an interval that is wider, by half where it is
//! tightest.
//!
//! Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central limit
//! theory and asymptotic confidence sequences" (Annals of Statistics 52, 2024;
//! arXiv:2103.06476v7). Asymptotic: it needs some hundred observations in each
//! arm before its first look.

use crate::effect::Effect;
use crate::error::{Result, Setting, check_alpha};
use crate::fixed::{Frequentist, Interval};

/// At how many observations of both arms together the interval is tightest,
/// about: GrowthBook's default. Set it to the size at which a decision is expected.
pub const DEFAULT_TUNING: f64 = 5000.0;

/// The two-sided test. Equals `SequentialTwoSidedTTest` of `gbstats`.
///
/// The interval is equation 9 of the paper, the p-value the inverse of the
/// e-value in equation 155.
pub fn sequential(effect: &Effect, alpha: f64, tuning: f64) -> Result<Frequentist> {
    check_alpha(alpha)?;
    check_tuning(tuning)?;
    let count = effect.count as f64;
    let rho = rho(alpha, tuning);
    let spread = count * rho * rho + 1.0;
    let distance = effect.estimate / effect.standard_error;
    // The logarithm of the e-value: the e-value itself leaves the range of numbers.
    let evidence = count * rho * rho * distance * distance / (2.0 * spread) - 0.5 * spread.ln();
    let half = effect.standard_error * half_width(count, alpha, rho);
    Ok(Frequentist {
        p_value: (-evidence).exp().min(1.0),
        interval: Interval::around(effect.estimate, half)?,
    })
}

/// How far a bound that holds at all looks lies from the estimate, when only one
/// side is asked for. Equals `SequentialOneSidedTreatmentGreaterTTest` and
/// `…LesserTTest` of `gbstats`.
pub(crate) fn one_sided(effect: &Effect, alpha: f64, tuning: f64) -> Result<f64> {
    check_alpha(alpha)?;
    check_tuning(tuning)?;
    let count = effect.count as f64;
    let rho = rho(2.0 * alpha, tuning);
    let spread = count * rho * rho + 1.0;
    let width = 2.0 * spread / (count * rho).powi(2) * (spread.sqrt() / (2.0 * alpha)).ln_1p();
    Ok(effect.standard_error * (width * count).sqrt())
}

pub(crate) fn check_tuning(tuning: f64) -> Result<()> {
    Setting::Tuning.check(tuning > 0.0 && tuning.is_finite())
}

/// Half the interval of both sides, in standard errors.
pub(crate) fn half_width(count: f64, alpha: f64, rho: f64) -> f64 {
    let spread = count * rho * rho + 1.0;
    (2.0 * spread / (count * rho * rho) * (spread.sqrt() / alpha).ln()).sqrt()
}

/// The mixture's parameter at which the interval is tightest after `tuning`
/// observations: equation 161, by its approximation of Lambert's W. One side at
/// level `alpha` is two at `2 alpha`.
pub(crate) fn rho(alpha: f64, tuning: f64) -> f64 {
    let doubled = -2.0 * alpha.ln();
    ((doubled + (doubled + 1.0).ln()) / tuning).sqrt()
}
