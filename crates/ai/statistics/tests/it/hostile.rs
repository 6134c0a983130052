//! Values that nobody should send: every function answers, or says why not.

use std::collections::BTreeMap;

use dais_statistics::{
    Arm, Bandit, Baseline, Better, Effect, EffectKind, Error, Guardrail, Method, Moments,
    PairMoments, PairSums, Plan, Power, Prior, Setting, Statistic, Sums, bayesian, fixed, mismatch,
    sequential,
};
use proptest::prelude::*;

use crate::arms::{mean, pair, proportion, seeded};

const KINDS: [EffectKind; 2] = [EffectKind::Absolute, EffectKind::Relative];

/// Any double at all, the strange ones often.
fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>(),
        any::<u64>().prop_map(f64::from_bits),
        prop::sample::select(vec![
            0.0,
            -0.0,
            1.0,
            -1.0,
            0.5,
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::MAX,
            f64::MIN,
            f64::MIN_POSITIVE,
            5e-324,
            1e154,
            1e-154,
        ]),
        -2.0..2.0f64,
    ]
}

fn any_count() -> impl Strategy<Value = u64> {
    prop_oneof![0..5u64, 0..10_000u64, any::<u64>(), Just(u64::MAX)]
}

fn any_arm() -> impl Strategy<Value = Statistic> {
    let sums = || (any_count(), any_number(), any_number());
    let more = (any_number(), any_number(), any_number(), any::<bool>());
    prop_oneof![
        (any_count(), any_count()).prop_map(|(a, b)| proportion(a, b)),
        sums().prop_map(|(count, sum, sum_squares)| {
            Statistic::Mean(Moments::from(Sums { count, sum, sum_squares }))
        }),
        (sums(), more).prop_map(|((count, a, b), (c, d, e, ratio))| {
            let pair = PairMoments::from(PairSums {
                count,
                first_sum: a,
                first_sum_squares: b,
                second_sum: c,
                second_sum_squares: d,
                sum_products: e,
            });
            if ratio { Statistic::Ratio(pair) } else { Statistic::Adjusted(pair) }
        }),
    ]
}

fn any_kind() -> impl Strategy<Value = EffectKind> {
    prop::sample::select(KINDS.to_vec())
}

fn any_prior() -> impl Strategy<Value = Prior> {
    let normal = (any_number(), any_number(), any_kind());
    prop_oneof![
        Just(Prior::Flat),
        normal.prop_map(|(mean, deviation, of)| Prior::Normal { mean, deviation, of }),
    ]
}

fn finite(figures: &[f64]) -> bool {
    figures.iter().all(|figure| figure.is_finite())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_test_panics_or_answers_without_a_number(
        arms in (any_arm(), any_arm()),
        kind in any_kind(),
        alpha in any_number(),
        tuning in any_number(),
        prior in any_prior(),
    ) {
        let Ok(effect) = Effect::measure(&arms.0, &arms.1, kind) else { return Ok(()) };
        prop_assert!(finite(&[effect.estimate, effect.standard_error, effect.control]));
        prop_assert!(effect.standard_error > 0.0 && effect.degrees_of_freedom > 0.0);
        for alpha in [alpha, 0.05] {
            for result in [fixed(&effect, alpha), sequential(&effect, alpha, tuning)] {
                let Ok(result) = result else { continue };
                let figures = [result.p_value, result.interval.lower, result.interval.upper];
                prop_assert!(finite(&figures), "{effect:?} {alpha} {tuning} {result:?}");
            }
            if let Ok(result) = bayesian(&effect, Better::Lower, prior, alpha) {
                let figures = [
                    result.chance_to_win, result.estimate, result.deviation, result.interval.lower,
                    result.interval.upper, result.risk.control, result.risk.variant,
                ];
                prop_assert!(finite(&figures), "{effect:?} {alpha} {prior:?} {result:?}");
            }
            let guardrail = Guardrail { kind, tolerated: alpha, alpha, tuning, ..Guardrail::default() };
            if let Ok(result) = guardrail.judge(&effect) {
                prop_assert!(finite(&[result.lower, result.upper]));
            }
        }
    }

    #[test]
    fn no_figure_of_power_panics(
        arms in (any_arm(), any_arm()),
        numbers in (any_number(), any_number(), any_number(), any_number()),
        tests in any::<u32>(),
        tuning in prop::option::of(any_number()),
        prior in any_prior(),
        kind in any_kind(),
    ) {
        let (alpha, power, wanted, other) = numbers;
        for power in [
            Power { alpha, power, tests, tuning, prior },
            Power { tuning, prior, ..Power::default() },
        ] {
            for baseline in [
                Baseline::Proportion { rate: other },
                Baseline::Mean { mean: other, variance: alpha },
            ] {
                let size = power.sample_size(&baseline, wanted, kind);
                prop_assert!(!matches!(size, Ok(Some(size)) if !size.is_finite()));
            }
            let Ok(effect) = Effect::measure(&arms.0, &arms.1, kind) else { continue };
            if let Ok(chance) = power.chance(&effect, wanted, other) {
                prop_assert!(chance.is_finite(), "{power:?} {effect:?} {wanted} {other}");
            }
            if let Ok(detectable) = power.detectable(&effect, other) {
                prop_assert!(detectable.is_finite());
            }
            if let Ok(Some(left)) = power.time_left(&effect, wanted, other) {
                prop_assert!(finite(&[left.observations, left.days]));
            }
        }
    }

    #[test]
    fn no_bandit_panics(
        arms in prop::collection::vec(any_arm(), 0..4),
        min_share in any_number(),
        draws in 0..20u32,
        seed in any::<u64>(),
    ) {
        for min_count in [0, 100] {
            let bandit = Bandit { min_share, draws, min_count, ..Bandit::default() };
            if let Ok(found) = bandit.shares(&arms, &mut seeded(seed)) {
                prop_assert!(finite(&found.shares) && finite(&found.best));
                prop_assert!((found.shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn no_analysis_panics(
        arms in prop::collection::vec((any_arm(), any_number(), any_count()), 0..4),
        numbers in (any_number(), any_number(), any_number()),
        method in 0..3,
        prior in any_prior(),
    ) {
        let (a, b, c) = numbers;
        let method = match method {
            0 => Method::Fixed,
            1 => Method::Sequential { tuning: a },
            _ => Method::Bayesian { prior, chance_to_win: 0.95 },
        };
        let arms: Vec<Arm> = arms
            .into_iter()
            .enumerate()
            .map(|(index, (goal, share, users))| Arm {
                name: if index == 0 { "control".into() } else { format!("variant-{index}") },
                share: if index % 2 == 0 { share } else { 1.0 },
                users,
                goal,
                guardrails: BTreeMap::from([("errors".into(), goal)]),
            })
            .collect();
        let mut plan = Plan { method, max_days: 10.0, min_count: 0, ..Plan::default() };
        plan.guardrails.insert("errors".into(), Guardrail::default());
        plan.goal.wanted = Some(b);
        plan.goal.negligible = Some(c);
        if let Ok(report) = plan.analyse(&arms, a) {
            let decision = plan.decide(&report);
            serde_json::to_string(&(report, decision)).expect("json");
        }
    }
}

fn refused<T>(setting: Setting) -> Result<T, Error> {
    Err(Error::Setting { setting })
}

#[test]
fn each_refusal_says_why() {
    let measure = |a: Statistic, b: Statistic| Effect::measure(&a, &b, EffectKind::Relative);
    let good = mean(100, 5.0, 2.0);
    assert_eq!(measure(good, mean(1, 5.0, 0.0)), Err(Error::TooFew { count: 1, needed: 2 }));
    assert_eq!(measure(good, mean(100, 5.0, 0.0)), Err(Error::NoVariance));
    assert_eq!(measure(mean(100, 0.0, 2.0), good), Err(Error::ZeroBaseline));
    assert_eq!(measure(good, proportion(3, 10)), Err(Error::DifferentKinds));
    assert_eq!(measure(proportion(11, 10), proportion(3, 10)), Err(Error::MoreThanAll));
    let mut poisoned = Moments::default();
    [1.0, f64::NAN, 2.0].iter().for_each(|value| poisoned.observe(*value));
    assert_eq!(measure(good, Statistic::Mean(poisoned)), Err(Error::NotFinite));
    let ratio = Statistic::Ratio(pair(100, (1.0, 0.0), (1.0, 0.0), 0.0));
    assert_eq!(measure(ratio, ratio), Err(Error::ZeroDenominator));
    // Below 0 by rounding is 0, and 0 says nothing about how sure one is.
    let rounded = Sums { count: 3, sum: 0.3, sum_squares: 0.03 - 1e-18 };
    assert_eq!(measure(good, Statistic::Mean(rounded.into())), Err(Error::NoVariance));

    let effect = measure(good, mean(100, 6.0, 2.0)).expect("an effect");
    assert_eq!(fixed(&effect, 0.0), refused(Setting::Alpha));
    assert_eq!(sequential(&effect, 0.05, -1.0), refused(Setting::Tuning));
    let prior = Prior::Normal { mean: 0.0, deviation: 0.0, of: EffectKind::Relative };
    let believed = bayesian(&effect, Better::Higher, prior, 0.05);
    assert_eq!(believed, refused(Setting::Prior));
    // So narrow that nothing can be computed with it.
    let prior = Prior::Normal { mean: 1.7, deviation: 1.5e-308, of: EffectKind::Relative };
    let power = Power { prior, ..Power::default() };
    assert_eq!(power.chance(&effect, 0.1, 0.0), Err(Error::NotFinite));
    assert_eq!(power.time_left(&effect, 1e-4, 1e-308).map(|_| ()), Err(Error::NotFinite));
    assert_eq!(mismatch(&[1, 2], &[1.0]), refused(Setting::Shares));
    assert_eq!(mismatch(&[1, 2], &[0.0, 0.0]), refused(Setting::Shares));
    assert_eq!(mismatch(&[0, 0], &[1.0, 1.0]), Ok(1.0));
    let told = Error::Setting { setting: Setting::Alpha }.to_string();
    assert_eq!(told, "alpha is out of range: a number between 0 and 0.5");
}

/// A control below 0: the sign of a relative effect still says which arm has more.
#[test]
fn a_relative_effect_keeps_its_sign_below_zero() {
    let (control, variant) = (mean(500, -10.0, 4.0), mean(500, -9.0, 4.0));
    let effect = Effect::measure(&control, &variant, EffectKind::Relative).expect("an effect");
    assert!((effect.estimate - 0.1).abs() < 1e-12);
}
