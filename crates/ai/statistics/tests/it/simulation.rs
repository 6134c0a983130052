//! Thousands of tests of two equal arms. A test that promises to be wrong in one
//! of twenty must be: no more often, and, where it promises so, no less.

use dais_statistics::{
    Better, Counts, Effect, EffectKind, Guardrail, Moments, Prior, Statistic, Verdict, bayesian,
    fixed, mismatch, sequential,
};
use rand_distr::{Binomial, Distribution};

use crate::arms::{binomial, normal, seeded};

const ALPHA: f64 = 0.05;
const DAYS: usize = 30;
const USERS_PER_DAY: u64 = 200;
/// In both arms together halfway through.
const TUNING: f64 = 6000.0;

/// How far the share of errors among `trials` may be from `alpha`: 3.3 standard
/// deviations, which one honest test in a thousand exceeds.
fn margin(alpha: f64, trials: usize) -> f64 {
    3.3 * (alpha * (1.0 - alpha) / trials as f64).sqrt()
}

fn share(count: usize, trials: usize) -> f64 {
    count as f64 / trials as f64
}

/// Two equal arms as they grow, at the end of each day.
fn proportions(seed: u64, rate: f64) -> Vec<(Statistic, Statistic)> {
    let mut rng = seeded(seed);
    let mut arms = (Counts::default(), Counts::default());
    let day = |_| {
        arms.0.merge(&binomial(&mut rng, USERS_PER_DAY, rate));
        arms.1.merge(&binomial(&mut rng, USERS_PER_DAY, rate));
        (Statistic::Proportion(arms.0), Statistic::Proportion(arms.1))
    };
    (0..DAYS).map(day).collect()
}

fn means(seed: u64) -> Vec<(Statistic, Statistic)> {
    let mut rng = seeded(seed);
    let mut arms = (Moments::default(), Moments::default());
    let day = |_| {
        arms.0.merge(&normal(&mut rng, USERS_PER_DAY, 40.0, 25.0));
        arms.1.merge(&normal(&mut rng, USERS_PER_DAY, 40.0, 25.0));
        (Statistic::Mean(arms.0), Statistic::Mean(arms.1))
    };
    (0..DAYS).map(day).collect()
}

fn effect(arms: &(Statistic, Statistic), kind: EffectKind) -> Effect {
    Effect::measure(&arms.0, &arms.1, kind).expect("an effect")
}

fn fixed_is_sure(effect: &Effect) -> bool {
    fixed(effect, ALPHA).expect("a result").p_value < ALPHA
}

fn sequential_is_sure(effect: &Effect) -> bool {
    sequential(effect, ALPHA, TUNING).expect("a result").p_value < ALPHA
}

#[test]
fn daily_looks_break_the_fixed_horizon_and_not_the_sequential_test() {
    const TRIALS: usize = 2000;
    let kinds = [EffectKind::Absolute, EffectKind::Relative];
    let (mut once, mut peeking, mut always) = (0, 0, 0);
    for trial in 0..TRIALS {
        let looks = proportions(trial as u64, 0.2);
        let effects: Vec<Effect> =
            looks.iter().map(|arms| effect(arms, kinds[trial % 2])).collect();
        once += usize::from(fixed_is_sure(&effects[DAYS - 1]));
        peeking += usize::from(effects.iter().any(fixed_is_sure));
        always += usize::from(effects.iter().any(sequential_is_sure));
    }
    let margin = margin(ALPHA, TRIALS);
    assert!((share(once, TRIALS) - ALPHA).abs() < margin, "one look: {once} of {TRIALS}");
    assert!(share(always, TRIALS) < ALPHA + margin, "sequential: {always} of {TRIALS}");
    // Five to six times alpha after thirty looks; Armitage, McPherson and Rowe (1969).
    assert!(share(peeking, TRIALS) > 4.0 * ALPHA, "peeking: {peeking} of {TRIALS}");
}

#[test]
fn means_are_wrong_no_more_often_than_proportions() {
    const TRIALS: usize = 2000;
    let (mut once, mut always) = (0, 0);
    for trial in 0..TRIALS {
        let looks = means(10_000 + trial as u64);
        once += usize::from(fixed_is_sure(&effect(&looks[DAYS - 1], EffectKind::Relative)));
        always += usize::from(
            looks.iter().any(|arms| sequential_is_sure(&effect(arms, EffectKind::Absolute))),
        );
    }
    let margin = margin(ALPHA, TRIALS);
    assert!((share(once, TRIALS) - ALPHA).abs() < margin, "one look: {once} of {TRIALS}");
    assert!(share(always, TRIALS) < ALPHA + margin, "sequential: {always} of {TRIALS}");
}

/// Both sides of a guardrail at its edge: a variant that is exactly as much worse
/// as is tolerated may be called harmful, or fine, in one of twenty tests each.
#[test]
fn a_guardrail_at_its_edge_is_rarely_wrong_at_any_look() {
    const TRIALS: usize = 1500;
    let tolerated = 0.02;
    let guardrail = Guardrail {
        better: Better::Lower,
        kind: EffectKind::Absolute,
        tolerated,
        alpha: ALPHA,
        tuning: TUNING,
    };
    let (mut harmful, mut fine) = (0, 0);
    for trial in 0..TRIALS {
        let mut rng = seeded(50_000 + trial as u64);
        let mut arms = (Counts::default(), Counts::default());
        let mut seen = (false, false);
        for _ in 0..DAYS {
            arms.0.merge(&binomial(&mut rng, USERS_PER_DAY, 0.2));
            arms.1.merge(&binomial(&mut rng, USERS_PER_DAY, 0.2 + tolerated));
            let (control, variant) = (Statistic::Proportion(arms.0), Statistic::Proportion(arms.1));
            let verdict = guardrail.check(&control, &variant).expect("a result").verdict;
            seen.0 |= verdict == Verdict::Harmful;
            seen.1 |= verdict == Verdict::Fine;
        }
        harmful += usize::from(seen.0);
        fine += usize::from(seen.1);
    }
    let most = ALPHA + margin(ALPHA, TRIALS);
    assert!(share(harmful, TRIALS) < most, "harmful: {harmful} of {TRIALS}");
    assert!(share(fine, TRIALS) < most, "fine: {fine} of {TRIALS}");
    // A bound that is never crossed would be safe and of no use.
    assert!(harmful > TRIALS / 200 && fine > TRIALS / 200, "{harmful} and {fine} of {TRIALS}");
}

#[test]
fn the_fixed_interval_covers_as_often_as_it_says() {
    const TRIALS: usize = 4000;
    let mut rng = seeded(77);
    let covered = (0..TRIALS).filter(|_| {
        let control = Statistic::Mean(normal(&mut rng, 12, 10.0, 1.0));
        let variant = Statistic::Mean(normal(&mut rng, 40, 12.0, 4.0));
        let effect = effect(&(control, variant), EffectKind::Absolute);
        fixed(&effect, ALPHA).expect("a result").interval.within(-1e9, 2.0)
            || fixed(&effect, ALPHA).expect("a result").interval.lower > 2.0
    });
    let missed = share(covered.count(), TRIALS);
    assert!((missed - ALPHA).abs() < margin(ALPHA, TRIALS), "missed {missed}");
}

/// With a flat prior the chance to win is spread evenly over equal arms, as a
/// one-sided p-value is.
#[test]
fn the_chance_to_win_is_calibrated_at_one_look() {
    const TRIALS: usize = 4000;
    let mut rng = seeded(99);
    let sure = (0..TRIALS).filter(|_| {
        let control = Statistic::Proportion(binomial(&mut rng, 4000, 0.3));
        let variant = Statistic::Proportion(binomial(&mut rng, 4000, 0.3));
        let effect = effect(&(control, variant), EffectKind::Relative);
        let result = bayesian(&effect, Better::Higher, Prior::Flat, ALPHA).expect("a result");
        result.chance_to_win > 1.0 - ALPHA
    });
    let wrong = share(sure.count(), TRIALS);
    assert!((wrong - ALPHA).abs() < margin(ALPHA, TRIALS), "{wrong}");
}

#[test]
fn an_even_split_is_called_a_mismatch_as_often_as_alpha_says() {
    const TRIALS: usize = 10_000;
    let mut rng = seeded(5);
    let mut split = || {
        let all = 9000;
        let first = Binomial::new(all, 0.5).expect("a rate").sample(&mut rng);
        let second = Binomial::new(all - first, 0.6).expect("a rate").sample(&mut rng);
        [first, second, all - first - second]
    };
    let alpha = 0.01;
    let called = (0..TRIALS)
        .filter(|_| mismatch(&split(), &[5.0, 3.0, 2.0]).expect("a p-value") < alpha)
        .count();
    let margin = margin(alpha, TRIALS);
    assert!((share(called, TRIALS) - alpha).abs() < margin, "{called} of {TRIALS}");
    // One user in fifty lost from one arm is found.
    assert!(mismatch(&[50_000, 49_000], &[1.0, 1.0]).expect("a p-value") < 0.01);
}
