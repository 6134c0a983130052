//! The tree-structured Parzen estimator (Bergstra, Bardenet, Bengio, Kégl:
//! Algorithms for Hyper-Parameter Optimization, NIPS 2011).
//!
//! The trials are parted into a few good ones and the rest. For each parameter
//! by itself, a density `l` is fitted to the good and `g` to the rest; from `l`
//! some candidates are drawn, and the one with the largest `l / g` is taken,
//! which is the one with the largest expected improvement (section 4.1 there).
//!
//! Parameters are modelled apart from one another: what matters only in
//! combination is found late. (With all of them in one density, Optuna comes
//! four times nearer on a sphere: column `joint` of `tests/it/optuna.tsv`.)
//! Details on which the paper leaves a choice follow Watanabe,
//! "Tree-Structured Parzen Estimator: Understanding Its Algorithm
//! Components" (2023), with the values that Optuna uses.

mod density;
mod model;

use crate::axis::Point;
use crate::error::Fault;
use crate::history::Seen;
use crate::points::{Axes, Tried};
use crate::random;
use crate::stream::Stream;
use model::Model;

/// How the Parzen estimator goes about it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tpe {
    /// So many trials with a value are drawn at random before the model begins.
    pub startup: u32,
    /// Drawn for each parameter, to take the most promising.
    pub candidates: u32,
    /// The part of the trials that counts as good, at most 25 of them.
    pub gamma: f64,
    /// Of an even spread over the whole range, where each trial weighs 1. The
    /// larger, the longer it looks around.
    pub prior_weight: f64,
}

impl Default for Tpe {
    fn default() -> Self {
        Self { startup: 10, candidates: 24, gamma: 0.1, prior_weight: 1.0 }
    }
}

const MOST_STARTUP: u32 = 10_000;
const MOST_CANDIDATES: u32 = 1000;
const LARGEST_PRIOR: f64 = 1000.0;
/// A density of nothing but trials would never look anywhere else.
const SMALLEST_PRIOR: f64 = 1e-3;

impl Tpe {
    pub(crate) fn faults(&self) -> Vec<Fault> {
        let Self { startup, candidates, gamma, prior_weight } = *self;
        let mut faults = Vec::new();
        let mut check = |holds: bool, field: &str, value: String, hint: &str| {
            if !holds {
                let field = format!("algorithm.{field}");
                faults.push(Fault::new(field, format!("must not be {value}"), hint));
            }
        };
        let startups = (1..=MOST_STARTUP).contains(&startup);
        check(startups, "startup", startup.to_string(), "give 1 to 10000, for example 10");
        let some = (1..=MOST_CANDIDATES).contains(&candidates);
        check(some, "candidates", candidates.to_string(), "give 1 to 1000, for example 24");
        let part = gamma > 0.0 && gamma <= 0.5;
        check(part, "gamma", format!("{gamma:?}"), "give at most 0.5, for example 0.1");
        let weight = (SMALLEST_PRIOR..=LARGEST_PRIOR).contains(&prior_weight);
        let hint = "give 0.001 to 1000, for example 1";
        check(weight, "priorWeight", format!("{prior_weight:?}"), hint);
        faults
    }
}

/// None when every point was tried.
pub(crate) fn next(
    tpe: &Tpe,
    axes: &Axes,
    seen: &[Seen],
    tried: &Tried,
    stream: &mut Stream,
) -> Option<Point> {
    let measured = seen.iter().filter(|seen| seen.merit.is_measured()).count();
    if measured < tpe.startup as usize {
        return random::next(axes, tried, stream);
    }
    let model = Model::new(tpe, axes, seen);
    match random::untried(tried, || model.draw(stream)) {
        Ok(point) => Some(point),
        Err(point) if axes.size().is_none() => Some(point),
        // The model wants what it had: the most promising of some that it had not.
        Err(_) => {
            let starts = (0..tpe.candidates).map(|_| axes.uniform(stream));
            let left = starts.map_while(|start| axes.untried_from(start, tried));
            let scored = left.map(|point| (model.score(&point), point));
            scored
                .reduce(|best, next| if next.0 > best.0 { next } else { best })
                .map(|(_, point)| point)
        }
    }
}
