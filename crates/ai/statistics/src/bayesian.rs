//! The Bayesian test: what is believed about the effect after the data, given
//! what was believed before.
//!
//! Its statements hold at every look for who shares the prior, but it promises
//! nothing about how often a variant is wrongly called the winner. With a flat
//! prior, stopping at the first high chance to win is wrong as often as peeking
//! at a fixed horizon.

use serde::{Deserialize, Serialize};

use crate::distributions::{normal_density, normal_quantile, normal_tail};
use crate::effect::{Better, Effect, EffectKind};
use crate::error::{Error, Result, Setting, check_alpha};
use crate::fixed::Interval;

/// What is believed about the effect before any data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Prior {
    /// Nothing: every effect is as likely as any other.
    #[default]
    Flat,
    /// A normal distribution of the effect in unit `of`. GrowthBook proposes a
    /// relative effect around 0 with a deviation of 0.3.
    Normal { mean: f64, deviation: f64, of: EffectKind },
}

/// What is lost on average by a choice, in the effect's unit: nothing where it
/// turns out right, the difference where it does not. Also called expected loss.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Risk {
    /// Of staying with the control.
    pub control: f64,
    /// Of taking the variant.
    pub variant: f64,
}

/// What the Bayesian test says.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bayesian {
    /// That the variant is better than the control.
    pub chance_to_win: f64,
    /// The mean of what is believed now.
    pub estimate: f64,
    /// Its standard deviation.
    pub deviation: f64,
    /// Holds the effect with probability `1 − alpha`, half of the rest on each side.
    pub interval: Interval,
    pub risk: Risk,
}

/// Normal prior, normal likelihood. Equals `EffectBayesianABTest` of `gbstats`; see
/// GrowthBook's documentation, "Statistical details", for the derivation.
///
/// # Errors
/// [`Error::ZeroBaseline`] where a relative prior meets an absolute effect, or the
/// reverse, and the control's value is 0.
pub fn bayesian(effect: &Effect, better: Better, prior: Prior, alpha: f64) -> Result<Bayesian> {
    check_alpha(alpha)?;
    let (mean, deviation) = posterior(effect, prior)?;
    let score = mean / deviation;
    // E[max(0, δ)] and E[max(0, −δ)] of a normal δ.
    let gain = deviation * shortfall(-score);
    let loss = deviation * shortfall(score);
    let (control, variant) = match better {
        Better::Higher => (gain, loss),
        Better::Lower => (loss, gain),
    };
    Ok(Bayesian {
        chance_to_win: normal_tail(-better.improvement(score)),
        estimate: mean,
        deviation,
        interval: Interval::around(mean, normal_quantile(1.0 - alpha / 2.0) * deviation)?,
        risk: Risk { control, variant },
    })
}

/// Mean and deviation after the data: precisions add, means weigh by precision.
fn posterior(effect: &Effect, prior: Prior) -> Result<(f64, f64)> {
    let Some((mean, deviation)) = prior_in(prior, effect.kind, effect.control)? else {
        return Ok((effect.estimate, effect.standard_error));
    };
    let before = 1.0 / (deviation * deviation);
    let data = 1.0 / (effect.standard_error * effect.standard_error);
    let after = (before * mean + data * effect.estimate) / (before + data);
    let spread = (1.0 / (before + data)).sqrt();
    if after.is_finite() && spread.is_finite() && spread > 0.0 {
        Ok((after, spread))
    } else {
        Err(Error::NotFinite)
    }
}

/// Mean and deviation of a prior in the unit of an effect; none where it is flat.
pub(crate) fn prior_in(prior: Prior, kind: EffectKind, control: f64) -> Result<Option<(f64, f64)>> {
    let Prior::Normal { mean, deviation, of } = prior else { return Ok(None) };
    let baseline = control.abs();
    if of != kind && baseline == 0.0 {
        return Err(Error::ZeroBaseline);
    }
    let scale = match (of, kind) {
        (EffectKind::Relative, EffectKind::Absolute) => baseline,
        (EffectKind::Absolute, EffectKind::Relative) => 1.0 / baseline,
        _ => 1.0,
    };
    let (mean, deviation) = (mean * scale, deviation * scale);
    Setting::Prior.check(mean.is_finite() && deviation.is_finite() && deviation > 0.0)?;
    Ok(Some((mean, deviation)))
}

/// By how much a standard normal falls short of `−score` on average.
fn shortfall(score: f64) -> f64 {
    (normal_density(score) - score * normal_tail(score)).max(0.0)
}
