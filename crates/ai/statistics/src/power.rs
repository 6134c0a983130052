//! What a test can see: the smallest effect that it would find, and how long
//! until it finds the one that is wanted.
//!
//! The figures assume that a test grows as it has so far: new users come evenly,
//! in the same proportion to each arm, with the same variance.

use serde::{Deserialize, Serialize};

use crate::bayesian::{Prior, prior_in};
use crate::distributions::{normal_quantile, normal_tail};
use crate::effect::{Effect, EffectKind};
use crate::error::{Error, Result, Setting, check_alpha};
use crate::sequential::{check_tuning, half_width, rho};

/// How often a test doubles before an effect counts as out of reach: as in
/// `gbstats`. Nobody waits for a hundred million times the users of today.
const MOST_DOUBLINGS: i32 = 27;

/// Halves an interval of doubles until its ends are neighbours.
const HALVINGS: usize = 200;

/// How a test decides, and how often it should find an effect that is there.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Power {
    pub alpha: f64,
    /// The probability of finding the effect.
    pub power: f64,
    /// Comparisons that share `alpha` (Bonferroni): variants besides the control.
    pub tests: u32,
    /// Of the sequential test; none for one look at a fixed horizon.
    pub tuning: Option<f64>,
    /// Of the Bayesian test, which then takes the place of the other two.
    pub prior: Prior,
}

impl Default for Power {
    fn default() -> Self {
        Self { alpha: 0.05, power: 0.8, tests: 1, tuning: None, prior: Prior::Flat }
    }
}

/// What the control is known to be like before a test starts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Baseline {
    Proportion { rate: f64 },
    Mean { mean: f64, variance: f64 },
}

/// How much longer a test has to run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TimeLeft {
    /// More observations in both arms together.
    pub observations: f64,
    pub days: f64,
}

/// A comparison as it grows: its prior, and its variance at one observation.
struct Growing {
    prior: Option<(f64, f64)>,
    unit: f64,
}

impl Power {
    /// The probability that the test finds an effect of `wanted`, after it has
    /// grown by `growth` times its present size; 0 is today.
    ///
    /// `Φ(−w + δ/s) + Φ(−w − δ/s)` for a true effect δ, a standard error s, and an
    /// interval that reaches w standard errors to each side. Equals
    /// `MidExperimentPower.power` of `gbstats`, where `wanted` loses its sign.
    pub fn chance(&self, effect: &Effect, wanted: f64, growth: f64) -> Result<f64> {
        self.check()?;
        Setting::Wanted.check(wanted.is_finite())?;
        Setting::Growth.check(growth >= 0.0 && growth.is_finite())?;
        let chance = self.at(&self.growing(effect)?, effect.count as f64 * (1.0 + growth), wanted);
        if chance.is_finite() { Ok(chance) } else { Err(Error::NotFinite) }
    }

    /// The smallest effect that the test finds with the wanted power, after it
    /// has grown by `growth` times its present size: the effect at which
    /// [`Power::chance`] is `power`. At a fixed horizon about
    /// `(z(1 − α/2) + z(power)) × standard error`.
    pub fn detectable(&self, effect: &Effect, growth: f64) -> Result<f64> {
        self.chance(effect, 0.0, growth)?;
        let growing = self.growing(effect)?;
        let count = effect.count as f64 * (1.0 + growth);
        let error = (growing.unit / count).sqrt();
        least(error, |wanted| self.at(&growing, count, wanted) >= self.power)
            .ok_or(Error::NotFinite)
    }

    /// By how many times its present size the test must grow to find an effect of
    /// `wanted` with the wanted power. Equals the scaling factor of `gbstats`,
    /// which stops within 0.00001 of the power. None where it is out of reach.
    pub fn growth(&self, effect: &Effect, wanted: f64) -> Result<Option<f64>> {
        Setting::Wanted.check(wanted != 0.0)?;
        self.chance(effect, wanted, 0.0)?;
        let growing = self.growing(effect)?;
        let now = effect.count as f64;
        let enough = |growth: f64| self.at(&growing, now * (1.0 + growth), wanted) >= self.power;
        Ok(if enough(0.0) { Some(0.0) } else { least(1.0, enough) })
    }

    /// How long until the test finds an effect of `wanted` with the wanted power.
    /// `users_per_day` are those who enter either of the two arms. None where it
    /// is out of reach.
    pub fn time_left(
        &self,
        effect: &Effect,
        wanted: f64,
        users_per_day: f64,
    ) -> Result<Option<TimeLeft>> {
        Setting::UsersPerDay.check(users_per_day > 0.0 && users_per_day.is_finite())?;
        let Some(growth) = self.growth(effect, wanted)? else { return Ok(None) };
        let observations = (growth * effect.count as f64).ceil();
        let days = observations / users_per_day;
        if days.is_finite() {
            Ok(Some(TimeLeft { observations, days }))
        } else {
            Err(Error::NotFinite)
        }
    }

    /// How many observations each of two equal arms needs, before a test starts.
    /// None where an effect of `wanted` is out of reach.
    ///
    /// The least n at which the power is reached with a variance of
    /// `(Var_a + Var_b) / n`, for the relative effect that of the delta method. At
    /// a fixed horizon it is about `(z(1 − α/2) + z(power))² (Var_a + Var_b) / δ²`.
    pub fn sample_size(
        &self,
        baseline: &Baseline,
        wanted: f64,
        kind: EffectKind,
    ) -> Result<Option<f64>> {
        self.check()?;
        Setting::Wanted.check(wanted.is_finite() && wanted != 0.0)?;
        let (control, unit) = baseline.unit_variance(wanted, kind)?;
        let growing = Growing { prior: prior_in(self.prior, kind, control)?, unit };
        let count = least(2.0, |count| self.at(&growing, count, wanted) >= self.power);
        Ok(count.map(|both| (both / 2.0).ceil().max(2.0)))
    }

    fn check(&self) -> Result<()> {
        check_alpha(self.alpha)?;
        Setting::Power.check(self.power > 0.0 && self.power < 1.0)?;
        Setting::Tests.check(self.tests > 0)?;
        self.tuning.map_or(Ok(()), check_tuning)
    }

    fn growing(&self, effect: &Effect) -> Result<Growing> {
        let prior = prior_in(self.prior, effect.kind, effect.control)?;
        Ok(Growing { prior, unit: effect.unit_variance() })
    }

    fn at(&self, growing: &Growing, count: f64, wanted: f64) -> f64 {
        let alpha = self.alpha / f64::from(self.tests);
        let error = (growing.unit / count).sqrt();
        let distance = wanted / error;
        let quantile = || normal_quantile(1.0 - alpha / 2.0);
        let (width, shift) = match (growing.prior, self.tuning) {
            (Some((mean, deviation)), _) => {
                let weight = error / deviation;
                (quantile() * (weight * weight + 1.0).sqrt(), weight * mean / deviation)
            }
            (None, Some(tuning)) => (half_width(count, alpha, rho(alpha, tuning)), 0.0),
            (None, None) => (quantile(), 0.0),
        };
        normal_tail(width - shift - distance) + normal_tail(width + shift + distance)
    }
}

impl Baseline {
    /// The control's value, and the variance of the effect times the observations
    /// of two equal arms together.
    fn unit_variance(&self, wanted: f64, kind: EffectKind) -> Result<(f64, f64)> {
        let (mean, of_control) = match *self {
            Self::Proportion { rate } => (rate, rate * (1.0 - rate)),
            Self::Mean { mean, variance } => (mean, variance),
        };
        let variant = match kind {
            EffectKind::Absolute => mean + wanted,
            EffectKind::Relative => mean + wanted * mean.abs(),
        };
        let of_variant = match self {
            Self::Proportion { .. } => {
                Setting::Wanted.check(variant > 0.0 && variant < 1.0)?;
                variant * (1.0 - variant)
            }
            Self::Mean { .. } => of_control,
        };
        let unit = match kind {
            EffectKind::Absolute => 2.0 * (of_control + of_variant),
            EffectKind::Relative if mean == 0.0 => return Err(Error::ZeroBaseline),
            EffectKind::Relative => {
                let ratio = variant / mean;
                2.0 * (of_variant + of_control * ratio * ratio) / (mean * mean)
            }
        };
        if !unit.is_finite() {
            return Err(Error::NotFinite);
        }
        if unit > 0.0 { Ok((mean, unit)) } else { Err(Error::NoVariance) }
    }
}

/// The least positive number that is enough, if some power of two of `start` is.
fn least(start: f64, enough: impl Fn(f64) -> bool) -> Option<f64> {
    let mut upper =
        (0..=MOST_DOUBLINGS).map(|times| start * 2f64.powi(times)).find(|size| enough(*size))?;
    let mut lower = 0.0;
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(lower, upper);
        if middle <= lower || middle >= upper {
            break;
        }
        if enough(middle) {
            upper = middle;
        } else {
            lower = middle;
        }
    }
    Some(upper)
}
