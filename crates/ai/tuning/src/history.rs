//! What was tried and what came of it, and the order of merit among trials.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::axis::Point;
use crate::objective::Direction;
use crate::points::Axes;

/// One trial as whoever runs it remembers it.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// From 0 or 1 on; larger is later.
    pub number: u64,
    /// The texts that it was started with. A trial that has no place in the
    /// space (which somebody may have changed) is passed over.
    pub parameters: BTreeMap<String, String>,
    pub outcome: Outcome,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    /// Not ended, or not even started.
    Running,
    /// Ended by itself with this value of the objective's metric. A value that
    /// is not finite counts as a failure.
    Finished(f64),
    /// Stopped early, with the last value that it reported, if any. It ranks
    /// behind every finished trial.
    Stopped(Option<f64>),
    /// Ended without a value. It ranks last.
    Failed,
}

/// How good a trial is: variants from the best to the worst, the cost inside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Merit {
    Finished(f64),
    Stopped(f64),
    Failed,
    /// Not known yet; models take it for bad, so that another trial started
    /// meanwhile goes elsewhere: the constant liar of Ginsbourger et al. 2010.
    Running,
}

impl Merit {
    pub(crate) fn of(outcome: Outcome, direction: Direction) -> Self {
        match outcome {
            Outcome::Running => Self::Running,
            Outcome::Finished(value) => direction.cost(value).map_or(Self::Failed, Self::Finished),
            Outcome::Stopped(value) => {
                value.and_then(|value| direction.cost(value)).map_or(Self::Failed, Self::Stopped)
            }
            Outcome::Failed => Self::Failed,
        }
    }

    /// Whether it came with a value.
    pub(crate) fn is_measured(self) -> bool {
        matches!(self, Self::Finished(_) | Self::Stopped(_))
    }

    /// Better before worse.
    pub(crate) fn compare(&self, other: &Self) -> Ordering {
        let (class, cost) = self.key();
        let (other_class, other_cost) = other.key();
        class.cmp(&other_class).then(cost.total_cmp(&other_cost))
    }

    fn key(self) -> (u8, f64) {
        match self {
            Self::Finished(cost) => (0, cost),
            Self::Stopped(cost) => (1, cost),
            Self::Failed => (2, 0.0),
            Self::Running => (3, 0.0),
        }
    }
}

/// A trial in its place.
pub(crate) struct Seen {
    pub(crate) number: u64,
    pub(crate) point: Point,
    pub(crate) merit: Merit,
}

/// The trials that have a place in the space, the oldest first, however the
/// history was ordered.
pub(crate) fn read(axes: &Axes, direction: Direction, history: &[Trial]) -> Vec<Seen> {
    let mut seen: Vec<Seen> = history
        .iter()
        .filter_map(|trial| {
            let point = axes.point(&trial.parameters)?;
            let merit = Merit::of(trial.outcome, direction);
            Some(Seen { number: trial.number, point, merit })
        })
        .collect();
    seen.sort_by(|a, b| a.number.cmp(&b.number).then_with(|| a.point.cmp(&b.point)));
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merit_ranks_finished_stopped_failed() {
        let outcomes = [
            Outcome::Finished(1.0),
            Outcome::Finished(2.0),
            Outcome::Stopped(Some(0.5)),
            Outcome::Stopped(Some(3.0)),
            Outcome::Failed,
        ];
        let merits = outcomes.map(|outcome| Merit::of(outcome, Direction::Minimize));
        assert!(merits.is_sorted_by(|a, b| a.compare(b) == Ordering::Less));
        let high = [2.0, 1.0].map(|v| Merit::of(Outcome::Finished(v), Direction::Maximize));
        assert_eq!(high[0].compare(&high[1]), Ordering::Less);
    }

    #[test]
    fn what_is_not_finite_has_failed() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for outcome in [Outcome::Finished(value), Outcome::Stopped(Some(value))] {
                assert_eq!(Merit::of(outcome, Direction::Minimize), Merit::Failed);
            }
        }
        assert_eq!(Merit::of(Outcome::Stopped(None), Direction::Minimize), Merit::Failed);
    }
}
