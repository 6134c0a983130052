use std::collections::BTreeMap;

use dais_api::abtest::{
    Analysis, BanditRule, BanditStatus, DecisionState, Engine, Metric, TestVariant, VariantStatus,
};
use dais_statistics::Counts;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::*;
use crate::seams::VariantReading;

fn at(days: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + days * 86_400).unwrap()
}

fn spec(engine: Engine) -> ABTestSpec {
    let variant =
        |name: &str| TestVariant { name: name.to_owned(), weight: 1.0, ..TestVariant::default() };
    ABTestSpec {
        variants: vec![variant("a"), variant("b")],
        metrics: vec![Metric {
            name: "bought".to_owned(),
            minimum_effect: Some(0.05),
            ..Metric::default()
        }],
        primary: "bought".to_owned(),
        analysis: Analysis { engine, ..Analysis::default() },
        until: Some(Until { subjects: Some(5000), ..Until::default() }),
        ..ABTestSpec::default()
    }
}

/// After a day, with so many subjects and successes of each variant.
fn looked(engine: Engine, found: [(u64, u64); 2]) -> ABTestStatus {
    looked_at(&spec(engine), ABTestStatus::default(), found)
}

fn looked_at(spec: &ABTestSpec, before: ABTestStatus, found: [(u64, u64); 2]) -> ABTestStatus {
    let variant = |name: &str| VariantStatus {
        name: name.to_owned(),
        share: 0.5,
        ..VariantStatus::default()
    };
    let mut status = ABTestStatus {
        start_time: Some(Time(at(0))),
        variants: vec![variant("a"), variant("b")],
        ..before
    };
    let names = ["a".to_owned(), "b".to_owned()];
    let counts = found.map(|(subjects, _)| VariantReading {
        subjects,
        requests: subjects,
        ..VariantReading::default()
    });
    let values = found.map(|(count, successes)| Statistic::Proportion(Counts { count, successes }));
    let metrics = vec![MetricReading {
        variants: names.clone().into_iter().zip(values).collect(),
        message: None,
    }];
    let variants: BTreeMap<_, _> = names.into_iter().zip(counts).collect();
    let reading = TestReading { variants, metrics, ..TestReading::default() };
    look(spec, &mut status, &reading, at(1));
    status
}

/// Whoever looks until a chance is high finds a winner where there is none.
#[test]
fn a_chance_decides_at_the_end_that_was_set_and_not_before() {
    let early = looked(Engine::Bayesian, [(4999, 500), (4999, 700)]);
    assert!(early.metrics[0].variants[1].chance_to_win.unwrap() > 0.999);
    let decision = early.decision.unwrap();
    assert_eq!((decision.state, decision.winner), (DecisionState::Open, None));
    assert_eq!(decision.reason, "AwaitingEnd");
    assert!(decision.message.contains("spec.until"), "{}", decision.message);
    let open = looked(Engine::Bayesian, [(5000, 500), (5000, 505)]).decision.unwrap();
    assert_eq!((open.state, open.reason.as_str()), (DecisionState::NoDifference, "HorizonReached"));
    // Neither does it end a test that was made before that was refused.
    let mut endless = spec(Engine::Bayesian);
    endless.until = Some(Until { decided: true, ..Until::default() });
    let status = looked_at(&endless, ABTestStatus::default(), [(5000, 500), (5000, 700)]);
    assert!(course::is_over(endless.until.as_ref().unwrap(), &status, at(1)).is_none());
    let sure = looked(Engine::Frequentist, [(4999, 500), (4999, 700)]).decision.unwrap();
    assert_eq!(sure.state, DecisionState::Winner);
}

/// A variant that happens to have a ninth of few successes is surely worse relatively, and
/// not so by the difference.
#[test]
fn what_a_relative_effect_shows_alone_is_not_sure() {
    let mut spec = spec(Engine::Frequentist);
    spec.analysis.tuning = Some(200.0);
    let status = looked_at(&spec, ABTestStatus::default(), [(200, 9), (200, 1)]);
    let figures = &status.metrics[0].variants[1];
    assert!(figures.interval.unwrap().upper < 0.0, "{figures:?}");
    assert!(figures.p_value.unwrap() > 0.05, "{figures:?}");
    assert_eq!(status.decision.unwrap().state, DecisionState::Open);
}

#[test]
fn each_change_of_shares_has_its_part_of_the_false_alarms() {
    let after = |splits| {
        let before = ABTestStatus { splits, ..ABTestStatus::default() };
        let found = [(5000, 500), (5500, 550)];
        looked_at(&spec(Engine::Frequentist), before, found).mismatch.unwrap()
    };
    assert!(after(1).alarm && after(2).alarm && !after(300).alarm);
    assert_eq!(after(1).p_value, after(300).p_value);
}

#[test]
fn a_bandit_takes_who_is_likely_the_best_at_its_end() {
    let mut spec = spec(Engine::Frequentist);
    spec.bandit = Some(BanditRule::default());
    let decided = |best: &[f64], found| {
        let bandit = BanditStatus { best: best.to_vec(), ..BanditStatus::default() };
        let before = ABTestStatus { bandit: Some(bandit), ..ABTestStatus::default() };
        let decision = looked_at(&spec, before, found).decision.unwrap();
        (decision.state, decision.winner, decision.reason)
    };
    let (early, over) = ([(4000, 400), (4000, 600)], [(5000, 500), (5000, 700)]);
    let choosing = (DecisionState::Open, None, "Choosing".to_owned());
    assert_eq!(decided(&[0.01, 0.99], early), choosing);
    let best = (DecisionState::Winner, Some("b".to_owned()), "LikelyBest".to_owned());
    assert_eq!(decided(&[0.01, 0.99], over), best);
    let none = (DecisionState::NoDifference, None, "NoneBest".to_owned());
    assert_eq!(decided(&[0.06, 0.94], over), none);
    assert_eq!(decided(&[], over), none);
    assert_eq!(decided(&[0.01, 0.99], [(5000, 500), (6000, 700)]).2, "SampleRatioMismatch");
}

#[test]
fn a_better_variant_is_found_by_either_engine() {
    let found = [(5000, 500), (5000, 700)];
    let bayesian = looked(Engine::Bayesian, found);
    let decision = bayesian.decision.unwrap();
    assert_eq!((decision.state, decision.winner.as_deref()), (DecisionState::Winner, Some("b")));
    let figures = &bayesian.metrics[0].variants[1];
    assert!((figures.effect.unwrap() - 0.4).abs() < 1e-9, "{figures:?}");
    assert!(figures.chance_to_win.unwrap() > 0.99 && figures.p_value.is_none());
    assert!(bayesian.metrics[0].variants[0].effect.is_none());

    let frequentist = looked(Engine::Frequentist, found);
    let figures = &frequentist.metrics[0].variants[1];
    assert!(figures.p_value.unwrap() < 0.05 && figures.chance_to_win.is_none(), "{figures:?}");
    assert!(figures.interval.unwrap().lower > 0.0);
    assert_eq!(frequentist.decision.unwrap().winner.as_deref(), Some("b"));
}

#[test]
fn few_subjects_decide_nothing_and_say_how_many_are_missing() {
    let early = looked(Engine::Bayesian, [(20, 1), (22, 9)]);
    let decision = early.decision.unwrap();
    assert_eq!(decision.state, DecisionState::Open);
    assert!(decision.message.contains("100"), "{}", decision.message);
    let open = looked(Engine::Frequentist, [(500, 50), (500, 55)]);
    let figures = &open.metrics[0].variants[1];
    assert!(figures.seconds_left.unwrap() > 86_400, "{figures:?}");
    assert!(figures.detectable.unwrap() > 0.05, "{figures:?}");
}

#[test]
fn a_wrong_split_is_an_alarm_and_decides_nothing() {
    let lost = looked(Engine::Bayesian, [(5000, 500), (4000, 700)]);
    assert!(lost.mismatch.unwrap().alarm);
    let decision = lost.decision.unwrap();
    assert_eq!((decision.state, decision.winner), (DecisionState::Open, None));
    assert_eq!(decision.reason, "SampleRatioMismatch");
    assert!(!looked(Engine::Bayesian, [(5000, 500), (5050, 700)]).mismatch.unwrap().alarm);
    assert!(looked(Engine::Bayesian, [(9, 0), (0, 0)]).mismatch.is_none());
}

#[test]
fn before_anybody_has_come_there_is_no_figure_and_no_fault() {
    let mut status = ABTestStatus { start_time: Some(Time(at(0))), ..ABTestStatus::default() };
    let reading = TestReading { metrics: vec![MetricReading::default()], ..TestReading::default() };
    look(&spec(Engine::Bayesian), &mut status, &reading, at(0));
    assert!(status.decision.is_none() && status.mismatch.is_none());
    assert_eq!(status.metrics.len(), 1);
}
