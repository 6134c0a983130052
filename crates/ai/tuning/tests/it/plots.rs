//! The figures of the plots, on searches whose truth is known.

use dais_tuning::{
    Algorithm, Direction, Importance, Outcome, Parameter, Parameters, Trial, importance,
};

use crate::build::{double, int, number, parameter, plan, run, search, words};

fn parameters() -> Vec<Parameter> {
    vec![
        parameter("valley", double(0.0, 1.0)),
        parameter("slope", int(1, 10)),
        parameter("kind", words(&["a", "b", "c"])),
        parameter("nothing", double(0.0, 1.0)),
    ]
}

fn cost(parameters: &Parameters) -> f64 {
    let valley = 4.0 * (number(parameters, "valley") - 0.5).abs();
    let kind = if parameters["kind"] == "b" { 0.0 } else { 0.8 };
    valley + 0.05 * number(parameters, "slope") + kind
}

fn shares(history: &[Trial]) -> Vec<Importance> {
    let space = plan(parameters(), Algorithm::Random, 0).space;
    importance(&space, Direction::Minimize, history).expect("valid").expect("enough trials")
}

#[test]
fn importance_follows_what_was_put_in() {
    for seed in 0..10 {
        let history = run(&search(parameters(), Algorithm::Random, seed), 200, cost);
        let found = shares(&history);
        let names: Vec<&str> = found.iter().map(|share| share.name.as_str()).collect();
        assert_eq!(names, ["valley", "slope", "kind", "nothing"]);
        let [valley, slope, kind, nothing] = [0, 1, 2, 3].map(|at| found[at].share);
        assert!(valley > kind && kind > slope && nothing < 0.05, "{found:?}");
        assert!((valley + slope + kind + nothing - 1.0).abs() < 1e-12);
    }
}

#[test]
fn outliers_and_failures_change_little() {
    let mut history = run(&search(parameters(), Algorithm::Random, 1), 200, cost);
    let before = shares(&history);
    for trial in history.iter_mut().step_by(20) {
        trial.outcome = Outcome::Finished(f64::NAN);
    }
    if let Some(trial) = history.iter_mut().find(|trial| number(&trial.parameters, "nothing") > 0.9)
    {
        trial.outcome = Outcome::Finished(1e300);
    }
    for (before, after) in before.iter().zip(shares(&history)) {
        assert!((before.share - after.share).abs() < 0.1, "{before:?} {after:?}");
    }
}

#[test]
fn too_little_is_said_to_be_nothing() {
    let space = plan(parameters(), Algorithm::Random, 0).space;
    let history = run(&search(parameters(), Algorithm::Random, 1), 30, cost);
    let of = |history: &[Trial]| importance(&space, Direction::Minimize, history).expect("valid");
    assert_eq!(of(&history[..9]), None);
    assert!(of(&history[..10]).is_some());
    let equal = run(&search(parameters(), Algorithm::Random, 1), 30, |_| 1.0);
    assert_eq!(of(&equal), None);
}
