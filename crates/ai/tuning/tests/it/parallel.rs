//! Several trials at a time.

use std::collections::HashSet;

use dais_tuning::{Algorithm, Outcome, Scale, Trial};

use crate::build::{double, int, number, parameter, run, search, tpe, words};

fn parabola(parameters: &dais_tuning::Parameters) -> f64 {
    (number(parameters, "x") - 0.3).powi(2)
}

#[test]
fn suggestions_for_one_moment_differ_and_number_on() {
    for algorithm in [Algorithm::Random, tpe()] {
        let search = search(vec![parameter("x", double(0.0, 1.0))], algorithm, 5);
        let history = run(&search, 20, parabola);
        let some = search.suggest_some(&history, 8);
        assert_eq!(some.iter().map(|s| s.number).collect::<Vec<_>>(), (20..28).collect::<Vec<_>>());
        let texts: HashSet<&str> = some.iter().map(|s| s.parameters["x"].as_str()).collect();
        assert_eq!(texts.len(), 8);
        // One at a time, each told of the others as running, gives the same.
        let mut history = history;
        for suggestion in &some {
            let parameters = search.suggest(suggestion.number, &history).expect("endless");
            assert_eq!(parameters, suggestion.parameters);
            let outcome = Outcome::Running;
            history.push(Trial { number: suggestion.number, parameters, outcome });
        }
    }
}

#[test]
fn the_last_points_are_given_out_once() {
    for algorithm in [Algorithm::Grid, Algorithm::Random, tpe()] {
        let parameters = vec![parameter("x", int(0, 4)), parameter("k", words(&["a", "b", "c"]))];
        let search = search(parameters, algorithm, 5);
        let history = run(&search, 12, parabola);
        let some = search.suggest_some(&history, 8);
        assert_eq!(some.len(), 3, "15 points less 12");
        let new = some.iter().all(|s| history.iter().all(|trial| trial.parameters != s.parameters));
        assert!(new);
    }
}

/// Taking running trials for bad ones spreads what is started at once.
#[test]
fn running_trials_push_others_away() {
    let search = search(vec![parameter("x", double(0.0, 1.0))], tpe(), 5);
    let history = run(&search, 30, parabola);
    let spread = |texts: Vec<f64>| {
        let mean = texts.iter().sum::<f64>() / texts.len() as f64;
        texts.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / texts.len() as f64
    };
    let told = search.suggest_some(&history, 40);
    let told = spread(told.iter().map(|s| number(&s.parameters, "x")).collect());
    let alone = (30..70).filter_map(|at| search.suggest(at, &history));
    let alone = spread(alone.map(|parameters| number(&parameters, "x")).collect());
    assert!(told > 2.0 * alone, "{told} {alone}");
}

#[test]
fn eight_at_a_time_still_find_the_valley() {
    let log = dais_tuning::Double { scale: Scale::Log, ..double(1e-6, 1.0) };
    let search = search(vec![parameter("x", log)], tpe(), 5);
    let mut history: Vec<Trial> = Vec::new();
    for _ in 0..8 {
        for suggestion in search.suggest_some(&history, 8) {
            let outcome =
                Outcome::Finished((number(&suggestion.parameters, "x").log10() + 3.0).abs());
            let parameters = suggestion.parameters;
            history.push(Trial { number: suggestion.number, parameters, outcome });
        }
    }
    let best =
        dais_tuning::best(dais_tuning::Direction::Minimize, &history).expect("some finished");
    assert!(matches!(best.outcome, Outcome::Finished(distance) if distance < 0.1), "{best:?}");
}
