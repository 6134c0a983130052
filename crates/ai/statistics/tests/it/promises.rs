//! What a test promises when it is left to itself: thousands of tests of equal arms, each
//! looked at after every few users from the first look that may decide, in the ways that
//! a test can be set up to decide by itself. The share of those that name a winner, or
//! stop, must be within the binomial bounds of what was promised.

mod world;

use std::collections::BTreeMap;

use dais_statistics::{
    Arm, Baseline, Better, Counts, DEFAULT_TUNING, Decision, EffectKind, Guardrail, Method, Plan,
    Power, Prior, State, Statistic, Verdict, mismatch_at_any_look,
};
use rand_distr::{Binomial, Distribution};

use crate::arms::{binomial, seeded};
use world::{Metric, World};

const ALPHA: f64 = 0.05;
const EVEN: &[f64] = &[1.0, 1.0];
const LARGE_CONTROL: &[f64] = &[9.0, 1.0];
const SMALL_CONTROL: &[f64] = &[1.0, 9.0];

/// The most that a share of `alpha` may come to among `trials`: 3.3 standard deviations
/// above it, which one honest simulation in two thousand exceeds.
fn most(alpha: f64, trials: usize) -> f64 {
    alpha + 3.3 * (alpha * (1.0 - alpha) / trials as f64).sqrt()
}

fn share(trials: usize, of: impl FnMut(u64) -> bool) -> f64 {
    let found: Vec<bool> = (0..trials as u64).map(of).collect();
    found.iter().filter(|found| **found).count() as f64 / trials as f64
}

fn sequential(tuning: f64) -> Plan {
    Plan { method: Method::Sequential { tuning }, ..Plan::default() }
}

fn decided(world: &World<'_>, plan: &Plan, seed: u64) -> bool {
    let mut growing = world.begin(seed);
    world.looks(plan.min_count).any(|look| {
        let report = plan.analyse(&growing.until(look), 1.0).expect("a report");
        plan.decide(&report).state == State::Winner
    })
}

/// Of tests that end as soon as they are decided.
fn holds(metric: Metric, weights: &[f64], plan: &Plan) {
    const TRIALS: usize = 1000;
    let world = World { metric, weights, users: 3000 };
    let wrong = share(TRIALS, |seed| decided(&world, plan, seed));
    println!("{metric:?} {weights:?} {:?} alpha {}: {wrong}", plan.method, plan.alpha);
    let most = most(plan.alpha, TRIALS);
    assert!(wrong <= most, "{metric:?} {weights:?}: {wrong} is more than {most}");
}

#[test]
fn proportions_keep_their_promise_at_any_look() {
    for weights in [EVEN, LARGE_CONTROL, SMALL_CONTROL] {
        holds(Metric::Rate(0.3), weights, &Plan::default());
        holds(Metric::Rate(0.03), weights, &Plan::default());
    }
}

#[test]
fn means_keep_their_promise_at_any_look() {
    for weights in [EVEN, LARGE_CONTROL, SMALL_CONTROL] {
        holds(Metric::Normal, weights, &Plan::default());
        holds(Metric::Skewed, weights, &Plan::default());
    }
}

#[test]
fn covariates_and_ratios_keep_their_promise_at_any_look() {
    for weights in [EVEN, LARGE_CONTROL] {
        holds(Metric::Adjusted, weights, &Plan::default());
        holds(Metric::Errors, weights, &Plan::default());
    }
}

#[test]
fn every_setting_of_the_method_keeps_its_promise() {
    // Also those that look from the second user of each arm on.
    for (tuning, min_count) in [(1.0, 2), (100.0, 2), (5000.0, 2), (1e6, 100)] {
        holds(Metric::Skewed, LARGE_CONTROL, &Plan { min_count, ..sequential(tuning) });
        holds(Metric::Normal, EVEN, &Plan { min_count, ..sequential(tuning) });
    }
    for alpha in [0.01, 0.2, 0.4] {
        holds(Metric::Rate(0.1), LARGE_CONTROL, &Plan { alpha, ..sequential(500.0) });
    }
}

#[test]
fn several_variants_together_keep_the_promise() {
    holds(Metric::Rate(0.1), &[1.0; 5], &sequential(1000.0));
    holds(Metric::Skewed, &[6.0, 2.0, 1.0, 1.0], &sequential(1000.0));
}

/// And yet a difference that is there is found: as often as the plan's power says, with
/// as many users as [`Power::sample_size`] says.
#[test]
fn what_is_wanted_is_found() {
    const TRIALS: usize = 1000;
    let (plan, tuning) = (sequential(DEFAULT_TUNING), Some(DEFAULT_TUNING));
    let power = Power { tuning, ..Power::default() };
    for (rate, lift) in [(0.2, 0.15), (0.03, 0.3)] {
        let size = power.sample_size(&Baseline::Proportion { rate }, lift, EffectKind::Relative);
        let size = size.expect("a size").expect("in reach") as u64;
        let found = share(TRIALS, |seed| {
            let mut rng = seeded(seed);
            let counts = [rate, rate * (1.0 + lift)].map(|rate| binomial(&mut rng, size, rate));
            let arms = ["control", "variant"].into_iter().zip(counts).map(|(name, counts)| Arm {
                name: name.to_owned(),
                share: 1.0,
                users: counts.count,
                goal: Statistic::Proportion(counts),
                guardrails: BTreeMap::new(),
            });
            let report = plan.analyse(&arms.collect::<Vec<_>>(), 1.0).expect("a report");
            plan.decide(&report).variant.as_deref() == Some("variant")
                && plan.decide(&report).state == State::Winner
        });
        println!("{rate} and {lift} more, {size} users each: found {found}");
        // 3.3 standard deviations of a share of 0.8.
        assert!(found > 0.8 - 0.042, "{rate}: {found}");
    }
}

/// With a flat prior, each variant and the control are named with the probability
/// `1 − chance_to_win`: at the one look that decides, and far more often by who ends at
/// the first high chance, which therefore no plan does.
#[test]
fn a_chance_keeps_its_promise_at_the_end_and_not_before() {
    const TRIALS: usize = 1000;
    let method = Method::Bayesian { prior: Prior::Flat, chance_to_win: 1.0 - ALPHA };
    let plan = Plan { method, ..Plan::default() };
    let at = |world: &World<'_>, seed, users, days| -> Decision {
        let arms = world.begin(seed).until(users);
        plan.decide(&plan.analyse(&arms, days).expect("a report"))
    };
    for (metric, weights) in [
        (Metric::Rate(0.1), EVEN),
        (Metric::Rate(0.03), LARGE_CONTROL),
        (Metric::Skewed, LARGE_CONTROL),
        (Metric::Normal, &[1.0; 4]),
    ] {
        let world = World { metric, weights, users: 3000 };
        let end = |seed| at(&world, seed, world.users, plan.max_days).state == State::Winner;
        let wrong = share(TRIALS, end);
        let promised = ALPHA * weights.len() as f64;
        println!("{metric:?} {weights:?} at the end: {wrong} of {promised}");
        assert!(wrong <= most(promised, TRIALS), "{metric:?} {weights:?}: {wrong}");
        let early = |seed| at(&world, seed, world.users, plan.max_days - 1.0).state;
        assert!((0..100).all(|seed| early(seed) == State::Running), "{metric:?}");
    }
    let world = World { metric: Metric::Rate(0.1), weights: EVEN, users: 3000 };
    let peeking = share(TRIALS, |seed| {
        let mut growing = world.begin(seed);
        world.looks(plan.min_count).any(|look| {
            let report = plan.analyse(&growing.until(look), plan.max_days).expect("a report");
            plan.decide(&report).state == State::Winner
        })
    });
    println!("at the first high chance: {peeking}");
    assert!(peeking > 6.0 * ALPHA, "{peeking}");
}

/// Two guardrails of two variants, which share alpha, on variants that are just as good
/// as is accepted.
#[test]
fn guardrails_stop_tests_without_harm_no_more_often_than_promised() {
    const TRIALS: usize = 1000;
    let guardrail = |better| Guardrail { better, alpha: ALPHA / 4.0, ..Guardrail::default() };
    for weights in [&[1.0; 3][..], &[8.0, 1.0, 1.0]] {
        let harmed = |metric, better| {
            let world = World { metric, weights, users: 4000 };
            move |seed| {
                let mut growing = world.begin(seed);
                world.looks(100).any(|look| {
                    let arms = growing.until(look);
                    arms[1..].iter().any(|arm| {
                        let judged = guardrail(better).check(&arms[0].goal, &arm.goal);
                        judged.is_ok_and(|found| found.verdict == Verdict::Harmful)
                    })
                })
            }
        };
        let errors = harmed(Metric::Rate(0.03), Better::Lower);
        let revenue = harmed(Metric::Skewed, Better::Higher);
        let stopped = share(TRIALS, |seed| errors(seed) || revenue(seed));
        println!("guardrails {weights:?}: {stopped}");
        assert!(stopped <= most(ALPHA, TRIALS), "{weights:?}: {stopped}");
    }
}

/// A guardrail that accepts a tenth, on a variant that is worse by just that, and by more.
#[test]
fn a_guardrail_with_a_tolerance_is_as_rarely_wrong_and_finds_harm() {
    const TRIALS: usize = 600;
    let guardrail = Guardrail { tolerated: 0.1, ..Guardrail::default() };
    let grown = |seed: u64, rate: f64| {
        let mut rng = seeded(seed);
        let (mut control, mut variant) = (Counts::default(), Counts::default());
        (0..80).any(|_| {
            control.merge(&binomial(&mut rng, 150, 0.1));
            variant.merge(&binomial(&mut rng, 150, rate));
            let arms = [control, variant].map(Statistic::Proportion);
            let found = guardrail.check(&arms[0], &arms[1]);
            found.is_ok_and(|found| found.verdict == Verdict::Harmful)
        })
    };
    let wrong = share(TRIALS, |seed| grown(seed, 0.09));
    assert!(wrong <= most(ALPHA, TRIALS), "{wrong}");
    let found = share(50, |seed| grown(seed, 0.07));
    assert!(found > 0.8, "{found}");
}

/// Looked at after every few users, and from the first on.
#[test]
fn a_split_as_intended_raises_the_alarm_no_more_often_than_promised() {
    const TRIALS: usize = 4000;
    let alpha = Plan::default().mismatch_alpha;
    for shares in [&[0.5, 0.5][..], &[0.9, 0.1], &[0.5, 0.3, 0.2], &[0.02, 0.98]] {
        let called = share(TRIALS, |seed| {
            let mut rng = seeded(seed);
            let mut users = vec![0_u64; shares.len()];
            let mut all: u64 = 0;
            while all < 50_000 {
                let more = (all / 20).max(1);
                all += more;
                let (mut left, mut rest) = (more, 1.0_f64);
                for (users, share) in users.iter_mut().zip(shares) {
                    let part = (share / rest).min(1.0);
                    let got = Binomial::new(left, part).expect("a share").sample(&mut rng);
                    (*users, left, rest) = (*users + got, left - got, rest - share);
                }
                if mismatch_at_any_look(&users, shares).expect("a p-value") < alpha {
                    return true;
                }
            }
            false
        });
        println!("split {shares:?}: {called}");
        assert!(called <= most(alpha, TRIALS), "{shares:?}: {called}");
    }
    let found = |users: [u64; 2]| mismatch_at_any_look(&users, &[1.0, 1.0]).expect("a p-value");
    // Most users of one arm lost at once; one in fifty, and six in a thousand, later.
    assert!(found([36, 6]) < alpha && found([12, 10]) > 0.1);
    assert!(found([100_000, 98_000]) < alpha && found([1_600_000, 1_590_000]) < alpha);
}
