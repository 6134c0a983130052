//! Tests of arms that are all alike, as users come in.

use std::collections::BTreeMap;

use dais_statistics::{Arm, Counts, Moments, PairMoments, Pcg64, Rng, Statistic};
use rand_distr::{Distribution, Exp1, LogNormal, Poisson, StandardNormal};

use crate::arms::seeded;

/// How many looks a test gets at least while it doubles.
const LOOKS: f64 = 12.0;

/// What is measured of a user.
#[derive(Clone, Copy, Debug)]
pub enum Metric {
    Rate(f64),
    Normal,
    /// As revenue is: log-normal, its mean far above its median.
    Skewed,
    /// Skewed, and most of it known from before.
    Adjusted,
    /// Failed requests among those of users who ask more or less often.
    Errors,
}

#[derive(Clone, Copy, Debug)]
pub struct World<'a> {
    pub metric: Metric,
    /// Of the arms; the first is the control.
    pub weights: &'a [f64],
    /// At the last look.
    pub users: u64,
}

pub struct Growing<'a> {
    world: &'a World<'a>,
    rng: Pcg64,
    users: u64,
    arms: Vec<Statistic>,
}

impl World<'_> {
    pub fn begin(&self, seed: u64) -> Growing<'_> {
        let empty = match self.metric {
            Metric::Rate(_) => Statistic::Proportion(Counts::default()),
            Metric::Normal | Metric::Skewed => Statistic::Mean(Moments::default()),
            Metric::Adjusted => Statistic::Adjusted(PairMoments::default()),
            Metric::Errors => Statistic::Ratio(PairMoments::default()),
        };
        let arms = vec![empty; self.weights.len()];
        Growing { world: self, rng: seeded(seed), users: 0, arms }
    }

    /// After how many users a test is looked at: from where its arms may decide, after
    /// each one at first.
    pub fn looks(&self, least: u64) -> impl Iterator<Item = u64> {
        let first = least * self.weights.len() as u64;
        let next = |look: &u64| Some(look + (*look as f64 / LOOKS).ceil() as u64);
        let users = self.users;
        std::iter::successors(Some(first), next).take_while(move |look| *look <= users)
    }
}

impl Growing<'_> {
    /// The arms once so many users have come.
    pub fn until(&mut self, users: u64) -> Vec<Arm> {
        while self.users < users {
            self.users += 1;
            let all: f64 = self.world.weights.iter().sum();
            let mut place = all * (self.rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
            let mut arm = 0;
            while arm + 1 < self.arms.len() && place >= self.world.weights[arm] {
                place -= self.world.weights[arm];
                arm += 1;
            }
            observe(&mut self.arms[arm], self.world.metric, &mut self.rng);
        }
        let arm = |(at, goal): (usize, &Statistic)| Arm {
            name: if at == 0 { "control".to_owned() } else { format!("variant {at}") },
            share: self.world.weights[at],
            users: goal.count(),
            goal: *goal,
            guardrails: BTreeMap::new(),
        };
        self.arms.iter().enumerate().map(arm).collect()
    }
}

fn observe(arm: &mut Statistic, metric: Metric, rng: &mut Pcg64) {
    let normal = |rng: &mut Pcg64| -> f64 { StandardNormal.sample(rng) };
    match (arm, metric) {
        (Statistic::Proportion(counts), Metric::Rate(rate)) => {
            counts.observe((rng.next_u64() as f64) < rate * u64::MAX as f64);
        }
        (Statistic::Mean(moments), Metric::Normal) => moments.observe(5.0 + 3.0 * normal(rng)),
        (Statistic::Mean(moments), _) => {
            moments.observe(LogNormal::new(0.0, 1.0).expect("a deviation").sample(rng));
        }
        (Statistic::Adjusted(pair), _) => {
            let before: f64 = Exp1.sample(rng);
            let since: f64 = Exp1.sample(rng);
            pair.observe(before + 0.5 * since, before);
        }
        (Statistic::Ratio(pair), _) => {
            let asked = 1.0 + Poisson::new(2.0).expect("a rate").sample(rng);
            let often: f64 = Exp1.sample(rng);
            let failed = (0..asked as u32)
                .filter(|_| (rng.next_u64() as f64) < 0.05 * often * u64::MAX as f64)
                .count();
            pair.observe(failed as f64, asked);
        }
        _ => unreachable!("a metric's own statistic"),
    }
}
