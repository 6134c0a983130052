//! What a bandit costs, compared with the best that any can do and with an even split.

use dais_statistics::{Bandit, Better, Counts, Error, Rule, Statistic};

use crate::arms::{binomial, mean, normal, pair, proportion, seeded};

const DAYS: u64 = 100;
const USERS_PER_DAY: u64 = 1000;

/// Runs a bandit, new shares each day. Gives the regret: how many successes fewer
/// than with the best arm alone.
fn regret(bandit: &Bandit, rates: &[f64], seed: u64) -> f64 {
    let mut rng = seeded(seed);
    let best = rates.iter().copied().fold(0.0, f64::max);
    let mut arms = vec![Counts::default(); rates.len()];
    let mut shares = vec![1.0 / rates.len() as f64; rates.len()];
    let mut regret = 0.0;
    for _ in 0..DAYS {
        for ((arm, rate), share) in arms.iter_mut().zip(rates).zip(&shares) {
            let users = (share * USERS_PER_DAY as f64).round();
            arm.merge(&binomial(&mut rng, users as u64, *rate));
            regret += users * (best - rate);
        }
        let statistics: Vec<Statistic> = arms.iter().copied().map(Statistic::Proportion).collect();
        shares = bandit.shares(&statistics, &mut rng).expect("shares").shares;
    }
    regret
}

/// Lai and Robbins (1985): no policy that is good everywhere has less regret in the
/// long run than `log T` times this.
fn lai_robbins(rates: &[f64]) -> f64 {
    let best = rates.iter().copied().fold(0.0, f64::max);
    let kl = |p: f64, q: f64| p * (p / q).ln() + (1.0 - p) * ((1.0 - p) / (1.0 - q)).ln();
    rates.iter().filter(|p| **p < best).map(|p| (best - p) / kl(*p, best)).sum()
}

#[test]
fn regret_grows_as_the_logarithm_and_stays_far_below_an_even_split() {
    let rates = [0.05, 0.08, 0.06];
    let users = (DAYS * USERS_PER_DAY) as f64;
    let even = users * rates.iter().map(|rate| 0.08 - rate).sum::<f64>() / 3.0;
    // Without a least share, which costs its part of every day for ever.
    let bandit = Bandit { min_share: 0.0, draws: 1000, ..Bandit::default() };
    let runs = 12;
    let mean = (0..runs).map(|seed| regret(&bandit, &rates, seed)).sum::<f64>() / runs as f64;
    // The first day is an even split, and shares move once a day only: twice the
    // best possible constant.
    let bound = 2.0 * lai_robbins(&rates) * users.ln();
    assert!(mean < bound, "{mean} over a bound of {bound}");
    assert!(mean < 0.15 * even, "{mean} where an even split costs {even}");
}

#[test]
fn the_same_seed_gives_the_same_shares() {
    let arms = [proportion(50, 1000), proportion(60, 1000), proportion(40, 900)];
    let shares = |seed| Bandit::default().shares(&arms, &mut seeded(seed)).expect("shares");
    assert_eq!(shares(7), shares(7));
    assert_ne!(shares(7), shares(8));
}

#[test]
fn shares_add_up_and_none_falls_below_the_least() {
    let arms = [proportion(10, 5000), proportion(900, 5000), proportion(20, 5000)];
    for (min_share, rule) in [(0.05, Rule::Best), (0.2, Rule::TopTwo), (1.0 / 3.0, Rule::Best)] {
        let bandit = Bandit { min_share, rule, ..Bandit::default() };
        let found = bandit.shares(&arms, &mut seeded(1)).expect("shares");
        assert!((found.shares.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{found:?}");
        assert!(found.shares.iter().all(|share| *share >= min_share - 1e-12), "{found:?}");
        assert!(found.best[1] > 0.999, "{found:?}");
        assert!(found.shares[1] >= found.shares[0].max(found.shares[2]) - 1e-12, "{found:?}");
    }
}

#[test]
fn lower_can_be_better() {
    let arms = [mean(500, 3.0, 4.0), mean(500, 2.0, 4.0)];
    let best = |better| {
        let bandit = Bandit { better, ..Bandit::default() };
        bandit.shares(&arms, &mut seeded(3)).expect("shares").best
    };
    assert!(best(Better::Lower)[1] > 0.999);
    assert!(best(Better::Higher)[0] > 0.999);
}

/// For two normal arms the chance has a closed form: Φ(1) for one standard error.
#[test]
fn the_chance_to_be_best_is_that_of_the_closed_form() {
    let count = 10_000u64;
    let difference = (2.0 * 9.0 / count as f64).sqrt();
    let arms = [mean(count, 5.0, 9.0), mean(count, 5.0 + difference, 9.0)];
    let bandit = Bandit { draws: 100_000, ..Bandit::default() };
    let best = bandit.shares(&arms, &mut seeded(11)).expect("shares").best;
    // Φ(1), five standard deviations of the draws to each side.
    assert!((best[1] - 0.841_344_746).abs() < 0.006, "{best:?}");
}

/// The second arm's users were ahead before the test by as much as they are in it:
/// the covariate explains all of the difference, and its arms are even.
#[test]
fn a_covariate_takes_out_what_it_explains() {
    let arm = |means| Statistic::Adjusted(pair(2000, means, (100.0, 100.0), 95.0));
    let best = |arms: [Statistic; 2]| {
        let shares = Bandit::default().shares(&arms, &mut seeded(2));
        shares.expect("shares").best[1]
    };
    let even = best([arm((50.0, 20.0)), arm((50.95, 21.0))]);
    assert!((even - 0.5).abs() < 0.05, "{even}");
    let plain = best([mean(2000, 50.0, 100.0), mean(2000, 50.95, 100.0)]);
    assert!(plain > 0.99, "{plain}");
    // A fifth of a unit in equal users: too little for plain means, not for adjusted ones.
    let sure = best([arm((50.0, 20.0)), arm((50.2, 20.0))]);
    assert!(sure > 0.95, "{sure}");
}

#[test]
fn shares_wait_for_observations() {
    let bandit = Bandit::default();
    let few = [proportion(3, 50), proportion(4, 120)];
    let told = bandit.shares(&few, &mut seeded(1)).expect_err("too few");
    assert_eq!(told, Error::TooFew { count: 50, needed: 100 });
    let mixed = [proportion(30, 500), mean(500, 1.0, 1.0)];
    assert_eq!(bandit.shares(&mixed, &mut seeded(1)), Err(Error::DifferentKinds));
    let alike = [mean(500, 1.0, 0.0), mean(500, 1.0, 0.0)];
    assert_eq!(bandit.shares(&alike, &mut seeded(1)), Err(Error::NoVariance));
    let one_alike = [mean(500, 0.0, 0.0), Statistic::Mean(normal(&mut seeded(4), 500, 3.0, 1.0))];
    assert!(bandit.shares(&one_alike, &mut seeded(1)).expect("shares").best[1] > 0.999);
}
