//! Figures about what a test can see: consistent with each other, with a textbook,
//! and with simulated tests.

use dais_statistics::{Baseline, Effect, EffectKind, Power, Prior, Statistic, fixed, sequential};

use crate::arms::{binomial, close, proportion, seeded};

fn effect(kind: EffectKind) -> Effect {
    Effect::measure(&proportion(1000, 10_000), &proportion(1010, 10_000), kind).expect("an effect")
}

fn powers() -> [Power; 4] {
    let normal = Prior::Normal { mean: 0.0, deviation: 0.3, of: EffectKind::Relative };
    [
        Power::default(),
        Power { tuning: Some(5000.0), ..Power::default() },
        Power { tests: 3, power: 0.9, ..Power::default() },
        Power { prior: normal, ..Power::default() },
    ]
}

#[test]
fn what_is_detectable_is_found_with_the_wanted_power() {
    for power in powers() {
        for kind in [EffectKind::Absolute, EffectKind::Relative] {
            let effect = effect(kind);
            for growth in [0.0, 0.5, 20.0] {
                let detectable = power.detectable(&effect, growth).expect("an effect");
                let chance = power.chance(&effect, detectable, growth).expect("a chance");
                assert!(close(chance, power.power, 1e-9, 0.0), "{power:?} {growth}: {chance}");
            }
        }
    }
}

/// Growing until an effect is found, and finding the effect after that growth, are
/// the same question.
#[test]
fn growth_and_the_detectable_effect_are_inverse() {
    for power in powers() {
        let effect = effect(EffectKind::Relative);
        let wanted = power.detectable(&effect, 7.0).expect("an effect");
        let growth = power.growth(&effect, wanted).expect("a growth").expect("in reach");
        assert!(close(growth, 7.0, 1e-6, 0.0), "{power:?}: {growth}");
        let left = power.time_left(&effect, wanted, 2000.0).expect("time").expect("in reach");
        assert!(close(left.days, 70.0, 1e-3, 0.0), "{power:?}: {left:?}");
        assert_eq!(power.growth(&effect, 5.0 * wanted), Ok(Some(0.0)));
        assert_eq!(power.growth(&effect, 1e-9), Ok(None));
    }
}

/// Fleiss, Levin and Paik, "Statistical Methods for Rates and Proportions" (2003):
/// `n = (1.959964 + 0.841621)² (0.1 × 0.9 + 0.12 × 0.88) / 0.02²` = 3838.3.
#[test]
fn the_sample_size_is_that_of_the_textbook() {
    let baseline = Baseline::Proportion { rate: 0.1 };
    let absolute = Power::default().sample_size(&baseline, 0.02, EffectKind::Absolute);
    assert_eq!(absolute, Ok(Some(3839.0)));
    let mean = Baseline::Mean { mean: 100.0, variance: 400.0 };
    let size = |kind, wanted| Power::default().sample_size(&mean, wanted, kind);
    // 2 (z + z)² 400 / 5² = 251.2.
    assert_eq!(size(EffectKind::Absolute, -5.0), Ok(Some(252.0)));
    let relative = size(EffectKind::Relative, 0.05).expect("a size").expect("in reach");
    assert!((252.0..270.0).contains(&relative), "{relative}");
    let looked = Power { tuning: Some(5000.0), ..Power::default() };
    let daily = looked.sample_size(&mean, 5.0, EffectKind::Absolute).expect("a size");
    assert!(daily.expect("in reach") > 252.0);
}

/// Simulated tests of the sample size that was said find the effect as often as was said.
#[test]
fn tests_of_the_said_size_find_the_effect_as_often_as_said() {
    const TRIALS: usize = 2000;
    let baseline = Baseline::Proportion { rate: 0.2 };
    for tuning in [None, Some(4000.0)] {
        let power = Power { tuning, ..Power::default() };
        let size = power.sample_size(&baseline, 0.03, EffectKind::Absolute);
        let size = size.expect("a size").expect("in reach") as u64;
        let mut rng = seeded(3);
        let found = (0..TRIALS).filter(|_| {
            let control = Statistic::Proportion(binomial(&mut rng, size, 0.2));
            let variant = Statistic::Proportion(binomial(&mut rng, size, 0.23));
            let effect = Effect::measure(&control, &variant, EffectKind::Absolute);
            let effect = effect.expect("an effect");
            let result = match tuning {
                None => fixed(&effect, power.alpha),
                Some(tuning) => sequential(&effect, power.alpha, tuning),
            };
            result.expect("a result").interval.lower > 0.0
        });
        let share = found.count() as f64 / TRIALS as f64;
        // 3.3 standard deviations of a share of 0.8.
        assert!((share - 0.8).abs() < 0.03, "{tuning:?}: {share}");
    }
}
