//! Thompson sampling: shares that follow the primary metric, and who is taken for the best
//! at the end. No I/O.

use std::time::Duration;

use dais_api::abtest::{BanditRule, BanditStatus, DecisionState, TestDecision};
use dais_api::{ABTestSpec, ABTestStatus};
use dais_statistics::{Bandit, Pcg64, SeedableRng, Statistic};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::{SignedDuration, Timestamp};

use super::analysis::empty;
use super::figures;
use crate::seams::TestReading;

/// Of the spec, out of 1; the same for all where nobody has any.
pub(super) fn declared(spec: &ABTestSpec) -> Vec<f64> {
    let all: f64 = spec.variants.iter().map(|variant| variant.weight).sum();
    let count = spec.variants.len() as f64;
    let share = |weight: f64| if all > 0.0 { weight / all } else { 1.0 / count };
    spec.variants.iter().map(|variant| share(variant.weight)).collect()
}

/// The shares now: those of the last renewal, where there was one.
pub(super) fn shares(spec: &ABTestSpec, status: &ABTestStatus) -> Vec<f64> {
    let renewed = status.bandit.as_ref().filter(|_| spec.bandit.is_some());
    let renewed = renewed.map(|bandit| &bandit.shares);
    match renewed.filter(|shares| shares.len() == spec.variants.len()) {
        Some(shares) => shares.clone(),
        None => declared(spec),
    }
}

fn every(rule: &BanditRule) -> SignedDuration {
    SignedDuration::from_secs(rule.every_seconds.unwrap_or(3600))
}

/// Until the next renewal.
pub(super) fn next(spec: &ABTestSpec, status: &ABTestStatus, now: Timestamp) -> Option<Duration> {
    let rule = spec.bandit.as_ref()?;
    let last = status.bandit.as_ref().and_then(|bandit| bandit.renewed.as_ref());
    let last = last.or(status.start_time.as_ref())?;
    let due = last.0.saturating_add(every(rule)).ok()?;
    let left = due.duration_since(now);
    Some(if left.is_negative() { Duration::ZERO } else { left.unsigned_abs() })
}

/// Renews the shares when it is time; `seed` is the test's own.
pub(super) fn renew(
    spec: &ABTestSpec,
    status: &ABTestStatus,
    (reading, seed): (&TestReading, u64),
    now: Timestamp,
) -> Option<BanditStatus> {
    let rule = spec.bandit.as_ref()?;
    let before = status.bandit.clone().unwrap_or_default();
    if next(spec, status, now).is_none_or(|left| !left.is_zero()) {
        return Some(before);
    }
    let found = spec.metrics.iter().zip(&reading.metrics);
    let Some((metric, reading)) = found.into_iter().find(|(m, _)| m.name == spec.primary) else {
        return Some(before);
    };
    let Some(kind) = reading.variants.values().next() else { return Some(before) };
    let arms: Vec<Statistic> = spec
        .variants
        .iter()
        .map(|variant| reading.variants.get(&variant.name).copied().unwrap_or_else(|| empty(kind)))
        .collect();
    let least = rule.min_percent.unwrap_or(5.0) / 100.0;
    let bandit = Bandit {
        better: figures::better(metric),
        // So that there is room for every variant.
        min_share: least.min(1.0 / spec.variants.len() as f64),
        min_count: rule.min_subjects.and_then(|n| u64::try_from(n).ok()).unwrap_or(100),
        ..Bandit::default()
    };
    let renewed = Some(Time(now));
    let rounds = before.rounds.saturating_add(1);
    let round = u64::try_from(rounds).unwrap_or(0);
    let mut rng = Pcg64::seed_from_u64(seed ^ round);
    Some(match bandit.shares(&arms, &mut rng) {
        Ok(drawn) => {
            BanditStatus { renewed, rounds, best: drawn.best, shares: drawn.shares, message: None }
        }
        Err(why) => BanditStatus { message: Some(why.to_string()), renewed, ..before },
    })
}

/// What a bandit says instead of what its figures say: shares that follow the results bias
/// these, so that no promise about errors holds. At the end it takes the variant that has a
/// chance of `chanceToWin` to be the best; among variants that are alike any will do.
///
/// `figures` are kept where they say that there is nothing to go by.
pub(super) fn decision(
    spec: &ABTestSpec,
    status: &ABTestStatus,
    figures: Option<TestDecision>,
    is_over: bool,
) -> Option<TestDecision> {
    let bandit = status.bandit.clone().unwrap_or_default();
    let nothing = ["Collecting", "SampleRatioMismatch"];
    if spec.bandit.is_none()
        || figures.as_ref().is_none_or(|found| nothing.contains(&found.reason.as_str()))
    {
        return figures;
    }
    let of = |state, winner: Option<&str>, reason: &str, message: String| {
        let (winner, reason) = (winner.map(str::to_owned), reason.to_owned());
        Some(TestDecision { state, winner, reason, message })
    };
    let named = spec.variants.iter().zip(&bandit.best);
    let best = named.max_by(|(_, a), (_, b)| a.total_cmp(b));
    let words = best.map_or_else(
        || "weights have not moved yet".to_owned(),
        |(variant, chance)| {
            format!("{} is the best with a chance of {:.1} %", variant.name, chance * 100.0)
        },
    );
    let enough = spec.analysis.chance_to_win.unwrap_or(figures::CHANCE_TO_WIN);
    match best {
        _ if !is_over => {
            let message = format!("a bandit decides at the end of the test; {words}");
            of(DecisionState::Open, None, "Choosing", message)
        }
        Some((variant, chance)) if *chance >= enough => {
            of(DecisionState::Winner, Some(&variant.name), "LikelyBest", words)
        }
        _ => of(DecisionState::NoDifference, None, "NoneBest", format!("over, and open: {words}")),
    }
}

#[cfg(test)]
mod tests;
