//! All figures of a test at one look.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::bayesian::{Bayesian, bayesian};
use crate::effect::Effect;
use crate::error::{Error, Result, Setting};
use crate::fixed::{Frequentist, fixed};
use crate::guardrail::{Guardrail, GuardrailResult};
use crate::mismatch::mismatch_at_any_look;
use crate::plan::{Method, Plan};
use crate::power::TimeLeft;
use crate::sequential::sequential;
use crate::statistic::Statistic;

/// One arm of a test, the control among them, as counted so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Arm {
    pub name: String,
    /// The share of users that it should have had; see [`mismatch`].
    pub share: f64,
    pub users: u64,
    pub goal: Statistic,
    /// By the name of the metric.
    #[serde(default)]
    pub guardrails: BTreeMap<String, Statistic>,
}

/// A figure, or why there is none yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Answer<T> {
    Known(T),
    Unknown(Error),
}

/// What the plan's method says.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "camelCase")]
pub enum Tested {
    Fixed(Frequentist),
    Sequential(Frequentist),
    Bayesian(Bayesian),
}

/// A variant against the control, on the goal.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    pub effect: Effect,
    pub tested: Tested,
    /// The same of the absolute effect, with a variance that is large enough: what
    /// decides must show in both.
    pub difference: Tested,
    /// The smallest effect that would be found today with the plan's power.
    pub detectable: f64,
    /// The smallest effect that will be found on the last day.
    pub detectable_at_end: f64,
    /// Until the wanted effect would be found; none without one, or out of reach.
    pub time_left: Option<TimeLeft>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ArmReport {
    pub name: String,
    pub users: u64,
    /// Observations of the goal.
    pub count: u64,
    pub value: Answer<f64>,
    /// None for the control.
    pub goal: Option<Answer<Comparison>>,
    /// Empty for the control.
    pub guardrails: BTreeMap<String, Answer<GuardrailResult>>,
}

/// A test at one look.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub days: f64,
    /// The p-value of the split of users, valid at all looks together.
    pub mismatch: f64,
    /// In the order that they were given in.
    pub arms: Vec<ArmReport>,
}

impl<T> Answer<T> {
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(figure) => Some(figure),
            Self::Unknown(_) => None,
        }
    }
}

impl<T> From<Result<T>> for Answer<T> {
    fn from(result: Result<T>) -> Self {
        match result {
            Ok(figure) => Self::Known(figure),
            Err(why) => Self::Unknown(why),
        }
    }
}

impl Plan {
    /// Computes everything that a page shows and [`Plan::decide`] needs. `days` is
    /// how long the test has run.
    ///
    /// # Errors
    /// Only for a plan or arms that cannot be right. What is merely not known yet
    /// is an [`Answer::Unknown`] in its place.
    pub fn analyse(&self, arms: &[Arm], days: f64) -> Result<Report> {
        self.check()?;
        Setting::Arms.check(arms.len() >= 2)?;
        Setting::Days.check(days >= 0.0 && days.is_finite())?;
        let mut controls = arms.iter().filter(|arm| arm.name == self.control);
        let (Some(control), None) = (controls.next(), controls.next()) else {
            return Err(Error::Setting { setting: Setting::Control });
        };
        let users: Vec<u64> = arms.iter().map(|arm| arm.users).collect();
        let shares: Vec<f64> = arms.iter().map(|arm| arm.share).collect();
        let look = Look { plan: self, control, variants: arms.len() - 1, days };
        Ok(Report {
            days,
            mismatch: mismatch_at_any_look(&users, &shares)?,
            arms: arms.iter().map(|arm| look.report(arm)).collect(),
        })
    }
}

struct Look<'a> {
    plan: &'a Plan,
    control: &'a Arm,
    variants: usize,
    days: f64,
}

impl Look<'_> {
    fn report(&self, arm: &Arm) -> ArmReport {
        let is_control = arm.name == self.control.name;
        let guardrails = self
            .plan
            .guardrails
            .iter()
            .filter(|_| !is_control)
            .map(|(name, rail)| (name.clone(), Answer::from(self.guarded(name, rail, arm))));
        ArmReport {
            name: arm.name.clone(),
            users: arm.users,
            count: arm.goal.count(),
            value: arm.goal.mean().into(),
            goal: (!is_control).then(|| self.compared(arm).into()),
            guardrails: guardrails.collect(),
        }
    }

    fn guarded(&self, name: &str, guardrail: &Guardrail, arm: &Arm) -> Result<GuardrailResult> {
        let of = |arm: &Arm| {
            let missing = || Error::NotMeasured { metric: name.to_owned() };
            arm.guardrails.get(name).copied().ok_or_else(missing)
        };
        let (control, variant) = (of(self.control)?, of(arm)?);
        self.enough(&control, &variant)?;
        guardrail.check(&control, &variant)
    }

    fn enough(&self, control: &Statistic, variant: &Statistic) -> Result<()> {
        let (count, needed) = (control.count().min(variant.count()), self.plan.min_count);
        if count < needed { Err(Error::TooFew { count, needed }) } else { Ok(()) }
    }

    fn tested(&self, effect: &Effect) -> Result<Tested> {
        let Plan { goal, method, alpha, .. } = self.plan;
        let each = alpha / self.variants as f64;
        Ok(match *method {
            Method::Fixed => Tested::Fixed(fixed(effect, each)?),
            Method::Sequential { tuning } => Tested::Sequential(sequential(effect, each, tuning)?),
            Method::Bayesian { prior, .. } => {
                Tested::Bayesian(bayesian(effect, goal.better, prior, *alpha)?)
            }
        })
    }

    fn compared(&self, arm: &Arm) -> Result<Comparison> {
        let Plan { goal, max_days, .. } = self.plan;
        self.enough(&self.control.goal, &arm.goal)?;
        let effect = Effect::measure(&self.control.goal, &arm.goal, goal.kind)?;
        let tested = self.tested(&effect)?;
        let difference = self.tested(&Effect::difference(&self.control.goal, &arm.goal)?)?;
        let power = self.plan.power(self.variants);
        let left = if self.days > 0.0 { (max_days / self.days - 1.0).max(0.0) } else { 0.0 };
        let per_day = effect.count as f64 / self.days;
        let time_left = match goal.wanted {
            Some(wanted) if self.days > 0.0 => power.time_left(&effect, wanted, per_day)?,
            _ => None,
        };
        Ok(Comparison {
            effect,
            tested,
            difference,
            detectable: power.detectable(&effect, 0.0)?,
            detectable_at_end: power.detectable(&effect, left)?,
            time_left,
        })
    }
}
