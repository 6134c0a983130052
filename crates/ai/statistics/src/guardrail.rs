//! Metrics that a variant must not harm, watched so that a test can be stopped at
//! any look.

use serde::{Deserialize, Serialize};

use crate::effect::{Better, Effect, EffectKind};
use crate::error::{Error, Result, Setting};
use crate::sequential::{DEFAULT_TUNING, one_sided};
use crate::statistic::Statistic;

/// A metric that a variant may make worse by so much and no more.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Guardrail {
    pub better: Better,
    pub kind: EffectKind,
    /// How much worse is still good enough, from 0, in the unit of `kind`.
    pub tolerated: f64,
    /// How often, over all looks together, a variant that is just good enough is
    /// called harmful; and as often one that is just too bad is called fine.
    pub alpha: f64,
    pub tuning: f64,
}

impl Default for Guardrail {
    fn default() -> Self {
        Self {
            better: Better::Higher,
            kind: EffectKind::Relative,
            tolerated: 0.0,
            alpha: 0.05,
            tuning: DEFAULT_TUNING,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// Surely worse than tolerated.
    Harmful,
    /// Either is still possible.
    Inconclusive,
    /// Surely not worse than tolerated.
    Fine,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GuardrailResult {
    pub verdict: Verdict,
    /// The variant's effect, signed so that more is better.
    pub improvement: f64,
    /// The improvement is at least this, at all looks, with probability `1 − alpha`.
    pub lower: f64,
    /// The improvement is at most this, at all looks, with probability `1 − alpha`.
    pub upper: f64,
    pub tolerated: f64,
}

impl Guardrail {
    /// Judges a variant against the control. What [`Guardrail::judge`] is sure of must
    /// also be sure by [`Effect::distance`].
    pub fn check(&self, control: &Statistic, variant: &Statistic) -> Result<GuardrailResult> {
        let effect = Effect::measure(control, variant, self.kind)?;
        let mut result = self.judge(&effect)?;
        let width = one_sided(&effect, self.alpha, self.tuning)? / effect.standard_error;
        let edge = self.better.improvement(-self.tolerated);
        if Effect::distance((control, variant), self.kind, edge)?.abs() <= width {
            result.verdict = Verdict::Inconclusive;
        }
        Ok(result)
    }

    /// By one-sided sequential bounds: harmful where the most that the improvement
    /// can be is below `−tolerated`, fine where the least is above it.
    ///
    /// `effect` must be of the guardrail's kind.
    pub fn judge(&self, effect: &Effect) -> Result<GuardrailResult> {
        if effect.kind != self.kind {
            return Err(Error::DifferentKinds);
        }
        Setting::Tolerated.check(self.tolerated >= 0.0 && self.tolerated.is_finite())?;
        let half = one_sided(effect, self.alpha, self.tuning)?;
        let improvement = self.better.improvement(effect.estimate);
        let (lower, upper) = (improvement - half, improvement + half);
        if !(lower.is_finite() && upper.is_finite()) {
            return Err(Error::NotFinite);
        }
        let verdict = if upper < -self.tolerated {
            Verdict::Harmful
        } else if lower > -self.tolerated {
            Verdict::Fine
        } else {
            Verdict::Inconclusive
        };
        Ok(GuardrailResult { verdict, improvement, lower, upper, tolerated: self.tolerated })
    }
}
