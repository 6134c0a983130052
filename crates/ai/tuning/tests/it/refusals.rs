//! Plans that are refused, and in which words.

use dais_tuning::{
    Algorithm, Direction, Double, Error, Halving, Int, Median, Objective, Parameter, Scale,
    Stopping, Tpe,
};

use crate::build::{double, int, parameter, plan, words};

fn refused(parameters: Vec<Parameter>, algorithm: Algorithm) -> Vec<String> {
    match plan(parameters, algorithm, 0).validate() {
        Ok(()) => Vec::new(),
        Err(Error::Invalid(faults)) => {
            faults.iter().map(|fault| format!("{}: {}", fault.field, fault.reason)).collect()
        }
        Err(other) => vec![other.to_string()],
    }
}

#[test]
fn each_fault_names_its_field() {
    let log = |min, max| Double { scale: Scale::Log, ..double(min, max) };
    let step = |step| Double { step: Some(step), ..double(0.0, 1.0) };
    let parameters = vec![
        parameter("a", double(0.1, 0.1)),
        parameter("b", double(f64::NAN, 1.0)),
        parameter("c", double(0.0, f64::INFINITY)),
        parameter("d", double(-1e308, 1e308)),
        parameter("e", log(0.0, 1.0)),
        parameter("f", log(1.0, 1.0 + 1e-9)),
        parameter("g", step(0.0)),
        parameter("h", step(2.0)),
        parameter("i", step(1e-13)),
        parameter("j", Double { count: Some(3), ..step(0.1) }),
        parameter("k", Double { count: Some(1), ..double(0.0, 1.0) }),
        parameter("l", int(5, 5)),
        parameter("m", Int { scale: Scale::Log, ..int(0, 5) }),
        parameter("n", Int { step: Some(0), ..int(0, 5) }),
        parameter("o", Int { step: Some(6), ..int(0, 5) }),
        parameter("p", words(&[])),
        parameter("q", words(&["x", "y", "x"])),
        parameter("q", words(&["x"])),
        parameter("", words(&["x"])),
        parameter("a=b", words(&["x"])),
    ];
    let expected = [
        "parameters[0].max: must be above min (0.1)",
        "parameters[1].min: must be a finite number, not NaN",
        "parameters[2].max: must be a finite number, not inf",
        "parameters[3].max: is too far from min (-1e308)",
        "parameters[4].min: is 0.0, of which there is no logarithm",
        "parameters[5].max: is too close to min (1.0) for scale log",
        "parameters[6].step: must be above 0, not 0.0",
        "parameters[7].step: is 2.0, wider than the range",
        "parameters[8].step: is 1e-13, too fine for numbers as large as min or max",
        "parameters[9].count: is given beside step",
        "parameters[10].count: is 1",
        "parameters[11].max: must be above min (5)",
        "parameters[12].min: is 0, of which there is no logarithm",
        "parameters[13].step: must be 1 or more, not 0",
        "parameters[14].step: is 6, wider than the range",
        "parameters[15].values: has 0 entries",
        "parameters[16].values[2]: is given twice",
        "parameters[17].name: is used twice",
        "parameters[18].name: has 0 bytes",
        "parameters[19].name: holds a control character or =",
    ];
    assert_eq!(refused(parameters, Algorithm::Random), expected);
}

#[test]
fn a_fault_is_one_line_with_its_hint() {
    let error = plan(vec![parameter("a", int(5, 5))], Algorithm::Grid, 0).validate().unwrap_err();
    assert_eq!(
        error.to_string(),
        "parameters[0].max: must be above min (5): raise max, or move a fixed value into the job's own parameters"
    );
}

#[test]
fn sizes_have_ends() {
    assert_eq!(refused(Vec::new(), Algorithm::Random), ["parameters: has 0 entries"]);
    let many = (0..101).map(|at| parameter(&format!("p{at}"), int(0, 1))).collect();
    assert_eq!(refused(many, Algorithm::Random), ["parameters: has 101 entries"]);
    let values: Vec<String> = (0..1001).map(|at| at.to_string()).collect();
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    let fault = refused(vec![parameter("x", words(&values))], Algorithm::Random);
    assert_eq!(fault, ["parameters[0].values: has 1001 entries"]);
    assert!(refused(vec![parameter("x", words(&values[..1000]))], Algorithm::Grid).is_empty());
}

#[test]
fn a_grid_needs_steps() {
    let parameters = || {
        vec![
            parameter("a", Double { step: Some(0.1), ..double(0.0, 1.0) }),
            parameter("b", double(0.0, 1.0)),
        ]
    };
    let missing = "parameters[1].step: is missing, which a grid needs";
    assert_eq!(refused(parameters(), Algorithm::Grid), [missing]);
    assert!(refused(parameters(), Algorithm::Random).is_empty());
}

#[test]
fn settings_have_ends() {
    let tpe = Tpe { startup: 0, candidates: 1001, gamma: f64::NAN, prior_weight: 0.0 };
    let expected = [
        "algorithm.startup: must not be 0",
        "algorithm.candidates: must not be 1001",
        "algorithm.gamma: must not be NaN",
        "algorithm.priorWeight: must not be 0.0",
    ];
    assert_eq!(refused(vec![parameter("x", int(0, 1))], Algorithm::Tpe(tpe)), expected);
    let nameless =
        Objective { metric: String::new(), direction: Direction::Maximize, goal: Some(1.0) };
    assert!(nameless.validate().is_err());
    let rules = [
        Stopping::Median(Median { min_steps: 0, min_trials: 0 }),
        Stopping::Halving(Halving { grace: 4, factor: 3, max_steps: Some(4) }),
    ];
    let faults = rules.map(|rule| rule.validate().expect_err("without sense").to_string());
    assert!(
        faults[0].starts_with("earlyStopping.minTrials: must be 1 or more, not 0"),
        "{faults:?}"
    );
    assert!(
        faults[1].starts_with("earlyStopping.maxSteps: must be 5 or more, not 4"),
        "{faults:?}"
    );
}
