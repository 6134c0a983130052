//! How much each parameter explains the objective.

use std::collections::BTreeMap;

use crate::axis::Axis;
use crate::error::Result;
use crate::history::{self, Seen, Trial};
use crate::objective::Direction;
use crate::points::Axes;
use crate::space::Space;

/// One parameter's part.
#[derive(Clone, Debug, PartialEq)]
pub struct Importance {
    pub name: String,
    /// From 0 to 1; all together 1, or 0 when nothing explains anything.
    pub share: f64,
}

/// With fewer, a bin holds a trial or two and chance explains everything.
const FEWEST_TRIALS: usize = 10;
/// Enough to see a valley or a ridge, and few enough to hold some trials each.
const MOST_BINS: usize = 8;
const TRIALS_IN_A_BIN: usize = 5;

/// The one-dimensional part of a functional analysis of variance (Hutter,
/// Hoos, Leyton-Brown: An Efficient Approach for Assessing Hyperparameter
/// Importance, ICML 2014), without a model in between: trials are put into
/// bins by the quantiles of one parameter (words: one bin each), and what
/// counts is how much of the variance lies between the bins' means, less what
/// chance would give (the ε² of Kelley 1935), as parts of their sum.
///
/// It is taken over ranks, not values: one diverged trial would otherwise be
/// all the variance there is. Stopped trials rank behind finished ones, as for
/// the algorithms; failed ones are left out, since a failure may have reasons
/// that are no parameter.
///
/// Its limits: what two parameters do only together is not seen; the trials of
/// `tpe` gather where it is good, so the spread elsewhere is under-represented
/// and parameters that move together share what one of them does; a share
/// below some 0.05 means nothing with fewer than 100 trials.
///
/// In the order of the space. None with fewer than 10 trials that have a value,
/// or with values that are all the same.
///
/// Errors: those of [`Space::validate`].
pub fn importance(
    space: &Space,
    direction: Direction,
    history: &[Trial],
) -> Result<Option<Vec<Importance>>> {
    space.validate()?;
    let axes = Axes::new(space);
    let seen = history::read(&axes, direction, history);
    let mut measured: Vec<&Seen> = seen.iter().filter(|seen| seen.merit.is_measured()).collect();
    measured.sort_by(|a, b| a.merit.compare(&b.merit));
    let ranks = ranks(&measured, |a, b| a.merit.compare(&b.merit).is_eq());
    if measured.len() < FEWEST_TRIALS || ranks.first() == ranks.last() {
        return Ok(None);
    }
    let part = |at: usize, axis: &Axis| explained(&ranks, &bins(axis, at, &measured));
    let parts: Vec<(&str, f64)> =
        axes.iter().enumerate().map(|(at, (name, axis))| (name, part(at, axis))).collect();
    let sum: f64 = parts.iter().map(|(_, part)| part).sum();
    let share = |part: f64| if sum > 0.0 { part / sum } else { 0.0 };
    let importance =
        |(name, part): (&str, f64)| Importance { name: name.into(), share: share(part) };
    Ok(Some(parts.into_iter().map(importance).collect()))
}

/// The rank of each in an ordered list; the mean rank among equals.
fn ranks<T>(ordered: &[T], equal: impl Fn(&T, &T) -> bool) -> Vec<f64> {
    let mut ranks = Vec::with_capacity(ordered.len());
    for run in ordered.chunk_by(equal) {
        let first = ranks.len() as f64;
        ranks.extend(vec![first + (run.len() - 1) as f64 / 2.0; run.len()]);
    }
    ranks
}

/// Which bin each trial lies in. Equal places always share one.
fn bins(axis: &Axis, at: usize, trials: &[&Seen]) -> Vec<usize> {
    let places = trials.iter().map(|trial| trial.point[at]);
    if let Axis::Words(_) = axis {
        return places.map(|place| place as usize).collect();
    }
    let units: Vec<f64> = places.map(|place| axis.unit(place)).collect();
    let mut sorted: Vec<usize> = (0..units.len()).collect();
    sorted.sort_by(|a, b| units[*a].total_cmp(&units[*b]));
    let count = (units.len() / TRIALS_IN_A_BIN).clamp(2, MOST_BINS);
    let quantiles = ranks(&sorted, |a, b| units[*a] == units[*b]);
    let mut bins = vec![0; units.len()];
    for (trial, rank) in sorted.into_iter().zip(quantiles) {
        bins[trial] = (rank * count as f64 / units.len() as f64) as usize;
    }
    bins
}

/// The part of the variance that lies between bins, less what chance gives.
fn explained(ranks: &[f64], bins: &[usize]) -> f64 {
    let count = ranks.len() as f64;
    let mean = ranks.iter().sum::<f64>() / count;
    let total: f64 = ranks.iter().map(|rank| (rank - mean).powi(2)).sum();
    let mut sums: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
    for (rank, bin) in ranks.iter().zip(bins) {
        let (sum, members) = sums.entry(*bin).or_default();
        *sum += rank;
        *members += 1.0;
    }
    let between: f64 =
        sums.values().map(|(sum, members)| members * (sum / members - mean).powi(2)).sum();
    let groups = sums.len() as f64;
    let freedom = count - groups;
    if freedom < 1.0 || total <= 0.0 {
        return 0.0;
    }
    let chance = (groups - 1.0) * (total - between) / freedom;
    ((between - chance) / total).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_share_their_mean_rank() {
        assert_eq!(ranks(&[1, 2, 2, 3], |a, b| a == b), [0.0, 1.5, 1.5, 3.0]);
    }

    /// Worked by hand: ranks 0 1 | 2 3, mean 1.5, total 5, between
    /// 2 · 1 + 2 · 1 = 4, within 1 over two degrees of freedom, so
    /// (4 - 0.5) / 5.
    #[test]
    fn chance_is_taken_off() {
        assert!((explained(&[0.0, 1.0, 2.0, 3.0], &[0, 0, 1, 1]) - 0.7).abs() < 1e-12);
        assert_eq!(explained(&[0.0, 1.0, 2.0, 3.0], &[0, 1, 1, 0]), 0.0);
        assert_eq!(explained(&[0.0, 1.0], &[0, 1]), 0.0, "a bin for each trial");
    }
}
