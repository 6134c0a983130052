use dais_api::abtest::{RampStep, TestDecision, VariantStatus};

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn ramped() -> ABTestSpec {
    let step = |percent, seconds| RampStep { percent, seconds };
    ABTestSpec { ramp: vec![step(1.0, 60), step(10.0, 60)], ..ABTestSpec::default() }
}

#[test]
fn a_ramp_goes_by_its_steps_also_when_nobody_looked() {
    let spec = ramped();
    let first = ramp(&spec, None, at(0)).unwrap();
    assert_eq!((first.percent, first.step), (1.0, 0));
    let same = ramp(&spec, Some(&first), at(59)).unwrap();
    assert_eq!(same, first);
    let second = ramp(&spec, Some(&same), at(60)).unwrap();
    assert_eq!((second.percent, second.step), (10.0, 1));
    let late = ramp(&spec, Some(&first), at(1000)).unwrap();
    assert_eq!((late.percent, late.step), (100.0, 2));
    assert_eq!(late.since, Some(Time(at(120))));
    assert!(next_step(&spec, Some(&late), at(1000)).is_none());
    assert!(next_step(&spec, Some(&second), at(60)).unwrap() > Duration::from_secs(59));
    assert!(ramp(&ABTestSpec::default(), None, at(0)).is_none());
}

#[test]
fn a_test_begins_when_all_can_answer_and_does_not_begin_again() {
    let (spec, mut status) = (ABTestSpec::default(), ABTestStatus::default());
    let b = ["b".to_owned()];
    assert_eq!(phase(&spec, &status, &b).phase, ABTestPhase::Pending);
    assert_eq!(phase(&spec, &status, &[]).phase, ABTestPhase::Running);
    status.start_time = Some(Time(at(0)));
    let limping = phase(&spec, &status, &b);
    assert_eq!((limping.phase, limping.reason), (ABTestPhase::Running, reason::VARIANT_NOT_READY));
    let suspended = ABTestSpec { suspend: true, ..ABTestSpec::default() };
    assert_eq!(phase(&suspended, &status, &[]).phase, ABTestPhase::Suspended);
}

#[test]
fn what_has_ended_stays_so_and_may_still_be_promoted() {
    let mut status = ABTestStatus { phase: Some(ABTestPhase::Stopped), ..ABTestStatus::default() };
    assert_eq!(phase(&ABTestSpec::default(), &status, &[]).phase, ABTestPhase::Stopped);
    let promote = ABTestSpec { promote: Some("b".to_owned()), ..ABTestSpec::default() };
    assert_eq!(phase(&promote, &status, &[]).phase, ABTestPhase::Promoted);
    status.phase = Some(ABTestPhase::Promoted);
    assert_eq!(phase(&promote, &status, &[]).phase, ABTestPhase::Promoted);
}

#[test]
fn the_first_rule_that_comes_true_ends_it() {
    let variant = |subjects| VariantStatus { subjects, ..VariantStatus::default() };
    let mut status = ABTestStatus {
        requests: 10,
        variants: vec![variant(4), variant(6)],
        ..ABTestStatus::default()
    };
    let over = |until: &Until, status: &ABTestStatus| is_over(until, status, at(0)).is_some();
    assert!(!over(&Until::default(), &status));
    assert!(over(&Until { requests: Some(10), ..Until::default() }, &status));
    assert!(!over(&Until { requests: Some(11), ..Until::default() }, &status));
    assert!(over(&Until { subjects: Some(4), ..Until::default() }, &status));
    assert!(!over(&Until { subjects: Some(5), ..Until::default() }, &status));
    assert!(over(&Until { time: Some(Time(at(0))), ..Until::default() }, &status));
    assert!(!over(&Until { time: Some(Time(at(1))), ..Until::default() }, &status));
    let decided = Until { decided: true, ..Until::default() };
    assert!(!over(&decided, &status));
    let decision = TestDecision { state: DecisionState::Winner, ..TestDecision::default() };
    status.decision = Some(decision);
    assert!(over(&decided, &status));
}
