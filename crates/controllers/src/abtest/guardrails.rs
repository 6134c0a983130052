//! What no variant may harm. No I/O.
//!
//! Judged by one-sided sequential bounds, so that it may be looked at always; all of them
//! share `alpha`, which so is how often a test without harm is stopped. An arm
//! whose values are all alike, for example without any error, says nothing of how sure a
//! difference is; each arm then gets one more observation, of the other's value, which
//! makes harm a little harder to show and never easier.

use dais_api::ABTestSpec;
use dais_api::abtest::{GuardrailRule, GuardrailStatus, GuardrailVerdict, Interval, Metric};
use dais_statistics::{
    DEFAULT_TUNING, EffectKind, Error, Guardrail, GuardrailResult, Result, Statistic, Verdict,
};

use super::analysis::empty;
use super::figures;
use crate::seams::{MetricReading, TestReading};

/// Every guardrail of every variant but the control.
pub(super) fn judge(spec: &ABTestSpec, reading: &TestReading) -> Vec<GuardrailStatus> {
    let mut all = Vec::new();
    for rule in &spec.guardrails {
        let found = spec.metrics.iter().zip(&reading.metrics);
        let Some((metric, reading)) = found.into_iter().find(|(m, _)| m.name == rule.metric) else {
            continue;
        };
        let (Some(control), variants) = (spec.variants.first(), spec.variants.iter().skip(1))
        else {
            continue;
        };
        for variant in variants {
            let pair = pair(reading, &control.name, &variant.name);
            all.push(of_variant(spec, (rule, metric), &variant.name, pair));
        }
    }
    all
}

/// The first harm, in words.
pub(super) fn harm(found: &[GuardrailStatus]) -> Option<String> {
    let harmful = found.iter().find(|one| one.verdict == GuardrailVerdict::Harmful)?;
    let by = harmful.improvement.map(|by| match harmful.is_absolute {
        true => format!("{:.4}", -by),
        false => format!("{:.1} %", -by * 100.0),
    });
    let accepted = match harmful.is_absolute {
        true => format!("{}", harmful.max_worse),
        false => format!("{:.1} %", harmful.max_worse * 100.0),
    };
    Some(format!(
        "guardrail {}: variant {} is worse by {} and {accepted} is accepted; everybody gets the control",
        harmful.metric,
        harmful.variant,
        by.unwrap_or_default(),
    ))
}

fn pair(reading: &MetricReading, control: &str, variant: &str) -> Option<(Statistic, Statistic)> {
    let kind = reading.variants.values().next()?;
    let of = |name: &str| reading.variants.get(name).copied().unwrap_or_else(|| empty(kind));
    Some((of(control), of(variant)))
}

fn of_variant(
    spec: &ABTestSpec,
    (rule, metric): (&GuardrailRule, &Metric),
    variant: &str,
    pair: Option<(Statistic, Statistic)>,
) -> GuardrailStatus {
    let none = GuardrailStatus {
        metric: rule.metric.clone(),
        variant: variant.to_owned(),
        max_worse: rule.max_worse_by.or(rule.max_worse).unwrap_or(0.0),
        is_absolute: rule.max_worse_by.is_some(),
        ..GuardrailStatus::default()
    };
    let Some((control, variant)) = pair else {
        return GuardrailStatus { message: Some("no values yet".to_owned()), ..none };
    };
    match check(spec, (rule, metric), &control, &variant) {
        Ok((result, kind)) => GuardrailStatus {
            verdict: match result.verdict {
                Verdict::Harmful => GuardrailVerdict::Harmful,
                Verdict::Inconclusive => GuardrailVerdict::Inconclusive,
                Verdict::Fine => GuardrailVerdict::Fine,
            },
            improvement: Some(result.improvement),
            interval: Some(Interval { lower: result.lower, upper: result.upper }),
            max_worse: result.tolerated,
            is_absolute: kind == EffectKind::Absolute,
            ..none
        },
        Err(why) => GuardrailStatus { message: Some(why.to_string()), ..none },
    }
}

fn check(
    spec: &ABTestSpec,
    (rule, metric): (&GuardrailRule, &Metric),
    control: &Statistic,
    variant: &Statistic,
) -> Result<(GuardrailResult, EffectKind)> {
    let needed = figures::min_count(spec);
    let count = control.count().min(variant.count());
    if count < needed {
        return Err(Error::TooFew { count, needed });
    }
    let (kind, tolerated) = match (rule.max_worse_by, control.mean()?) {
        (Some(by), _) => (EffectKind::Absolute, by),
        // Nothing is relative to 0, and any share of it is 0.
        (None, 0.0) => (EffectKind::Absolute, 0.0),
        (None, _) => (EffectKind::Relative, rule.max_worse.unwrap_or(0.0)),
    };
    let bounds = spec.guardrails.len() * spec.variants.len().saturating_sub(1);
    let guardrail = Guardrail {
        better: figures::better(metric),
        kind,
        tolerated,
        alpha: spec.analysis.alpha.unwrap_or(figures::ALPHA) / bounds.max(1) as f64,
        tuning: spec.analysis.tuning.unwrap_or(DEFAULT_TUNING),
    };
    let result = match guardrail.check(control, variant) {
        Err(Error::NoVariance) if control.mean()? != variant.mean()? => {
            guardrail.check(&with_one(control, variant)?, &with_one(variant, control)?)
        }
        result => result,
    };
    Ok((result?, kind))
}

/// With one observation more, of the value that `other` has.
fn with_one(arm: &Statistic, other: &Statistic) -> Result<Statistic> {
    let value = other.mean()?;
    let mut arm = *arm;
    match &mut arm {
        Statistic::Proportion(counts) => {
            let (none, all) = (counts.successes == 0, counts.successes >= counts.count);
            counts.observe(none || (!all && value >= 0.5));
        }
        Statistic::Mean(moments) => moments.observe(value),
        Statistic::Ratio(pair) => {
            let weight = pair.second().mean();
            pair.observe(value * weight, weight);
        }
        Statistic::Adjusted(pair) => {
            let covariate = pair.second().mean();
            pair.observe(value, covariate);
        }
    }
    Ok(arm)
}

#[cfg(test)]
mod tests;
