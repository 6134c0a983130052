//! Spaces at the ends of what numbers can hold, which work all the same.

use dais_tuning::{Algorithm, Double, Int, Outcome, Parameter, Scale, Trial};

use crate::build::{double, int, parameter, run, search, tpe, words};

/// Thirty trials of each algorithm that can: the texts are read back, and
/// those of one parameter are returned.
fn tried(parameter: Parameter) -> Vec<String> {
    let mut texts = Vec::new();
    for algorithm in [Algorithm::Random, tpe()] {
        let search = search(vec![parameter.clone()], algorithm, 9);
        let cost = |number: &str| number.parse::<f64>().unwrap_or(0.0);
        let history = run(&search, 30, |parameters| cost(&parameters[&parameter.name]));
        assert!(history.iter().all(|trial| search.contains(&trial.parameters)));
        texts.extend(
            history.into_iter().map(|mut trial| {
                trial.parameters.remove(&parameter.name).expect("the one parameter")
            }),
        );
    }
    texts
}

#[test]
fn doubles_at_the_ends_of_their_range_work() {
    for scale in [Scale::Linear, Scale::Log] {
        for (min, max) in [(1.0, 1e308), (f64::MIN_POSITIVE, f64::MAX), (5e-324, 1e-320)] {
            for step in [None, Some((max - min) / 7.0)] {
                let texts = tried(parameter("x", Double { scale, step, ..double(min, max) }));
                let inside =
                    |text: &String| (min..=max).contains(&text.parse::<f64>().expect("a number"));
                assert!(texts.iter().all(inside), "{min} {max} {step:?}: {texts:?}");
                assert!(texts.len() >= 2, "{texts:?}");
            }
        }
    }
    let half = f64::MAX / 2.0;
    assert_eq!(tried(parameter("x", double(-half, half))).len(), 60);
}

#[test]
fn ranges_of_a_few_doubles_work() {
    let next = 1.0 + f64::EPSILON;
    let texts = tried(parameter("x", double(1.0, next)));
    assert_eq!(texts.len(), 60, "no end is known, so trials repeat");
    assert!(texts.iter().all(|text| ["1.0", "1.0000000000000002"].contains(&text.as_str())));
}

#[test]
fn whole_numbers_at_the_ends_of_their_range_work() {
    for (min, max) in [(i64::MIN, i64::MAX), (i64::MAX - 1, i64::MAX), (i64::MIN, i64::MIN + 3)] {
        let texts = tried(parameter("x", int(min, max)));
        let inside = |text: &String| (min..=max).contains(&text.parse().expect("a whole number"));
        assert!(texts.iter().all(inside), "{texts:?}");
    }
    let log = Int { scale: Scale::Log, ..int(1, i64::MAX) };
    let small = tried(parameter("x", log)).iter().filter(|text| text.len() < 10).count();
    assert!((10..=60).contains(&small), "half of the digits in half of the trials: {small}");
    let wide = Int { step: Some(i64::MAX), ..int(i64::MIN, i64::MAX) };
    let mut three = tried(parameter("x", wide));
    three.sort();
    three.dedup();
    assert_eq!(three, ["-1", "-9223372036854775808", "9223372036854775806"]);
}

#[test]
fn sizes_do_not_overflow() {
    let all = |count: usize| -> Vec<Parameter> {
        (0..count).map(|at| parameter(&format!("p{at}"), int(i64::MIN, i64::MAX))).collect()
    };
    assert_eq!(search(all(1), Algorithm::Grid, 0).size(), Some(1 << 64));
    let full = search(all(100), Algorithm::Grid, 0);
    assert_eq!(full.size(), Some(u128::MAX));
    assert_eq!(run(&full, 3, |_| 0.0).len(), 3);
    assert_eq!(run(&search(all(100), tpe(), 0), 14, |_| 0.0).len(), 14);
}

#[test]
fn a_word_alone_is_tried_once() {
    for algorithm in [Algorithm::Grid, Algorithm::Random, tpe()] {
        let one = search(vec![parameter("x", words(&[""]))], algorithm, 0);
        assert_eq!(one.size(), Some(1));
        assert_eq!(run(&one, 10, |_| 0.0).len(), 1);
    }
}

/// A space that somebody changed, texts that somebody wrote, results of no use.
#[test]
fn histories_that_do_not_fit_are_passed_over() {
    let parameters = vec![parameter("x", double(0.0, 1.0)), parameter("k", words(&["a", "b"]))];
    let search = search(parameters, tpe(), 1);
    let mut history = run(&search, 30, |parameters| crate::build::number(parameters, "x"));
    let before = search.suggest(40, &history);
    let texts = [("x", "0.5"), ("x", "nan"), ("x", "7"), ("k", "c"), ("y", "0.5")];
    for (number, (name, text)) in (30..).zip(texts) {
        let mut parameters = history[0].parameters.clone();
        parameters.remove(if name == "y" { "x" } else { name });
        if text != "0.5" {
            parameters.insert(name.to_owned(), text.to_owned());
        }
        history.push(Trial { number, parameters, outcome: Outcome::Finished(-1e9) });
    }
    assert_eq!(search.suggest(40, &history), before);
}

#[test]
fn a_history_of_failures_alone_stays_random() {
    let search = search(vec![parameter("x", double(0.0, 1.0))], tpe(), 1);
    let history = run(&search, 50, |_| f64::NAN);
    let low = history.iter().filter(|trial| crate::build::number(&trial.parameters, "x") < 0.5);
    assert!((15..35).contains(&low.count()));
}
