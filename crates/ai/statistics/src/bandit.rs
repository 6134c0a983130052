//! Thompson sampling: each arm gets the share of users that its chance of being
//! the best arm deserves, so that fewer users meet the worse ones while the test
//! still learns.
//!
//! Thompson, "On the likelihood that one unknown probability exceeds another in
//! view of the evidence of two samples" (Biometrika 25, 1933); in batches, with a
//! least share, as `BanditsSimple` of `gbstats`. Shares that follow the results
//! bias what the tests say about effects: a bandit is for choosing, not measuring.

use rand_distr::{Beta, Distribution, Normal};
use rand_pcg::rand_core::Rng;
use serde::{Deserialize, Serialize};

use crate::effect::Better;
use crate::error::{Error, Result, Setting};
use crate::pair::PairMoments;
use crate::statistic::Statistic;

/// How shares are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Rule {
    /// As often as the arm is the best.
    Best,
    /// As often as it is among the best two: learns more about the second, costs
    /// more. Two arms always get half each. Russo, "Simple Bayesian algorithms for
    /// best-arm identification" (Operations Research 68, 2020).
    TopTwo,
}

/// Settings of a bandit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Bandit {
    pub better: Better,
    pub rule: Rule,
    /// What no arm falls below, so that one that was unlucky early can come back.
    pub min_share: f64,
    /// How often all arms are drawn; a share is off by about `0.5 / √draws`.
    pub draws: u32,
    /// Observations in each arm before shares move.
    pub min_count: u64,
}

impl Default for Bandit {
    /// As `gbstats`, except for the rule, which there is [`Rule::TopTwo`].
    fn default() -> Self {
        let better = Better::Higher;
        Self { better, rule: Rule::Best, min_share: 0.01, draws: 10_000, min_count: 100 }
    }
}

/// What each arm should get, in the order of the arms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shares {
    /// They add up to 1, and none is below the least share.
    pub shares: Vec<f64>,
    /// The chance that the arm is the best of all.
    pub best: Vec<f64>,
}

/// What is believed about an arm's value, with a flat prior.
enum Belief {
    Beta(Beta<f64>),
    Normal(Normal<f64>),
}

impl Bandit {
    /// The next shares. The same arms and the same state of `rng` give the same.
    ///
    /// A proportion is believed to follow `Beta(1 + successes, 1 + failures)`
    /// (`gbstats` takes a normal distribution for it too); everything else
    /// `Normal(mean, variance / n)`, adjusted with one θ over all arms. An arm whose
    /// values are all alike is believed to vary as the others do.
    ///
    /// # Errors
    /// [`Error::TooFew`] until there is enough to move shares: keep the present ones.
    pub fn shares(&self, arms: &[Statistic], rng: &mut impl Rng) -> Result<Shares> {
        self.check(arms)?;
        let beliefs = beliefs(arms)?;
        let mut first = vec![0u32; arms.len()];
        let mut second = vec![0u32; arms.len()];
        let mut drawn = vec![0.0; arms.len()];
        for _ in 0..self.draws {
            for (value, belief) in drawn.iter_mut().zip(&beliefs) {
                *value = self.better.improvement(belief.draw(rng));
            }
            let (best, next) = leaders(&drawn);
            first[best] += 1;
            second[next] += 1;
        }
        let best: Vec<f64> = first.iter().map(|n| f64::from(*n) / f64::from(self.draws)).collect();
        let deserved: Vec<f64> = match self.rule {
            Rule::Best => best.clone(),
            Rule::TopTwo => {
                let both = first.iter().zip(&second).map(|(a, b)| f64::from(*a) + f64::from(*b));
                both.map(|n| n / (2.0 * f64::from(self.draws))).collect()
            }
        };
        Ok(Shares { shares: above(self.min_share, &deserved), best })
    }

    fn check(&self, arms: &[Statistic]) -> Result<()> {
        Setting::Arms.check(arms.len() >= 2)?;
        Setting::Draws.check(self.draws > 0)?;
        Setting::MinShare
            .check(self.min_share >= 0.0 && self.min_share * arms.len() as f64 <= 1.0)?;
        if arms.iter().any(|arm| !arm.same_kind(&arms[0])) {
            return Err(Error::DifferentKinds);
        }
        let count = arms.iter().map(Statistic::count).min().unwrap_or_default();
        let needed = self.min_count.max(2);
        if count < needed { Err(Error::TooFew { count, needed }) } else { Ok(()) }
    }
}

impl Belief {
    fn draw(&self, rng: &mut impl Rng) -> f64 {
        match self {
            Self::Beta(beta) => beta.sample(rng),
            Self::Normal(normal) => normal.sample(rng),
        }
    }
}

fn beliefs(arms: &[Statistic]) -> Result<Vec<Belief>> {
    if let Some(beliefs) = arms.iter().map(of_proportion).collect::<Option<Result<Vec<_>>>>() {
        return beliefs;
    }
    let values = arms.iter().map(Statistic::mean).collect::<Result<Vec<_>>>()?;
    let variances = arms.iter().map(Statistic::variance).collect::<Result<Vec<_>>>()?;
    let (values, variances) = adjusted(arms, values, variances);
    let varying: Vec<f64> = variances.iter().copied().filter(|variance| *variance > 0.0).collect();
    if varying.is_empty() {
        return Err(Error::NoVariance);
    }
    let usual = varying.iter().sum::<f64>() / varying.len() as f64;
    let normal = |((arm, value), variance): ((&Statistic, f64), f64)| {
        let variance = if variance > 0.0 { variance } else { usual };
        let deviation = (variance / arm.count() as f64).sqrt();
        let finite = value.is_finite() && deviation.is_finite();
        let belief = Normal::new(value, deviation).ok().filter(|_| finite);
        belief.map(Belief::Normal).ok_or(Error::NotFinite)
    };
    arms.iter().zip(values).zip(variances).map(normal).collect()
}

fn of_proportion(arm: &Statistic) -> Option<Result<Belief>> {
    let Statistic::Proportion(counts) = arm else { return None };
    Some(counts.rate().and_then(|_| {
        let successes = counts.successes as f64;
        let failures = (counts.count - counts.successes) as f64;
        let beta = Beta::new(1.0 + successes, 1.0 + failures);
        beta.map(Belief::Beta).map_err(|_| Error::NotFinite)
    }))
}

/// Values and variances less what the covariate explains, for arms that have one.
/// The covariate's mean over all arms is left in, so that values keep their size.
fn adjusted(arms: &[Statistic], values: Vec<f64>, variances: Vec<f64>) -> (Vec<f64>, Vec<f64>) {
    let mut all = PairMoments::default();
    for arm in arms {
        let Statistic::Adjusted(pair) = arm else { return (values, variances) };
        all.merge(pair);
    }
    let (theta, middle) = (all.slope(), all.second().mean());
    let pairs = arms.iter().filter_map(|arm| match arm {
        Statistic::Adjusted(pair) => Some(pair),
        _ => None,
    });
    pairs
        .map(|pair| {
            let value = pair.first().mean() - theta * (pair.second().mean() - middle);
            let variance = pair.first().variance() + theta * theta * pair.second().variance()
                - 2.0 * theta * pair.covariance();
            (value, variance)
        })
        .unzip()
}

/// Which is the largest and which the next; there are at least two.
fn leaders(values: &[f64]) -> (usize, usize) {
    let (mut best, mut next) = if values[1] > values[0] { (1, 0) } else { (0, 1) };
    for (index, value) in values.iter().enumerate().skip(2) {
        if *value > values[best] {
            (best, next) = (index, best);
        } else if *value > values[next] {
            next = index;
        }
    }
    (best, next)
}

/// Gives each arm the least share, and of the rest what it deserves: keeps the
/// order of arms and how far apart they are, where clipping would press the good
/// ones together.
fn above(least: f64, deserved: &[f64]) -> Vec<f64> {
    let rest = (1.0 - least * deserved.len() as f64).max(0.0);
    deserved.iter().map(|share| least + rest * share).collect()
}
