//! Whether users were split as intended. Where they were not, something between
//! assignment and counting loses users of one arm, and no figure of the test can
//! be trusted.

use crate::distributions::chi_squared_tail;
use crate::error::{Result, Setting};

/// The p-value of Pearson's chi-squared test of the users of each arm against the
/// shares that were intended. Equals `check_srm` of `gbstats`.
///
/// Shares need not add up to 1. Where they changed during the test, give what each
/// arm was due: the sum over periods of the period's users times the arm's share.
/// Arms without a share are left out (`gbstats` counts them among the degrees of
/// freedom). GrowthBook warns below 0.001, which leaves room for daily looks:
/// Fabijan and others, "Diagnosing sample ratio mismatch in online controlled
/// experiments" (KDD 2019).
pub fn mismatch(users: &[u64], shares: &[f64]) -> Result<f64> {
    let proper = shares.iter().all(|share| share.is_finite() && *share >= 0.0);
    let all: f64 = shares.iter().sum();
    Setting::Shares.check(proper && users.len() == shares.len() && all > 0.0 && all.is_finite())?;
    let arms: Vec<(f64, f64)> = users
        .iter()
        .zip(shares)
        .filter(|(_, share)| **share > 0.0)
        .map(|(users, share)| (*users as f64, share / all))
        .collect();
    let total: f64 = arms.iter().map(|(users, _)| users).sum();
    if arms.len() < 2 || total == 0.0 {
        return Ok(1.0);
    }
    let distance: f64 =
        arms.iter().map(|(users, share)| (users - share * total).powi(2) / (share * total)).sum();
    Ok(chi_squared_tail(distance, (arms.len() - 1) as f64))
}
