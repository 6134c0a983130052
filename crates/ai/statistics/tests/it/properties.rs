//! What must hold for any data: merging changes nothing, swapping arms changes
//! signs only, and units do not matter.

use dais_statistics::{
    Better, Counts, Effect, EffectKind, Moments, PairMoments, PairSums, Prior, Statistic, Sums,
    bayesian, fixed, mismatch, sequential,
};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::arms::{close, mean, pair, proportion};

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![-1e3..1e3f64, 1e6..1e6 + 10.0, Just(0.0)]
}

fn arm() -> impl Strategy<Value = Statistic> {
    let counts = (2..100_000u64).prop_flat_map(|count| (1..count, Just(count)));
    let moments = (2..100_000u64, 0.5..100.0f64, 0.01..1e4f64);
    let pairs = (moments.clone(), 0.5..10.0f64, 0.01..10.0f64, -0.95..0.95f64);
    prop_oneof![
        counts.prop_map(|(successes, count)| proportion(successes, count)),
        moments.prop_map(|(count, middle, variance)| mean(count, middle, variance)),
        pairs.prop_map(|((count, first, of_first), second, of_second, correlation)| {
            let covariance = correlation * (of_first * of_second).sqrt();
            Statistic::Ratio(pair(count, (first, second), (of_first, of_second), covariance))
        }),
    ]
}

fn same_moments(a: &Moments, b: &Moments, size: f64) -> bool {
    a.count() == b.count()
        && close(a.mean(), b.mean(), 1e-12, 1e-12 * size)
        && close(a.variance(), b.variance(), 1e-9, 1e-9 * size)
}

proptest! {
    #[test]
    fn merged_moments_are_those_of_all(values in vec(value(), 0..60), at in 0..60usize) {
        let of = |values: &[f64]| {
            let mut moments = Moments::default();
            values.iter().for_each(|value| moments.observe(*value));
            moments
        };
        let (left, right) = values.split_at(at.min(values.len()));
        let size = values.iter().fold(1.0, |most: f64, value| most.max(value.abs()));
        let (mut forth, mut back) = (of(left), of(right));
        forth.merge(&of(right));
        back.merge(&of(left));
        prop_assert!(same_moments(&forth, &of(&values), size));
        prop_assert!(same_moments(&back, &of(&values), size));
        // Two passes over the values are the definition.
        let n = values.len() as f64;
        let middle = values.iter().sum::<f64>() / n.max(1.0);
        let squares: f64 = values.iter().map(|value| (value - middle).powi(2)).sum();
        prop_assert!(close(of(&values).variance(), squares / (n - 1.0).max(1.0), 1e-9, 1e-9 * size));
    }

    #[test]
    fn merged_pairs_are_those_of_all(values in vec((value(), value()), 0..60), at in 0..60usize) {
        let of = |values: &[(f64, f64)]| {
            let mut pairs = PairMoments::default();
            values.iter().for_each(|(first, second)| pairs.observe(*first, *second));
            pairs
        };
        let (left, right) = values.split_at(at.min(values.len()));
        let largest = |most: f64, pair: &(f64, f64)| most.max(pair.0.abs()).max(pair.1.abs());
        let size = values.iter().fold(1.0, largest);
        let mut merged = of(left);
        merged.merge(&of(right));
        let all = of(&values);
        prop_assert!(same_moments(merged.first(), all.first(), size));
        prop_assert!(same_moments(merged.second(), all.second(), size));
        prop_assert!(close(merged.covariance(), all.covariance(), 1e-9, 1e-9 * size * size));
        let n = values.len() as f64;
        let middle = |of: fn(&(f64, f64)) -> f64| values.iter().map(of).sum::<f64>() / n.max(1.0);
        let (x, y) = (middle(|pair| pair.0), middle(|pair| pair.1));
        let products: f64 = values.iter().map(|pair| (pair.0 - x) * (pair.1 - y)).sum();
        prop_assert!(close(all.covariance(), products / (n - 1.0).max(1.0), 1e-9, 1e-9 * size * size));
    }

    #[test]
    fn counts_merge_exactly(parts in vec((0..1u64 << 40, 0..1u64 << 40), 0..20)) {
        let counts = parts.iter().map(|(a, b)| Counts { count: *a.max(b), successes: *a.min(b) });
        let mut merged = Counts::default();
        counts.clone().rev().for_each(|part| merged.merge(&part));
        let all = Counts {
            count: counts.clone().map(|part| part.count).sum(),
            successes: counts.map(|part| part.successes).sum(),
        };
        prop_assert_eq!(merged, all);
    }

    /// Sums and single observations are two ways to the same moments.
    #[test]
    fn sums_say_what_observations_say(values in vec((-1e3..1e3f64, -1e3..1e3f64), 0..60)) {
        let mut one_by_one = PairMoments::default();
        values.iter().for_each(|(first, second)| one_by_one.observe(*first, *second));
        let sum = |of: fn(&(f64, f64)) -> f64| values.iter().map(of).sum::<f64>();
        let sums = PairSums {
            count: values.len() as u64,
            first_sum: sum(|pair| pair.0),
            first_sum_squares: sum(|pair| pair.0 * pair.0),
            second_sum: sum(|pair| pair.1),
            second_sum_squares: sum(|pair| pair.1 * pair.1),
            sum_products: sum(|pair| pair.0 * pair.1),
        };
        let from_sums = PairMoments::from(sums);
        prop_assert!(same_moments(from_sums.first(), one_by_one.first(), 1e3));
        prop_assert!(close(from_sums.covariance(), one_by_one.covariance(), 1e-9, 1e-6));
        let first = Sums {
            count: sums.count,
            sum: sums.first_sum,
            sum_squares: sums.first_sum_squares,
        };
        prop_assert_eq!(&Moments::from(first), from_sums.first());
    }

    #[test]
    fn swapped_arms_swap_signs(a in arm(), b in arm(), tuning in 1.0..1e6f64) {
        prop_assume!(std::mem::discriminant(&a) == std::mem::discriminant(&b));
        let there = Effect::measure(&a, &b, EffectKind::Absolute).expect("an effect");
        let back = Effect::measure(&b, &a, EffectKind::Absolute).expect("an effect");
        prop_assert_eq!(there.estimate, -back.estimate);
        prop_assert!(close(there.standard_error, back.standard_error, 1e-14, 0.0));
        for (there, back) in [
            (fixed(&there, 0.05), fixed(&back, 0.05)),
            (sequential(&there, 0.05, tuning), sequential(&back, 0.05, tuning)),
        ] {
            let (there, back) = (there.expect("a result"), back.expect("a result"));
            prop_assert!(close(there.p_value, back.p_value, 1e-11, 0.0));
            prop_assert!(close(there.interval.lower, -back.interval.upper, 1e-11, 1e-12));
            prop_assert!((0.0..=1.0).contains(&there.p_value));
            prop_assert!(there.interval.lower < there.interval.upper);
        }
        let (there, back) = (
            bayesian(&there, Better::Higher, Prior::Flat, 0.05).expect("a result"),
            bayesian(&back, Better::Lower, Prior::Flat, 0.05).expect("a result"),
        );
        prop_assert!(close(there.chance_to_win, back.chance_to_win, 1e-11, 0.0));
        prop_assert!(close(there.risk.control, back.risk.control, 1e-9, 1e-300));
    }

    /// The p-value and the interval of each test say the same.
    #[test]
    fn a_test_agrees_with_its_interval(a in arm(), b in arm(), alpha in 0.001..0.4f64) {
        prop_assume!(std::mem::discriminant(&a) == std::mem::discriminant(&b));
        for kind in [EffectKind::Absolute, EffectKind::Relative] {
            let effect = Effect::measure(&a, &b, kind).expect("an effect");
            for result in [fixed(&effect, alpha), sequential(&effect, alpha, 5000.0)] {
                let result = result.expect("a result");
                let sure = result.interval.lower > 0.0 || result.interval.upper < 0.0;
                prop_assert_eq!(sure, result.p_value < alpha);
            }
            let once = fixed(&effect, alpha).expect("a result").interval;
            let always = sequential(&effect, alpha, 5000.0).expect("a result").interval;
            // Student's t with a handful of users is wider still, and rightly so.
            prop_assert!(effect.degrees_of_freedom < 100.0 || once.within(always.lower, always.upper));
        }
    }

    /// Cents or euros: a relative effect is the same.
    #[test]
    fn units_do_not_matter(n in 10..10_000u64, middle in 1.0..100.0f64, scale in 0.01..100.0f64) {
        let of = |scale: f64| {
            let control = mean(n, middle * scale, 3.0 * scale * scale);
            let variant = mean(n, 1.01 * middle * scale, 4.0 * scale * scale);
            Effect::measure(&control, &variant, EffectKind::Relative).expect("an effect")
        };
        prop_assert!(close(of(1.0).estimate, of(scale).estimate, 1e-9, 1e-12));
        prop_assert!(close(of(1.0).standard_error, of(scale).standard_error, 1e-7, 0.0));
    }

    #[test]
    fn shares_need_not_add_up(users in vec(0..1u64 << 30, 2..6), scale in 0.001..1e6f64) {
        let shares: Vec<f64> = (0..users.len()).map(|arm| 1.0 + arm as f64).collect();
        let scaled: Vec<f64> = shares.iter().map(|share| share * scale).collect();
        let p = mismatch(&users, &shares).expect("a p-value");
        prop_assert!(close(p, mismatch(&users, &scaled).expect("a p-value"), 1e-6, 1e-12));
        prop_assert!((0.0..=1.0).contains(&p));
    }
}
