use std::collections::BTreeMap;

use dais_api::abtest::{Metric, TestVariant};
use dais_statistics::{Counts, Rng};

use super::*;
use crate::seams::MetricReading;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn spec() -> ABTestSpec {
    let variant =
        |name: &str| TestVariant { name: name.to_owned(), weight: 1.0, ..TestVariant::default() };
    ABTestSpec {
        variants: vec![variant("a"), variant("b"), variant("c")],
        metrics: vec![Metric { name: "bought".to_owned(), ..Metric::default() }],
        primary: "bought".to_owned(),
        bandit: Some(BanditRule { every_seconds: Some(60), ..BanditRule::default() }),
        ..ABTestSpec::default()
    }
}

fn reading(successes: [u64; 3]) -> TestReading {
    let of = |successes| Statistic::Proportion(Counts { count: 1000, successes });
    let names = ["a", "b", "c"].map(str::to_owned);
    let variants: BTreeMap<_, _> = names.into_iter().zip(successes.map(of)).collect();
    let metrics = vec![MetricReading { variants, message: None }];
    TestReading { metrics, ..TestReading::default() }
}

#[test]
fn shares_follow_what_does_better_when_it_is_time() {
    let (spec, found) = (spec(), reading([100, 200, 100]));
    let mut status = ABTestStatus { start_time: Some(Time(at(0))), ..ABTestStatus::default() };
    let early = renew(&spec, &status, (&found, 1), at(59)).unwrap();
    assert_eq!(early.rounds, 0);
    let due = renew(&spec, &status, (&found, 1), at(60)).unwrap();
    assert_eq!(due.rounds, 1);
    assert!(due.shares[1] > 0.85, "{due:?}");
    assert!(due.shares.iter().all(|share| *share >= 0.05), "{due:?}");
    assert_eq!(due, renew(&spec, &status, (&found, 1), at(60)).unwrap());
    status.bandit = Some(due.clone());
    assert_eq!(shares(&spec, &status), due.shares);
    assert_eq!(renew(&spec, &status, (&found, 1), at(119)).unwrap(), due);
}

#[test]
fn without_a_bandit_the_weights_say_it() {
    let mut spec = spec();
    spec.bandit = None;
    spec.variants[0].weight = 2.0;
    assert_eq!(shares(&spec, &ABTestStatus::default()), [0.5, 0.25, 0.25]);
    spec.variants.iter_mut().for_each(|variant| variant.weight = 0.0);
    let third = 1.0 / 3.0;
    assert_eq!(declared(&spec), [third, third, third]);
}

const HOURS: i64 = 168;
const PER_HOUR: u64 = 500;

/// A week of a test as it is run, with the settings of a rule that says nothing: each
/// person gets a variant by the shares, which are renewed every hour. Gives what was lost
/// against everybody with the best variant.
fn regret(rates: &[f64], seed: u64) -> f64 {
    let names: Vec<String> = (0..rates.len()).map(|at| format!("v{at}")).collect();
    let variant = |name: &String| TestVariant { name: name.clone(), ..TestVariant::default() };
    let spec = ABTestSpec {
        variants: names.iter().map(variant).collect(),
        bandit: Some(BanditRule::default()),
        ..spec()
    };
    let best = rates.iter().copied().fold(0.0, f64::max);
    let mut status = ABTestStatus { start_time: Some(Time(at(0))), ..ABTestStatus::default() };
    let mut counts = vec![Counts::default(); rates.len()];
    let mut rng = Pcg64::seed_from_u64(seed);
    let mut lost = 0.0;
    for hour in 1..=HOURS {
        let shares = shares(&spec, &status);
        for _ in 0..PER_HOUR {
            let mut place = uniform(&mut rng);
            let passed = |share: &&f64| {
                place -= **share;
                place >= 0.0
            };
            let arm = shares.iter().take_while(passed).count().min(rates.len() - 1);
            counts[arm].observe(uniform(&mut rng) < rates[arm]);
            lost += best - rates[arm];
        }
        let values = counts.iter().copied().map(Statistic::Proportion);
        let variants = names.iter().cloned().zip(values).collect();
        let metrics = vec![MetricReading { variants, message: None }];
        let reading = TestReading { metrics, ..TestReading::default() };
        status.bandit = renew(&spec, &status, (&reading, seed), at(hour * 3600));
    }
    assert!(status.bandit.unwrap().rounds > HOURS - 5);
    lost
}

fn uniform(rng: &mut Pcg64) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// What every rule loses in the long run that is good everywhere, for a unit of the
/// logarithm of the number of people: Lai and Robbins, "Asymptotically efficient adaptive
/// allocation rules" (Advances in Applied Mathematics 6, 1985).
fn least(rates: &[f64], best: f64) -> f64 {
    let apart = |p: f64, q: f64| p * (p / q).ln() + (1.0 - p) * ((1.0 - p) / (1.0 - q)).ln();
    rates.iter().filter(|p| **p < best).map(|p| (best - p) / apart(*p, best)).sum()
}

/// The bound of docs/ab-tests.md: an even split until weights move, then the least share
/// of each worse variant, and while it learns four times what nobody can do without.
#[test]
fn what_is_lost_stays_within_the_stated_bound_with_the_settings_that_ship() {
    const RUNS: u64 = 8;
    for rates in [&[0.05, 0.08, 0.06][..], &[0.10, 0.13], &[0.3, 0.2, 0.2, 0.2, 0.25]] {
        let best = rates.iter().copied().fold(0.0, f64::max);
        let gaps: f64 = rates.iter().map(|rate| best - rate).sum();
        let people = (HOURS as u64 * PER_HOUR) as f64;
        // Until each variant has its hundred people: in the first hour or the second.
        let even = 2.0 * PER_HOUR as f64 * gaps / rates.len() as f64;
        let bound = even + 0.05 * people * gaps + 4.0 * least(rates, best) * people.ln();
        let lost = (0..RUNS).map(|seed| regret(rates, seed)).sum::<f64>() / RUNS as f64;
        let alike = people * gaps / rates.len() as f64;
        println!("{rates:?}: lost {lost:.0}, bound {bound:.0}, even split {alike:.0}");
        assert!(lost < bound, "{rates:?}: {lost} over {bound}");
        assert!(lost < 0.5 * alike, "{rates:?}: {lost} where an even split loses {alike}");
    }
}
