use std::collections::BTreeMap;

use dais_api::abtest::{Builtin, Direction, MetricSource, TestVariant};
use dais_statistics::{Counts, PairMoments};

use super::*;

fn spec(rule: GuardrailRule) -> ABTestSpec {
    let variant = |name: &str| TestVariant { name: name.to_owned(), ..TestVariant::default() };
    let source = MetricSource { builtin: Some(Builtin::Errors), ..MetricSource::default() };
    ABTestSpec {
        variants: vec![variant("a"), variant("b")],
        metrics: vec![Metric {
            name: "errors".to_owned(),
            direction: Direction::Decrease,
            source: Some(source),
            ..Metric::default()
        }],
        guardrails: vec![rule],
        ..ABTestSpec::default()
    }
}

fn rule() -> GuardrailRule {
    GuardrailRule { metric: "errors".to_owned(), ..GuardrailRule::default() }
}

/// Subjects with one request each, so many of which failed.
fn errors(subjects: u32, failed: u32) -> Statistic {
    let mut pair = PairMoments::default();
    for at in 0..subjects {
        pair.observe(if at < failed { 1.0 } else { 0.0 }, 1.0);
    }
    Statistic::Ratio(pair)
}

fn found(rule: GuardrailRule, a: Statistic, b: Statistic) -> GuardrailStatus {
    let variants = BTreeMap::from([("a".to_owned(), a), ("b".to_owned(), b)]);
    let metrics = vec![MetricReading { variants, message: None }];
    let reading = TestReading { metrics, ..TestReading::default() };
    judge(&spec(rule), &reading).remove(0)
}

#[test]
fn a_variant_that_always_fails_is_seen_beside_a_control_that_never_does() {
    let one = found(rule(), errors(200, 0), errors(200, 200));
    assert_eq!(one.verdict, GuardrailVerdict::Harmful, "{one:?}");
    let words = harm(&[one]).unwrap();
    assert!(words.contains("errors") && words.contains("variant b"), "{words}");
}

#[test]
fn a_share_of_failures_beside_none_is_seen_once_it_is_sure() {
    let one = found(rule(), errors(1000, 0), errors(1000, 80));
    assert_eq!(one.verdict, GuardrailVerdict::Harmful, "{one:?}");
    let few = found(rule(), errors(200, 0), errors(200, 1));
    assert_eq!(few.verdict, GuardrailVerdict::Inconclusive, "{few:?}");
}

#[test]
fn what_is_accepted_is_not_harm() {
    let by = GuardrailRule { max_worse_by: Some(0.2), ..rule() };
    assert_eq!(
        found(by.clone(), errors(2000, 0), errors(2000, 80)).verdict,
        GuardrailVerdict::Fine
    );
    assert!(found(by, errors(2000, 0), errors(2000, 80)).is_absolute);
    let half = GuardrailRule { max_worse: Some(0.5), ..rule() };
    let same = found(half, errors(20_000, 2000), errors(20_000, 2000));
    assert_eq!(same.verdict, GuardrailVerdict::Fine, "{same:?}");
    assert!(!same.is_absolute);
}

#[test]
fn few_subjects_say_nothing() {
    let one = found(rule(), errors(50, 0), errors(50, 50));
    assert_eq!(one.verdict, GuardrailVerdict::Inconclusive);
    assert!(one.message.unwrap().contains("100"));
}

#[test]
fn an_arm_without_variance_gets_the_other_value_once() {
    let of = |count, successes| Statistic::Proportion(Counts { count, successes });
    let grown = |arm: Statistic, other: Statistic| match with_one(&arm, &other).unwrap() {
        Statistic::Proportion(Counts { count, successes }) => (count, successes),
        other => panic!("{other:?}"),
    };
    assert_eq!(grown(of(10, 0), of(10, 1)), (11, 1));
    assert_eq!(grown(of(10, 10), of(10, 9)), (11, 10));
    assert_eq!(grown(of(10, 1), of(10, 0)), (11, 1));
}
