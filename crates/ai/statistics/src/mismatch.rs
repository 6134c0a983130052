//! Whether users were split as intended. Where they were not, something between
//! assignment and counting loses users of one arm, and no figure of the test can
//! be trusted.

use libm::lgamma;

use crate::distributions::chi_squared_tail;
use crate::error::{Result, Setting};

/// How many users the belief weighs that the split is as intended. The fewer, the sooner
/// a gross fault is seen, and the later a small one: of 50, six of seven users in one of
/// two even arms are seen with 40 users, and one lost in fifty with 200,000.
const BELIEF: f64 = 50.0;

/// The p-value of Pearson's chi-squared test of the users of each arm against the
/// shares that were intended, at one look. Equals `check_srm` of `gbstats`.
///
/// Shares need not add up to 1. Where they changed during the test, give what each
/// arm was due: the sum over periods of the period's users times the arm's share.
/// Arms without a share are left out (`gbstats` counts them among the degrees of
/// freedom).
pub fn mismatch(users: &[u64], shares: &[f64]) -> Result<f64> {
    let arms = due(users, shares)?;
    let total: f64 = arms.iter().map(|(users, _)| users).sum();
    if arms.len() < 2 || total == 0.0 {
        return Ok(1.0);
    }
    let distance: f64 =
        arms.iter().map(|(users, share)| (users - share * total).powi(2) / (share * total)).sum();
    Ok(chi_squared_tail(distance, (arms.len() - 1) as f64))
}

/// The p-value of the same question at all looks together: over as many looks as one
/// likes it is ever below α with probability α at most, also with few users.
///
/// The inverse of the Bayes factor of Dirichlet-distributed shares against the
/// intended ones, which is a martingale where these hold: Lindon and Malek,
/// "Anytime-valid inference for multinomial count data" (NeurIPS 2022), theorem 2.
pub fn mismatch_at_any_look(users: &[u64], shares: &[f64]) -> Result<f64> {
    let arms = due(users, shares)?;
    if arms.len() < 2 {
        return Ok(1.0);
    }
    let total: f64 = arms.iter().map(|(users, _)| users).sum();
    let of_arm = |(users, share): &(f64, f64)| {
        let belief = BELIEF * share;
        lgamma(belief + users) - lgamma(belief) - users * share.ln()
    };
    let evidence = lgamma(BELIEF) - lgamma(BELIEF + total) + arms.iter().map(of_arm).sum::<f64>();
    Ok((-evidence).exp().min(1.0))
}

/// Users and share out of 1 of the arms that have a share.
fn due(users: &[u64], shares: &[f64]) -> Result<Vec<(f64, f64)>> {
    let proper = shares.iter().all(|share| share.is_finite() && *share >= 0.0);
    let all: f64 = shares.iter().sum();
    Setting::Shares.check(proper && users.len() == shares.len() && all > 0.0 && all.is_finite())?;
    let arms = users.iter().zip(shares).filter(|(_, share)| **share > 0.0);
    Ok(arms.map(|(users, share)| (*users as f64, share / all)).collect())
}
