//! One look at a test: what was counted becomes the figures of its status. No I/O.

use dais_api::abtest::{
    MetricStatus, Mismatch, OutcomeCounts, TestDecision, Until, VariantFigures,
};
use dais_api::{ABTestSpec, ABTestStatus};
use dais_statistics::{Answer, Arm, Report, Statistic, mismatch, mismatch_at_any_look};
use k8s_openapi::jiff::Timestamp;

use super::figures::{self, count};
use super::{bandit, course, guardrails};
use crate::seams::{MetricReading, TestReading};

const DAY: f64 = 86_400.0;
/// How often a test whose split is as intended may raise the alarm, over all its looks and
/// all its shares together.
const MISMATCH_ALPHA: f64 = 0.01;
/// Subjects that the smallest variant should have before its split is judged: below it
/// χ² is no good approximation (Cochran, Biometrics 10, 1954).
const LEAST_EXPECTED: f64 = 5.0;

/// Puts the figures of a reading into the status.
pub(super) fn look(
    spec: &ABTestSpec,
    status: &mut ABTestStatus,
    reading: &TestReading,
    now: Timestamp,
) {
    counted(status, reading);
    let mut crossed = 0;
    for variant in reading.variants.values() {
        crossed += count(variant.crossed);
    }
    status.crossed = crossed;
    status.outcomes = Some(OutcomeCounts { ..reading.outcomes.clone() });
    let split = Split::of(status);
    status.mismatch = split.map(|split| Mismatch { p_value: split.once, alarm: split.is_wrong() });
    let span = Span::of(spec, status, now);
    let looks: Vec<(MetricStatus, Option<TestDecision>)> = spec
        .metrics
        .iter()
        .zip(&reading.metrics)
        .map(|(metric, reading)| metric_at(spec, metric, (status, reading), (&span, split)))
        .collect();
    let is_primary =
        |(metric, _): &&(MetricStatus, Option<TestDecision>)| metric.name == spec.primary;
    let decision = looks.iter().find(is_primary).and_then(|(_, decision)| decision.clone());
    status.decision = bandit::decision(spec, status, decision, span.is_over);
    status.metrics = looks.into_iter().map(|(metric, _)| metric).collect();
    status.guardrails = guardrails::judge(spec, reading);
}

/// Days that a test has run, and that it will have at its end.
struct Span {
    days: f64,
    all: Option<f64>,
    /// Whether an end that was set beforehand is reached: the look that decides what was
    /// not to be looked at before.
    is_over: bool,
}

impl Span {
    fn of(spec: &ABTestSpec, status: &ABTestStatus, now: Timestamp) -> Self {
        let began = status.start_time.as_ref().map_or(now, |began| began.0);
        let until = status.completion_time.as_ref().map_or(now, |ended| ended.0);
        let days = |to: Timestamp| to.duration_since(began).as_secs_f64().max(0.0) / DAY;
        let fixed = spec.until.as_ref().map(|until| Until { decided: false, ..until.clone() });
        let is_over = fixed.as_ref().is_some_and(|end| course::is_over(end, status, now).is_some());
        let end = fixed.and_then(|end| end.time).map(|end| days(end.0));
        let days = days(until);
        Self { days, all: if is_over { Some(days) } else { end }, is_over }
    }
}

fn counted(status: &mut ABTestStatus, reading: &TestReading) {
    for variant in &mut status.variants {
        let found = reading.variants.get(&variant.name).copied().unwrap_or_default();
        variant.subjects = count(found.subjects);
        variant.requests = count(found.requests);
        variant.failures = count(found.failures);
    }
    status.subjects = status.variants.iter().map(|variant| variant.subjects).sum();
    status.requests = status.variants.iter().map(|variant| variant.requests).sum();
}

/// The p-values of the split of those who came since the shares are what they are.
#[derive(Clone, Copy)]
struct Split {
    /// At one look.
    once: f64,
    /// At all looks since then.
    always: f64,
    /// What these shares may take of [`MISMATCH_ALPHA`]: a half, a sixth, a twelfth, …,
    /// which never come to more than 1, however often a bandit changes them.
    alpha: f64,
}

impl Split {
    fn of(status: &ABTestStatus) -> Option<Self> {
        let new: Vec<u64> = status
            .variants
            .iter()
            .map(|variant| u64::try_from(variant.subjects - variant.subjects_before).unwrap_or(0))
            .collect();
        let shares: Vec<f64> = status.variants.iter().map(|variant| variant.share).collect();
        let all = new.iter().sum::<u64>() as f64;
        let least = shares.iter().copied().filter(|share| *share > 0.0).fold(1.0, f64::min);
        if all * least < LEAST_EXPECTED {
            return None;
        }
        let number = status.splits.max(1) as f64;
        Some(Self {
            once: mismatch(&new, &shares).ok()?,
            always: mismatch_at_any_look(&new, &shares).ok()?,
            alpha: MISMATCH_ALPHA / (number * (number + 1.0)),
        })
    }

    fn is_wrong(self) -> bool {
        self.always < self.alpha
    }
}

fn metric_at(
    spec: &ABTestSpec,
    metric: &dais_api::abtest::Metric,
    (status, reading): (&ABTestStatus, &MetricReading),
    (span, split): (&Span, Option<Split>),
) -> (MetricStatus, Option<TestDecision>) {
    let name = metric.name.clone();
    let message = reading.message.clone();
    let mut plan = figures::plan(spec, metric, span.all);
    plan.mismatch_alpha = split.map_or(MISMATCH_ALPHA, |split| split.alpha);
    let analysed = arms(status, reading).and_then(|arms| match plan.analyse(&arms, span.days) {
        Ok(report) => Some(report),
        Err(error) => {
            tracing::warn!(%error, metric = name, "a test's figures cannot be made");
            None
        }
    });
    let Some(mut report) = analysed else {
        let figures = status.variants.iter().map(|variant| VariantFigures {
            variant: variant.name.clone(),
            ..VariantFigures::default()
        });
        return (MetricStatus { name, variants: figures.collect(), message }, None);
    };
    report.mismatch = split.map_or(1.0, |split| split.always);
    let decision = figures::decision(&plan.decide(&report));
    (MetricStatus { name, variants: variants(&report), message }, Some(decision))
}

/// In the order of the variants; none while nobody has come.
fn arms(status: &ABTestStatus, reading: &MetricReading) -> Option<Vec<Arm>> {
    let kind = reading.variants.values().next()?;
    let arm = |variant: &dais_api::abtest::VariantStatus| Arm {
        name: variant.name.clone(),
        share: 1.0,
        users: u64::try_from(variant.subjects).unwrap_or(0),
        goal: reading.variants.get(&variant.name).copied().unwrap_or_else(|| empty(kind)),
        guardrails: Default::default(),
    };
    Some(status.variants.iter().map(arm).collect())
}

/// Of a variant that nobody has got yet.
pub(super) fn empty(like: &Statistic) -> Statistic {
    match like {
        Statistic::Proportion(_) => Statistic::Proportion(Default::default()),
        Statistic::Mean(_) => Statistic::Mean(Default::default()),
        Statistic::Ratio(_) => Statistic::Ratio(Default::default()),
        Statistic::Adjusted(_) => Statistic::Adjusted(Default::default()),
    }
}

fn variants(report: &Report) -> Vec<VariantFigures> {
    let of = |arm: &dais_statistics::ArmReport| {
        let mut figures = VariantFigures {
            variant: arm.name.clone(),
            count: count(arm.count),
            value: arm.value.known().copied().filter(|_| arm.count > 0),
            ..VariantFigures::default()
        };
        if let Some(answer) = &arm.goal {
            figures::compared(&mut figures, answer);
        } else if let Answer::Unknown(why) = &arm.value {
            figures.message = Some(why.to_string());
        }
        figures
    };
    report.arms.iter().map(of).collect()
}

#[cfg(test)]
mod tests;
