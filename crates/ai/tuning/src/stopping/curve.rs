//! What a trial reported on its way.

use crate::objective::Direction;

/// Values of the objective's metric by step, in the order of the steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    points: Vec<(u64, f64)>,
    finished: bool,
}

impl Curve {
    /// Of a trial that runs, or that was stopped or failed; `(step, value)` in
    /// any order. Of two values for one step the later counts: a job that was
    /// started again reports some steps anew.
    pub fn new(points: impl IntoIterator<Item = (u64, f64)>) -> Self {
        let mut points: Vec<(u64, f64)> = points.into_iter().collect();
        points.sort_by_key(|(step, _)| *step);
        points.reverse();
        points.dedup_by_key(|(step, _)| *step);
        points.reverse();
        Self { points, finished: false }
    }

    /// Of a trial that ran to its end.
    pub fn finished(points: impl IntoIterator<Item = (u64, f64)>) -> Self {
        Self { finished: true, ..Self::new(points) }
    }

    pub fn is_finished(&self) -> bool {
        self.finished
    }

    pub fn points(&self) -> &[(u64, f64)] {
        &self.points
    }

    /// The last step that was reported.
    pub fn last_step(&self) -> Option<u64> {
        self.points.last().map(|(step, _)| *step)
    }

    /// Costs of everything reported by a step, infinite for what is not finite.
    fn costs_by(&self, step: u64, direction: Direction) -> impl Iterator<Item = f64> {
        let by = self.points.iter().take_while(move |(at, _)| *at <= step);
        by.map(move |(_, value)| direction.cost(*value).unwrap_or(f64::INFINITY))
    }

    /// The lowest cost by a step; none when nothing was reported by then.
    pub(super) fn best_by(&self, step: u64, direction: Direction) -> Option<f64> {
        self.costs_by(step, direction).reduce(f64::min)
    }

    /// The average cost by a step, of what is finite; infinite when nothing
    /// is, none when nothing was reported by then.
    pub(super) fn average_by(&self, step: u64, direction: Direction) -> Option<f64> {
        self.best_by(step, direction)?;
        let finite = || self.costs_by(step, direction).filter(|cost| cost.is_finite());
        let count = finite().count() as f64;
        // Divided first: the sum of two large doubles may be none.
        let average = finite().map(|cost| cost / count).sum();
        Some(if count == 0.0 { f64::INFINITY } else { average })
    }

    /// The cost that was first reported at a step or after it.
    pub(super) fn cost_from(&self, step: u64, direction: Direction) -> Option<f64> {
        let (_, value) = self.points.iter().find(|(at, _)| *at >= step)?;
        Some(direction.cost(*value).unwrap_or(f64::INFINITY))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_ordered_and_the_later_of_two_counts() {
        let curve = Curve::new([(3, 0.3), (1, 0.9), (2, 0.5), (1, 0.8)]);
        assert_eq!(curve.points(), [(1, 0.8), (2, 0.5), (3, 0.3)]);
        assert_eq!(curve.last_step(), Some(3));
    }

    #[test]
    fn figures_by_a_step_heed_nothing_after_it() {
        let curve = Curve::finished([(1, 3.0), (2, f64::NAN), (4, 1.0), (8, -50.0)]);
        let low = Direction::Minimize;
        assert_eq!(curve.best_by(4, low), Some(1.0));
        assert_eq!(curve.average_by(4, low), Some(2.0));
        assert_eq!(curve.average_by(0, low), None);
        assert_eq!(curve.cost_from(3, low), Some(1.0));
        assert_eq!(curve.cost_from(2, low), Some(f64::INFINITY));
        assert_eq!(curve.cost_from(9, low), None);
        assert_eq!(curve.best_by(8, Direction::Maximize), Some(-3.0));
        let broken = Curve::new([(1, f64::NAN)]);
        assert_eq!(broken.average_by(1, low), Some(f64::INFINITY));
        let large = Curve::new([(1, f64::MAX), (2, f64::MAX)]);
        assert_eq!(large.average_by(2, low), Some(f64::MAX));
    }
}
