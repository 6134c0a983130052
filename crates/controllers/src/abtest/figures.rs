//! From a test's words to those of `dais-statistics`, and back.

use std::collections::BTreeMap;

use dais_api::ABTestSpec;
use dais_api::abtest::{
    DecisionState, Direction, Engine, Interval, Metric, TestDecision, VariantFigures,
};
use dais_statistics::{
    Answer, Better, Comparison, DEFAULT_TUNING, Decision, EffectKind, Goal, Method, Plan, Prior,
    Reason, State, Tested, TimeLeft,
};

/// A test without an end may run for so long, in days.
const ENDLESS: f64 = 36_500.0;
const DAY: f64 = 86_400.0;
/// What a spec leaves out.
pub(super) const ALPHA: f64 = 0.05;
pub(super) const CHANCE_TO_WIN: f64 = 0.95;

pub(super) fn better(metric: &Metric) -> Better {
    match metric.direction {
        Direction::Increase => Better::Higher,
        Direction::Decrease => Better::Lower,
    }
}

/// How a metric is judged; `days` is how long the test will have run at its end.
pub(super) fn plan(spec: &ABTestSpec, metric: &Metric, days: Option<f64>) -> Plan {
    let analysis = &spec.analysis;
    let alpha = analysis.alpha.unwrap_or(ALPHA);
    let method = match analysis.engine {
        Engine::Bayesian => Method::Bayesian {
            prior: Prior::Flat,
            chance_to_win: analysis.chance_to_win.unwrap_or(CHANCE_TO_WIN),
        },
        Engine::Frequentist => {
            Method::Sequential { tuning: analysis.tuning.unwrap_or(DEFAULT_TUNING) }
        }
    };
    Plan {
        control: spec.variants.first().map(|control| control.name.clone()).unwrap_or_default(),
        method,
        goal: Goal {
            better: better(metric),
            kind: EffectKind::Relative,
            negligible: metric.minimum_effect,
            wanted: metric.minimum_effect,
        },
        guardrails: BTreeMap::new(),
        alpha,
        power: analysis.power.unwrap_or(0.8),
        min_count: min_count(spec),
        max_days: days.filter(|days| *days > 0.0).unwrap_or(ENDLESS),
        ..Plan::default()
    }
}

pub(super) fn min_count(spec: &ABTestSpec) -> u64 {
    spec.analysis.min_subjects.and_then(|least| u64::try_from(least).ok()).unwrap_or(100)
}

pub(super) fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A variant against the control, as the status says it.
pub(super) fn compared(figures: &mut VariantFigures, answer: &Answer<Comparison>) {
    let comparison = match answer {
        Answer::Known(comparison) => comparison,
        Answer::Unknown(why) => {
            figures.message = Some(why.to_string());
            return;
        }
    };
    let interval = comparison.interval();
    figures.effect = Some(comparison.estimate());
    figures.interval = Some(Interval { lower: interval.lower, upper: interval.upper });
    figures.detectable = Some(comparison.detectable);
    match comparison.tested {
        Tested::Bayesian(result) => {
            figures.chance_to_win = Some(result.chance_to_win);
            figures.risk = Some(result.risk.variant);
        }
        Tested::Fixed(_) | Tested::Sequential(_) => figures.p_value = comparison.p_value(),
    }
    if let Some(TimeLeft { observations, days }) = comparison.time_left {
        figures.subjects_left = Some(observations.min(1e15) as i64);
        figures.seconds_left = Some(rounded(days * DAY));
    }
}

/// To two digits: it moves with every second, and nobody needs to know it better.
fn rounded(seconds: f64) -> i64 {
    if seconds < 100.0 {
        return seconds.max(0.0).ceil() as i64;
    }
    let unit = 10_f64.powf(seconds.min(1e15).log10().floor() - 1.0);
    ((seconds.min(1e15) / unit).round() * unit) as i64
}

pub(super) fn decision(decision: &Decision) -> TestDecision {
    let state = match decision.state {
        State::Running => DecisionState::Open,
        State::Winner => DecisionState::Winner,
        State::NoDifference => DecisionState::NoDifference,
        State::Stopped => DecisionState::Stopped,
    };
    let winner = decision.variant.clone().filter(|_| state == DecisionState::Winner);
    let (reason, message) = words(&decision.reason, winner.as_deref().unwrap_or_default());
    TestDecision { state, winner, reason: reason.to_owned(), message }
}

fn words(reason: &Reason, winner: &str) -> (&'static str, String) {
    match reason {
        Reason::Collecting { count, needed } => (
            "Collecting",
            format!("a variant has {count} subjects; nothing is decided below {needed}"),
        ),
        Reason::BeforeHorizon { .. } => (
            "AwaitingEnd",
            "a chance to win decides at the end that spec.until sets by time, requests or subjects: who stops at the first high one is wrong several times as often".to_owned(),
        ),
        Reason::Undecided { .. } => ("Undecided", "the figures leave it open".to_owned()),
        Reason::SampleRatioMismatch { p_value, .. } => (
            "SampleRatioMismatch",
            format!(
                "the split of subjects is not the intended one (p = {p_value:.1e}): no figure can be trusted"
            ),
        ),
        Reason::GuardrailHarmed { metric, .. } => {
            ("GuardrailHarmed", format!("every variant harms {metric}"))
        }
        Reason::Significant { estimate, p_value, interval } => (
            "Significant",
            format!(
                "{winner} is better: {} ({} to {}), p = {p_value:.2e} at any look",
                percent(*estimate),
                percent(interval.lower),
                percent(interval.upper)
            ),
        ),
        Reason::LikelyBetter { estimate, chance_to_win, .. } => (
            "LikelyBetter",
            format!(
                "{winner} is better with a chance of {:.1} %: {}",
                chance_to_win * 100.0,
                percent(*estimate)
            ),
        ),
        Reason::ControlBetter { variant, estimate, .. } => (
            "ControlBetter",
            format!(
                "the control is better than every variant; {variant} comes closest: {}",
                percent(*estimate)
            ),
        ),
        Reason::Negligible { negligible, .. } => (
            "Negligible",
            format!("no variant differs from the control by {:.1} % or more", negligible * 100.0),
        ),
        Reason::HorizonReached { detectable, .. } => (
            "HorizonReached",
            format!(
                "over, and open: an effect of {:.1} % would have been found",
                detectable * 100.0
            ),
        ),
        Reason::NoAnswer { variant, error } => ("NoAnswer", format!("{variant}: {error}")),
        _ => ("Undecided", String::new()),
    }
}

pub(super) fn percent(share: f64) -> String {
    format!("{:+.1} %", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::rounded;

    #[test]
    fn time_left_is_told_in_two_digits() {
        assert_eq!(rounded(-1.0), 0);
        assert_eq!(rounded(59.2), 60);
        assert_eq!(rounded(86_399.0), 86_000);
        assert_eq!(rounded(1_234_567.0), 1_200_000);
        assert!(rounded(f64::INFINITY) > 0);
    }
}
