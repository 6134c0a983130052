use serde_json::{Value, json};

use super::*;

fn spec(change: Value) -> SweepSpec {
    let mut spec = json!({
        "parameters": [
            {"name": "depth", "type": "int", "min": 1, "max": 3},
            {"name": "kind", "type": "categorical", "values": ["a", "b"]},
        ],
        "objective": {"metric": "accuracy"},
        "algorithm": {"name": "grid"},
        "parallelTrials": 2,
        "job": {"command": ["true"]},
    });
    spec.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    serde_json::from_value(spec).unwrap()
}

fn ended(number: i32, state: TrialState, value: Option<f64>, spec: &SweepSpec) -> Trial {
    let search = search(spec).unwrap();
    let parameters = search.suggest(u64::try_from(number).unwrap(), &[]).unwrap();
    Trial { number, state, value, parameters, ..Trial::default() }
}

fn refused(change: Value) -> String {
    search(&spec(change)).map(drop).expect_err("refused").message
}

#[test]
fn trials_are_numbered_from_one_and_only_so_many_run() {
    let spec = spec(json!({}));
    let search = search(&spec).unwrap();
    let first = next(&spec, &search, &[]);
    assert_eq!(first.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1, 2]);
    assert_ne!(first[0].1, first[1].1);
    let running = first.into_iter().map(|(number, parameters)| Trial {
        number,
        parameters,
        state: TrialState::Running,
        ..Trial::default()
    });
    let mut trials: Vec<Trial> = running.collect();
    assert!(next(&spec, &search, &trials).is_empty());
    trials[0].state = TrialState::Succeeded;
    trials[0].value = Some(0.5);
    let more = next(&spec, &search, &trials);
    assert_eq!(more.len(), 1);
    assert_eq!(more[0].0, 3);
}

#[test]
fn a_grid_ends_when_everything_was_tried() {
    let spec = spec(json!({"maxTrials": 100}));
    let search = search(&spec).unwrap();
    let mut trials = Vec::new();
    while end(&spec, &search, &trials).is_none() {
        for (number, parameters) in next(&spec, &search, &trials) {
            let value = Some(f64::from(number));
            let state = TrialState::Succeeded;
            trials.push(Trial { number, parameters, value, state, ..Trial::default() });
        }
        assert!(trials.len() <= 6, "3 depths by 2 kinds");
    }
    let (phase, verdict) = end(&spec, &search, &trials).unwrap();
    assert_eq!((trials.len(), phase), (6, Phase::Succeeded));
    assert_eq!(verdict.message, "6 trials ended; the best is trial 6 with 6");
}

#[test]
fn a_target_and_failures_end_a_sweep() {
    let spec = spec(json!({"objective": {"metric": "loss", "goal": "minimize", "target": 0.1},
                           "maxFailedTrials": 2}));
    let search = search(&spec).unwrap();
    let good = ended(1, TrialState::Succeeded, Some(0.2), &spec);
    assert!(end(&spec, &search, std::slice::from_ref(&good)).is_none());
    let better = ended(2, TrialState::Succeeded, Some(0.05), &spec);
    let (phase, verdict) = end(&spec, &search, &[good.clone(), better]).unwrap();
    assert_eq!((phase, verdict.reason), (Phase::Succeeded, reason::SEARCHED));
    let bad = |number| ended(number, TrialState::Failed, None, &spec);
    let (phase, verdict) = end(&spec, &search, &[good, bad(2), bad(3)]).unwrap();
    assert_eq!((phase, verdict.reason), (Phase::Failed, reason::TRIALS_FAILED));
}

#[test]
fn the_worse_half_is_ended_and_counts_behind_the_rest() {
    let spec = spec(json!({"earlyStopping": {"minTrials": 1}}));
    let rule = stopping(spec.early_stopping.as_ref().unwrap());
    let good = ended(1, TrialState::Succeeded, Some(0.9), &spec);
    let poor = ended(2, TrialState::Running, None, &spec);
    let curves = [Curve::finished([(1, 0.7), (2, 0.9)]), Curve::new([(1, 0.2), (2, 0.3)])];
    let found = hopeless(&spec, &rule, &[good.clone(), poor.clone()], &curves);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].0, 1);
    assert!(found[0].1.contains("median"), "{}", found[0].1);
    let pruned = Trial { state: TrialState::Pruned, value: Some(1.5), ..poor };
    assert_eq!(best(&spec, &[good, pruned]).unwrap().number, 1);
}

#[test]
fn what_cannot_be_searched_is_named() {
    let parameter = |change: Value| {
        let mut parameter = json!({"name": "x", "type": "double", "min": 0.0, "max": 1.0});
        parameter.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        json!({"parameters": [parameter], "algorithm": {"name": "tpe"}})
    };
    let cases = [
        (parameter(json!({"max": 0.0})), "spec.parameters[0].max: must be above min"),
        (parameter(json!({"max": null})), "spec.parameters[0].max: a number needs both"),
        (parameter(json!({"type": "int", "max": 1.5})), "spec.parameters[0].max: must be a whole"),
        (parameter(json!({"scale": "log"})), "spec.parameters[0].min: is 0.0"),
        (
            json!({"earlyStopping": {"name": "halving", "minSteps": 4, "maxSteps": 3}}),
            "spec.earlyStopping.maxSteps",
        ),
    ];
    for (change, words) in cases {
        let said = refused(change);
        assert!(said.starts_with(words), "{said}");
    }
}
