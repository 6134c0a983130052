//! Random questions to `gbstats`, as JSON, and the arms that they are about.

use dais_statistics::{
    Counts, Effect, EffectKind, Moments, PairMoments, PairSums, Pcg64, Power, Prior, Statistic,
    Sums,
};
use std::collections::BTreeMap;

use rand_distr::{Distribution, StandardNormal, Uniform};
use serde_json::{Value, json};

use crate::arms::seeded;

pub const TUNING: f64 = 5000.0;
pub const PRIOR: (f64, f64) = (0.01, 0.3);
pub const WANTED: f64 = 0.02;

/// Eight times as many pairs as `rounds`: each statistic with both kinds of effect.
pub fn questions(rounds: usize) -> Value {
    json!({
        "settings": {
            "tuning": TUNING,
            "priorMean": PRIOR.0,
            "priorDeviation": PRIOR.1,
            "wanted": WANTED,
        },
        "pairs": pairs(rounds),
        "splits": splits(),
        "bandits": bandits(),
    })
}

/// What answer.py and the crate both make of the same sums.
pub fn statistic(sums: &Value) -> Statistic {
    let number = |name: &str| sums[name].as_f64().expect(name);
    let count = sums["count"].as_u64().expect("a count");
    let pair = || {
        PairMoments::from(PairSums {
            count,
            first_sum: number("firstSum"),
            first_sum_squares: number("firstSumSquares"),
            second_sum: number("secondSum"),
            second_sum_squares: number("secondSumSquares"),
            sum_products: number("sumProducts"),
        })
    };
    match sums["kind"].as_str().expect("a kind") {
        "proportion" => {
            Statistic::Proportion(Counts { count, successes: sums["sum"].as_u64().expect("a sum") })
        }
        "mean" => Statistic::Mean(Moments::from(Sums {
            count,
            sum: number("sum"),
            sum_squares: number("sumSquares"),
        })),
        "ratio" => Statistic::Ratio(pair()),
        _ => Statistic::Adjusted(pair()),
    }
}

fn between(rng: &mut Pcg64, low: f64, high: f64) -> f64 {
    Uniform::new(low, high).expect("a range").sample(rng)
}

fn deviate(rng: &mut Pcg64) -> f64 {
    StandardNormal.sample(rng)
}

/// The sums of an arm whose true value is near `level`.
fn arm(rng: &mut Pcg64, kind: &str, count: u64, level: (f64, f64)) -> Value {
    let n = count as f64;
    if kind == "proportion" {
        let rate = 0.05 + 0.04 * level.0;
        let near = n * rate + deviate(rng) * (n * rate * (1.0 - rate)).sqrt();
        let successes = near.round().clamp(1.0, n - 1.0) as u64;
        return json!({ "kind": kind, "count": count, "sum": successes });
    }
    let spread = (level.0 * between(rng, 0.3, 1.5), level.1 * between(rng, 0.2, 0.8));
    let first = level.0 + deviate(rng) * spread.0 / n.sqrt();
    let second = level.1 + deviate(rng) * spread.1 / n.sqrt();
    let squares = |mean: f64, spread: f64| (n - 1.0) * spread * spread + n * mean * mean;
    if kind == "mean" {
        let sum_squares = squares(first, spread.0);
        return json!({ "kind": kind, "count": count, "sum": n * first, "sumSquares": sum_squares });
    }
    let covariance = between(rng, 0.2, 0.95) * spread.0 * spread.1;
    json!({
        "kind": kind,
        "count": count,
        "firstSum": n * first,
        "firstSumSquares": squares(first, spread.0),
        "secondSum": n * second,
        "secondSumSquares": squares(second, spread.1),
        "sumProducts": (n - 1.0) * covariance + n * first * second,
    })
}

/// The ways to plan a test that are compared, by name.
pub fn powers(alpha: f64, kind: EffectKind) -> [(&'static str, Power); 4] {
    let prior = Prior::Normal { mean: PRIOR.0, deviation: PRIOR.1, of: kind };
    let alone = Power { alpha, ..Power::default() };
    [
        ("powerFixed", alone),
        ("powerOfThree", Power { tests: 3, ..alone }),
        ("powerSequential", Power { tuning: Some(TUNING), ..alone }),
        ("powerPrior", Power { prior, ..alone }),
    ]
}

/// What each of them is said to find, which `gbstats` is asked the power of.
fn detectable(pair: &Value) -> Value {
    let kind: EffectKind = serde_json::from_value(pair["kind"].clone()).expect("a kind");
    let arms = (statistic(&pair["control"]), statistic(&pair["variant"]));
    let effect = Effect::measure(&arms.0, &arms.1, kind).expect("an effect");
    let found = powers(pair["alpha"].as_f64().expect("alpha"), kind)
        .map(|(name, power)| (name, power.detectable(&effect, 0.0).expect("an effect")));
    json!(BTreeMap::from(found))
}

fn pairs(rounds: usize) -> Vec<Value> {
    let mut rng = seeded(20_261_127);
    let mut pairs = Vec::new();
    for round in 0..rounds {
        for kind in ["proportion", "mean", "ratio", "adjusted"] {
            for effect in ["absolute", "relative"] {
                let level = (between(&mut rng, 1.0, 15.0), between(&mut rng, 1.0, 5.0));
                // From three users to ten million, evenly in their logarithm.
                let count = between(&mut rng, 3f64.ln(), 1e7f64.ln()).exp() as u64;
                let other = (count as f64 * between(&mut rng, 0.5, 2.0)).max(3.0) as u64;
                // Of every third pair the second is better by up to a tenth.
                let alpha = [0.05, 0.01, 0.2][round % 3];
                let lift = if round % 3 == 0 { between(&mut rng, 1.0, 1.1) } else { 1.0 };
                let mut pair = json!({
                    "control": arm(&mut rng, kind, count, level),
                    "variant": arm(&mut rng, kind, other, (lift * level.0, level.1)),
                    "kind": effect,
                    "alpha": alpha,
                });
                pair["detectable"] = detectable(&pair);
                pairs.push(pair);
            }
        }
    }
    pairs
}

fn splits() -> Vec<Value> {
    let mut rng = seeded(8);
    let mut split = |arms: usize| {
        let shares: Vec<f64> = (0..arms).map(|_| between(&mut rng, 0.1, 1.0)).collect();
        let all = between(&mut rng, 5.0, 14.0).exp();
        let sum: f64 = shares.iter().sum();
        let near = |due: f64| (due + deviate(&mut rng) * due.sqrt()).max(0.0) as u64;
        let users: Vec<u64> = shares.iter().map(|share| all * share / sum).map(near).collect();
        json!({ "users": users, "shares": shares })
    };
    (0..100).map(|index| split(2 + index % 5)).collect()
}

/// Two arms have nothing to share between the best two. And of the best two at the
/// low end `gbstats` takes the wrong ones, its second and third: there, only shares
/// of the best are asked for.
fn bandits() -> Vec<Value> {
    let mut rng = seeded(9);
    let mut bandit = |index: usize| {
        let kind = if index.is_multiple_of(2) { "mean" } else { "proportion" };
        let level = between(&mut rng, 2.0, 10.0);
        let arms: Vec<Value> = (0..3 + index / 2 % 3)
            .map(|_| {
                let lift = between(&mut rng, 1.0, 1.05);
                arm(&mut rng, kind, 2000, (lift * level, 1.0))
            })
            .collect();
        json!({
            "arms": arms,
            "lower": index % 3 == 1,
            "topTwo": index % 3 == 2,
            "seed": index + 1,
        })
    };
    (0..24).map(&mut bandit).collect()
}
