//! What to do with a test, given its figures and the rules it was set up with.

use serde::{Deserialize, Serialize};

use crate::analysis::{Answer, ArmReport, Comparison, Report, Tested};
use crate::error::Error;
use crate::fixed::Interval;
use crate::guardrail::{GuardrailResult, Verdict};
use crate::plan::{Method, Plan};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// Go on.
    Running,
    /// One arm is better: the control, or one of the variants.
    Winner,
    /// The test is over, and no arm is surely or noticeably better.
    NoDifference,
    /// The test must end without a result.
    Stopped,
}

/// Why, with the figures that it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Reason {
    /// Too few observations in one arm.
    Collecting { count: u64, needed: u64 },
    /// The method looks once, at the end.
    BeforeHorizon { days: f64, max_days: f64 },
    /// The figures leave it open.
    Undecided { days: f64, max_days: f64 },
    /// The split of users is not the intended one: no figure can be trusted.
    SampleRatioMismatch { p_value: f64, threshold: f64 },
    /// Every variant harms a guardrail; this is the first that was found.
    GuardrailHarmed { metric: String, figures: GuardrailResult },
    /// The interval lies on the better side of 0.
    Significant { estimate: f64, p_value: f64, interval: Interval },
    /// The chance to win is above the threshold.
    LikelyBetter { estimate: f64, chance_to_win: f64, threshold: f64, risk: f64 },
    /// Every variant is worse; these are the figures of the one that is least so.
    ControlBetter { variant: String, estimate: f64, interval: Interval },
    /// Every variant's effect is too small to matter, or is worse.
    Negligible { negligible: f64, interval: Interval },
    /// The last day has come, and the figures leave it open.
    HorizonReached { days: f64, detectable: f64 },
    /// A figure cannot be computed.
    NoAnswer { variant: String, error: Error },
}

/// A variant that harms a guardrail, and should get no more users.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Harm {
    pub variant: String,
    pub metric: String,
    pub figures: GuardrailResult,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    pub state: State,
    /// The arm that the state is about: the winner, or a single variant.
    pub variant: Option<String>,
    pub reason: Reason,
    /// Variants that can no longer win, whatever the state.
    pub harmful: Vec<Harm>,
}

/// A variant that may still win.
struct Candidate<'a> {
    name: &'a str,
    figures: &'a Comparison,
}

impl Plan {
    /// Decides at one look.
    ///
    /// Expected flow, the first that holds: every variant harms a guardrail, stop;
    /// the split is wrong, trust nothing (and stop on the last day); too little to
    /// say, wait; a fixed horizon that is not reached, wait; a variant is better,
    /// the best of those wins; all are worse, the control wins; all are
    /// negligible, no difference; the last day, no difference; else wait.
    ///
    /// Better or worse is what both the effect and the absolute difference show.
    ///
    /// Guarantees: a variant that harms a guardrail never wins. With the
    /// sequential method a test of equal arms ever names a winner with probability
    /// `alpha` at most, however often it is looked at. The others look once, on the
    /// last day: the fixed one is wrong as often, the Bayesian one names each variant
    /// with the probability `1 − chance_to_win`, and so the control. Guardrails have
    /// an `alpha` each.
    ///
    /// Assumes that `report` comes from [`Plan::analyse`] of the same plan.
    pub fn decide(&self, report: &Report) -> Decision {
        let variants = || report.arms.iter().filter(|arm| arm.goal.is_some());
        let harmful: Vec<Harm> = variants().filter_map(harm).collect();
        let harmed = |arm: &&ArmReport| harmful.iter().any(|harm| harm.variant == arm.name);
        let left: Vec<&ArmReport> = variants().filter(|arm| !harmed(arm)).collect();
        let (state, variant, reason) = self.judge(report, &left, harmful.first());
        let only = if left.len() + harmful.len() == 1 { variants().next() } else { None };
        let variant = variant.or_else(|| only.map(|arm| arm.name.clone()));
        Decision { state, variant, reason, harmful }
    }

    fn judge(
        &self,
        report: &Report,
        left: &[&ArmReport],
        harm: Option<&Harm>,
    ) -> (State, Option<String>, Reason) {
        let (days, max_days) = (report.days, self.max_days);
        let over = days >= max_days;
        let waiting = if over { State::Stopped } else { State::Running };
        if let (true, Some(Harm { metric, figures, .. })) = (left.is_empty(), harm) {
            let reason = Reason::GuardrailHarmed { metric: metric.clone(), figures: *figures };
            return (State::Stopped, None, reason);
        }
        if report.mismatch < self.mismatch_alpha {
            let (p_value, threshold) = (report.mismatch, self.mismatch_alpha);
            return (waiting, None, Reason::SampleRatioMismatch { p_value, threshold });
        }
        let candidates = match left.iter().map(|arm| candidate(arm)).collect::<Result<Vec<_>, _>>()
        {
            Ok(candidates) => candidates,
            Err(reason) => return (waiting, None, reason),
        };
        if !over && !matches!(self.method, Method::Sequential { .. }) {
            return (State::Running, None, Reason::BeforeHorizon { days, max_days });
        }
        if let Some((name, reason)) = self.winner(&candidates) {
            return (State::Winner, Some(name), reason);
        }
        if let Some(reason) = self.negligible(&candidates) {
            return (State::NoDifference, None, reason);
        }
        if over {
            let detectable = candidates.iter().map(|c| c.figures.detectable).fold(0.0, f64::max);
            return (State::NoDifference, None, Reason::HorizonReached { days, detectable });
        }
        (State::Running, None, Reason::Undecided { days, max_days })
    }

    /// The best of the variants that are better, or the control where none is as good.
    fn winner(&self, candidates: &[Candidate<'_>]) -> Option<(String, Reason)> {
        let better = candidates.iter().filter(|c| self.is_better(c.figures)).collect();
        if let Some(best) = self.best(better) {
            return Some((best.name.to_owned(), self.reason_to_take(best.figures)));
        }
        if candidates.iter().all(|c| self.is_worse(c.figures)) {
            let best = self.best(candidates.iter().collect())?;
            let (estimate, interval) = (best.figures.estimate(), best.figures.interval());
            let variant = best.name.to_owned();
            let reason = Reason::ControlBetter { variant, estimate, interval };
            return Some((self.control.clone(), reason));
        }
        None
    }

    fn best<'a>(&self, of: Vec<&'a Candidate<'a>>) -> Option<&'a Candidate<'a>> {
        let gain = |c: &Candidate<'_>| self.goal.better.improvement(c.figures.estimate());
        of.into_iter().max_by(|a, b| gain(a).total_cmp(&gain(b)))
    }

    fn reason_to_take(&self, figures: &Comparison) -> Reason {
        match figures.tested {
            Tested::Bayesian(result) => Reason::LikelyBetter {
                estimate: result.estimate,
                chance_to_win: result.chance_to_win,
                threshold: self.threshold(),
                risk: result.risk.variant,
            },
            Tested::Fixed(result) | Tested::Sequential(result) => Reason::Significant {
                estimate: figures.effect.estimate,
                p_value: figures.p_value().unwrap_or(result.p_value),
                interval: result.interval,
            },
        }
    }

    /// The chance from which on the Bayesian method calls a winner.
    fn threshold(&self) -> f64 {
        match self.method {
            Method::Bayesian { chance_to_win, .. } => chance_to_win,
            Method::Fixed | Method::Sequential { .. } => 1.0 - self.alpha / 2.0,
        }
    }

    fn is_better(&self, figures: &Comparison) -> bool {
        [figures.tested, figures.difference].into_iter().all(|tested| match tested {
            Tested::Bayesian(result) => result.chance_to_win >= self.threshold(),
            Tested::Fixed(result) | Tested::Sequential(result) => {
                self.worst_case(result.interval) > 0.0
            }
        })
    }

    fn is_worse(&self, figures: &Comparison) -> bool {
        [figures.tested, figures.difference].into_iter().all(|tested| match tested {
            Tested::Bayesian(result) => result.chance_to_win <= 1.0 - self.threshold(),
            Tested::Fixed(result) | Tested::Sequential(result) => {
                self.best_case(result.interval) < 0.0
            }
        })
    }

    fn negligible(&self, candidates: &[Candidate<'_>]) -> Option<Reason> {
        let negligible = self.goal.negligible?.abs();
        let small = |c: &Candidate<'_>| c.figures.interval().within(-negligible, negligible);
        let all = candidates.iter().all(|c| small(c) || self.is_worse(c.figures));
        let widest = candidates.iter().filter(|c| small(c)).map(|c| c.figures.interval());
        let width = |interval: &Interval| interval.upper - interval.lower;
        let interval = widest.max_by(|a, b| width(a).total_cmp(&width(b)))?;
        all.then_some(Reason::Negligible { negligible, interval })
    }

    fn worst_case(&self, interval: Interval) -> f64 {
        let better = self.goal.better;
        better.improvement(interval.lower).min(better.improvement(interval.upper))
    }

    fn best_case(&self, interval: Interval) -> f64 {
        let better = self.goal.better;
        better.improvement(interval.lower).max(better.improvement(interval.upper))
    }
}

impl Comparison {
    pub fn interval(&self) -> Interval {
        match self.tested {
            Tested::Fixed(result) | Tested::Sequential(result) => result.interval,
            Tested::Bayesian(result) => result.interval,
        }
    }

    /// Of the less sure of the effect and the difference; none of the Bayesian method.
    pub fn p_value(&self) -> Option<f64> {
        let of = |tested: Tested| match tested {
            Tested::Fixed(result) | Tested::Sequential(result) => Some(result.p_value),
            Tested::Bayesian(_) => None,
        };
        Some(of(self.tested)?.max(of(self.difference)?))
    }

    /// With a prior, the mean of what is believed after the data.
    pub fn estimate(&self) -> f64 {
        match self.tested {
            Tested::Fixed(_) | Tested::Sequential(_) => self.effect.estimate,
            Tested::Bayesian(result) => result.estimate,
        }
    }
}

fn candidate(arm: &ArmReport) -> Result<Candidate<'_>, Reason> {
    match &arm.goal {
        Some(Answer::Known(figures)) => Ok(Candidate { name: &arm.name, figures }),
        Some(Answer::Unknown(Error::TooFew { count, needed })) => {
            Err(Reason::Collecting { count: *count, needed: *needed })
        }
        Some(Answer::Unknown(error)) => {
            Err(Reason::NoAnswer { variant: arm.name.clone(), error: error.clone() })
        }
        // Only the control has no comparison, and it is no candidate.
        None => Err(Reason::Collecting { count: 0, needed: 1 }),
    }
}

fn harm(arm: &ArmReport) -> Option<Harm> {
    arm.guardrails.iter().find_map(|(metric, answer)| {
        let figures = *answer.known().filter(|found| found.verdict == Verdict::Harmful)?;
        Some(Harm { variant: arm.name.clone(), metric: metric.clone(), figures })
    })
}
