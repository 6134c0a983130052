//! What a test was set up to find out, and by which rules it ends.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::bayesian::Prior;
use crate::effect::{Better, EffectKind};
use crate::error::{Result, Setting, check_alpha};
use crate::guardrail::Guardrail;
use crate::power::Power;
use crate::sequential::{DEFAULT_TUNING, check_tuning};

/// How a test decides about its goal.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Method {
    /// One look, after `max_days`.
    Fixed,
    /// Any number of looks.
    Sequential {
        #[serde(default = "default_tuning")]
        tuning: f64,
    },
    /// Any number of looks at a belief, and one, after `max_days`, that decides: who
    /// stops at the first high chance is wrong several times as often as it says.
    Bayesian {
        #[serde(default)]
        prior: Prior,
        /// From which chance on a variant wins, and below 1 less which the control does.
        chance_to_win: f64,
    },
}

fn default_tuning() -> f64 {
    DEFAULT_TUNING
}

impl Default for Method {
    fn default() -> Self {
        Self::Sequential { tuning: DEFAULT_TUNING }
    }
}

/// The metric that decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Goal {
    pub better: Better,
    pub kind: EffectKind,
    /// Effects smaller than this, up or down, are as good as none.
    pub negligible: Option<f64>,
    /// The effect that the test should find; for figures about time left.
    pub wanted: Option<f64>,
}

/// A test's configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Plan {
    /// The name of the arm that the others are compared with.
    pub control: String,
    pub method: Method,
    pub goal: Goal,
    /// By the name of the metric.
    pub guardrails: BTreeMap<String, Guardrail>,
    /// How often a test without any difference may name a winner: over all
    /// variants together (Bonferroni) and, with the sequential method, over all looks.
    pub alpha: f64,
    /// How often an effect of `goal.wanted` should be found.
    pub power: f64,
    /// Observations in each arm before the goal or a guardrail decides anything.
    pub min_count: u64,
    pub max_days: f64,
    /// How often, over all looks together, a split as intended counts as wrong.
    pub mismatch_alpha: f64,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            control: "control".to_owned(),
            method: Method::default(),
            goal: Goal::default(),
            guardrails: BTreeMap::new(),
            alpha: 0.05,
            power: 0.8,
            // Where means of most metrics are close enough to normal, and what the
            // asymptotic sequence needs before its first look.
            min_count: 100,
            max_days: 28.0,
            // A test in a hundred, over all looks.
            mismatch_alpha: 0.01,
        }
    }
}

impl Plan {
    pub(crate) fn check(&self) -> Result<()> {
        check_alpha(self.alpha)?;
        check_alpha(self.mismatch_alpha)?;
        Setting::Power.check(self.power > 0.0 && self.power < 1.0)?;
        Setting::MaxDays.check(self.max_days > 0.0)?;
        let size = |size: Option<f64>| size.is_none_or(|size| size.is_finite() && size != 0.0);
        Setting::Negligible.check(size(self.goal.negligible))?;
        Setting::Wanted.check(size(self.goal.wanted))?;
        match self.method {
            Method::Fixed => Ok(()),
            Method::Sequential { tuning } => check_tuning(tuning),
            Method::Bayesian { chance_to_win: chance, .. } => {
                Setting::ChanceToWin.check(chance > 0.75 && chance < 1.0)
            }
        }
    }

    /// What can be seen with this plan by so many variants besides the control.
    pub(crate) fn power(&self, variants: usize) -> Power {
        let tests = u32::try_from(variants).unwrap_or(u32::MAX).max(1);
        let all = Power { alpha: self.alpha, power: self.power, tests, ..Power::default() };
        match self.method {
            Method::Fixed => all,
            Method::Sequential { tuning } => Power { tuning: Some(tuning), ..all },
            // A chance of c is the lower end of an interval that leaves 1 − c on each side.
            Method::Bayesian { prior, chance_to_win } => {
                Power { alpha: 2.0 * (1.0 - chance_to_win), tests: 1, prior, ..all }
            }
        }
    }
}
