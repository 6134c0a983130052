//! What holds for every suggestion, in whatever space.

use std::collections::HashSet;

use dais_tuning::{
    Algorithm, Domain, Double, Int, Outcome, Parameter, Parameters, Scale, Search, Tpe, Trial,
};
use proptest::prelude::*;

use crate::build::{double, int, parameter, plan, search, words};

/// Numbers of any size, written with few digits as people do.
fn numbers() -> impl Strategy<Value = f64> {
    (-9999i32..=9999, -12i32..12)
        .prop_map(|(digits, exponent)| format!("{digits}e{exponent}").parse().expect("a number"))
}

fn doubles() -> impl Strategy<Value = Domain> {
    let steps = prop_oneof![Just(None), (1u32..40).prop_map(Some)];
    (numbers(), numbers(), steps, any::<bool>()).prop_filter_map(
        "no range",
        |(a, b, steps, log)| {
            let (mut min, mut max) = (a.min(b), a.max(b));
            let scale = if log { Scale::Log } else { Scale::Linear };
            if log {
                (min, max) = (min.abs().min(max.abs()), min.abs().max(max.abs()));
            }
            let step = steps.map(|steps| {
                let step = (max - min) / f64::from(steps) * 0.999;
                format!("{step:.2e}").parse().expect("a number")
            });
            Some(Domain::Double(Double {
                min,
                max,
                scale,
                step,
                count: Some(3).filter(|_| step.is_none()),
            }))
        },
    )
}

fn ints() -> impl Strategy<Value = Domain> {
    let ends = prop_oneof![
        (-50i64..50, -50i64..50),
        (any::<i64>(), any::<i64>()),
        (Just(i64::MIN), Just(i64::MAX)),
    ];
    let steps = prop_oneof![Just(None), (1i64..9).prop_map(Some), (1i64..i64::MAX).prop_map(Some)];
    (ends, steps, any::<bool>()).prop_map(|((a, b), step, log)| {
        let (min, max) = (a.min(b), a.max(b));
        if log && min > 0 {
            return Domain::Int(Int { min, max, scale: Scale::Log, step });
        }
        Domain::Int(Int { min, max, scale: Scale::Linear, step })
    })
}

fn categories() -> impl Strategy<Value = Domain> {
    let some = prop::collection::hash_set("[a-zé ]{0,3}", 1..6);
    some.prop_map(|values| {
        let mut values: Vec<String> = values.into_iter().collect();
        values.sort();
        Domain::Categorical(dais_tuning::Categorical { values })
    })
}

/// Spaces that are followed; what is refused has tests of its own.
fn spaces() -> impl Strategy<Value = Vec<Parameter>> {
    let domain = prop_oneof![doubles(), ints(), categories()];
    let domain = domain.prop_filter("refused", |domain| {
        let space = vec![parameter("x", domain.clone())];
        plan(space, Algorithm::Random, 0).validate().is_ok()
    });
    prop::collection::vec(domain, 1..5).prop_map(|domains| {
        let named = domains.into_iter().enumerate();
        named.map(|(at, domain)| parameter(&format!("p{at}"), domain)).collect()
    })
}

fn algorithms() -> impl Strategy<Value = Algorithm> {
    let tpe = Tpe { startup: 3, candidates: 6, ..Tpe::default() };
    prop_oneof![Just(Algorithm::Grid), Just(Algorithm::Random), Just(Algorithm::Tpe(tpe))]
}

/// Outcomes that come and go, some of them of no use.
fn outcome(at: u64) -> Outcome {
    match at % 7 {
        0 => Outcome::Running,
        1 => Outcome::Failed,
        2 => Outcome::Finished(f64::NAN),
        3 => Outcome::Stopped(Some(at as f64)),
        _ => Outcome::Finished(((at * 37) % 11) as f64 * 1e300),
    }
}

/// Checked by hand, without the crate's own reading of texts.
fn assert_inside(domain: &Domain, text: &str, grid: bool) {
    match domain {
        Domain::Categorical(words) => assert!(words.values.iter().any(|word| word == text)),
        Domain::Int(Int { min, max, step, .. }) => {
            let value: i64 = text.parse().expect("a whole number");
            assert_eq!(value.to_string(), text);
            assert!((*min..=*max).contains(&value), "{value} outside {min}..={max}");
            let distance = i128::from(value) - i128::from(*min);
            assert_eq!(distance % i128::from(step.unwrap_or(1)), 0, "{value} is between steps");
        }
        Domain::Double(Double { min, max, step, .. }) => {
            let value: f64 = text.parse().expect("a number");
            assert_eq!(format!("{value:?}"), text, "round trip");
            assert!((*min..=*max).contains(&value), "{value} outside {min}..={max}");
            if let Some(step) = step {
                let level = (value - min) / step;
                let error = (level - level.round()).abs();
                assert!(error < 1e-6, "{value} is {error} of a step {step} off");
            } else if grid {
                assert!(text.len() < 24, "{text}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn suggestions_lie_inside_and_depend_on_the_history_alone(
        parameters in spaces(), algorithm in algorithms(), seed in any::<u64>(),
    ) {
        let search = search(parameters.clone(), algorithm, seed);
        let again = crate::build::search(parameters.clone(), algorithm, seed);
        let mut history: Vec<Trial> = Vec::new();
        let mut points: HashSet<Parameters> = HashSet::new();
        for number in 0..20 {
            let suggested = search.suggest(number, &history);
            let mut shuffled: Vec<Trial> = history.iter().skip(number as usize / 2).cloned().collect();
            shuffled.extend(history.iter().take(number as usize / 2).rev().cloned());
            prop_assert_eq!(&suggested, &again.suggest(number, &shuffled));
            let Some(suggested) = suggested else {
                prop_assert_eq!(search.size(), Some(points.len() as u128));
                break;
            };
            prop_assert_eq!(suggested.len(), parameters.len());
            for parameter in &parameters {
                let grid = algorithm == Algorithm::Grid;
                assert_inside(&parameter.domain, &suggested[&parameter.name], grid);
            }
            prop_assert!(search.contains(&suggested), "{suggested:?} is not read back");
            let new = points.insert(suggested.clone());
            prop_assert!(new || search.size().is_none(), "twice {suggested:?}");
            history.push(Trial { number, parameters: suggested, outcome: outcome(number) });
        }
    }

    #[test]
    fn every_space_that_can_be_counted_is_tried_to_its_end_once(
        a in 1i64..6, step in 1i64..3, b in 1usize..4, log in any::<bool>(),
        algorithm in algorithms(), seed in any::<u64>(),
    ) {
        let scale = if log { Scale::Log } else { Scale::Linear };
        let step = step.min(a);
        let parameters = vec![
            parameter("a", Int { step: Some(step), scale, ..int(1, 1 + a) }),
            parameter("b", words(&["x", "y", "z"][..b])),
            parameter("c", Double { step: Some(0.1), scale, ..double(0.1, 0.4) }),
        ];
        let size = (a / step + 1) as usize * b * 4;
        let search = search(parameters, algorithm, seed);
        prop_assert_eq!(search.size(), Some(size as u128));
        let history = crate::build::run(&search, 1000, |parameters| {
            crate::build::number(parameters, "a") + crate::build::number(parameters, "c")
        });
        let points: HashSet<&Parameters> = history.iter().map(|trial| &trial.parameters).collect();
        prop_assert_eq!((history.len(), points.len()), (size, size));
    }
}

#[test]
fn a_grid_counts_like_nested_loops() {
    let parameters = vec![
        parameter("a", int(1, 2)),
        parameter("b", words(&["z", "y"])),
        parameter("c", Double { count: Some(3), scale: Scale::Log, ..double(0.001, 0.1) }),
    ];
    let search = search(parameters, Algorithm::Grid, 0);
    let tried: Vec<String> = crate::build::run(&search, 100, |_| 0.0)
        .iter()
        .map(|trial| trial.parameters.values().cloned().collect::<Vec<_>>().join(" "))
        .collect();
    let mut expected = Vec::new();
    for a in ["1", "2"] {
        for b in ["z", "y"] {
            for c in ["0.001", "0.01", "0.1"] {
                expected.push(format!("{a} {b} {c}"));
            }
        }
    }
    assert_eq!(tried, expected);
    assert_eq!(search.size(), Some(12));
}

/// What a search under way gets must not change with the program's version.
#[test]
fn suggestions_stay_what_they_are() {
    let parameters = || {
        vec![
            parameter("lr", Double { scale: Scale::Log, ..double(1e-5, 0.1) }),
            parameter("layers", int(1, 8)),
            parameter("dropout", Double { step: Some(0.05), ..double(0.0, 0.5) }),
            parameter("optimizer", words(&["sgd", "adam"])),
        ]
    };
    let cost = |parameters: &Parameters| {
        let kind = if parameters["optimizer"] == "adam" { 0.0 } else { 1.0 };
        kind + (crate::build::number(parameters, "lr").log10() + 3.0).abs()
    };
    let last = |search: &Search| -> String {
        let history = crate::build::run(search, 31, cost);
        history[30].parameters.values().cloned().collect::<Vec<_>>().join(" ")
    };
    let drawn = [Algorithm::Random, crate::build::tpe()]
        .map(|algorithm| last(&search(parameters(), algorithm, 42)));
    assert_eq!(drawn, PINNED);
}

/// Dropout, layers, rate and optimizer of the 31st trial.
const PINNED: [&str; 2] = ["0.35 6 0.008470790239877363 sgd", "0.45 6 0.0009119181976249262 adam"];
