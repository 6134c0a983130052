use std::collections::BTreeMap;

use dais_api::abtest::{Analysis, DecisionState, Engine, Metric, TestVariant, VariantStatus};
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
        ..ABTestSpec::default()
    }
}

/// After a day, with so many subjects and successes of each variant.
fn looked(engine: Engine, found: [(u64, u64); 2]) -> ABTestStatus {
    let variant = |name: &str| VariantStatus {
        name: name.to_owned(),
        share: 0.5,
        ..VariantStatus::default()
    };
    let mut status = ABTestStatus {
        start_time: Some(Time(at(0))),
        variants: vec![variant("a"), variant("b")],
        ..ABTestStatus::default()
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
    look(&spec(engine), &mut status, &reading, at(1));
    status
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
