//! The best trial, and how it got there.

use crate::history::{Merit, Trial};
use crate::objective::Direction;

/// One finished trial on the way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    pub number: u64,
    pub value: f64,
    /// The best value of this trial and all with smaller numbers.
    pub best: f64,
    /// Whose it is; the earlier of two that are equal.
    pub best_number: u64,
}

/// The finished trial with the best value; the earlier of two that are equal.
/// Stopped trials have no part in it: their values are not of a full run.
pub fn best(direction: Direction, history: &[Trial]) -> Option<&Trial> {
    let finished = finished(direction, history).into_iter();
    finished.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(trial, _)| trial)
}

/// Every finished trial in the order of the numbers, with the best so far.
pub fn best_so_far(direction: Direction, history: &[Trial]) -> Vec<Progress> {
    let mut best: Option<(f64, u64)> = None;
    let step = |(trial, cost): (&Trial, f64)| {
        let (low, best_number) = match best {
            Some((low, number)) if low <= cost => (low, number),
            _ => (cost, trial.number),
        };
        best = Some((low, best_number));
        let [value, best] = [cost, low].map(|cost| direction.value(cost));
        Progress { number: trial.number, value, best, best_number }
    };
    finished(direction, history).into_iter().map(step).collect()
}

/// With their costs, by number.
fn finished(direction: Direction, history: &[Trial]) -> Vec<(&Trial, f64)> {
    let costs = history.iter().filter_map(|trial| match Merit::of(trial.outcome, direction) {
        Merit::Finished(cost) => Some((trial, cost)),
        Merit::Stopped(_) | Merit::Failed | Merit::Running => None,
    });
    let mut finished: Vec<(&Trial, f64)> = costs.collect();
    finished.sort_by_key(|(trial, _)| trial.number);
    finished
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Outcome;

    fn history() -> Vec<Trial> {
        let outcomes = [
            Outcome::Finished(0.5),
            Outcome::Finished(f64::NAN),
            Outcome::Stopped(Some(0.01)),
            Outcome::Finished(0.7),
            Outcome::Running,
            Outcome::Finished(0.3),
            Outcome::Failed,
            Outcome::Finished(0.3),
        ];
        let trial = |(number, outcome)| Trial { number, parameters: Default::default(), outcome };
        let mut history: Vec<Trial> = (0..).zip(outcomes).map(trial).collect();
        // The order of a listing says nothing.
        history.reverse();
        history
    }

    #[test]
    fn the_best_so_far_only_improves() {
        let series = best_so_far(Direction::Minimize, &history());
        let lows: Vec<(u64, f64, u64)> =
            series.iter().map(|step| (step.number, step.best, step.best_number)).collect();
        assert_eq!(lows, [(0, 0.5, 0), (3, 0.5, 0), (5, 0.3, 5), (7, 0.3, 5)]);
        let highs = best_so_far(Direction::Maximize, &history());
        assert_eq!(highs.iter().map(|step| step.best).collect::<Vec<_>>(), [0.5, 0.7, 0.7, 0.7]);
        assert_eq!(highs[2].value, 0.3);
    }

    #[test]
    fn the_best_is_the_earliest_of_equals() {
        let history = history();
        assert_eq!(best(Direction::Minimize, &history).map(|trial| trial.number), Some(5));
        assert_eq!(best(Direction::Maximize, &history).map(|trial| trial.number), Some(3));
        assert_eq!(best(Direction::Minimize, &[]), None);
    }
}
