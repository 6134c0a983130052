//! What a search is after: one metric, smaller or larger.

use crate::error::{Fault, Result, judged};

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Minimize,
    Maximize,
}

/// The metric that trials are compared by.
#[derive(Clone, Debug, PartialEq)]
pub struct Objective {
    /// As the trials log it.
    pub metric: String,
    pub direction: Direction,
    /// A value that is good enough; none: go on to the last trial.
    pub goal: Option<f64>,
}

impl Objective {
    /// Errors: a metric without a name, a goal that no value can reach.
    pub fn validate(&self) -> Result<()> {
        judged(self.faults())
    }

    /// Whether this value is good enough. Never without a goal, and never by a
    /// value that is not finite: it stands for a failure.
    pub fn reached(&self, value: f64) -> bool {
        let goal = self.goal.and_then(|goal| self.direction.cost(goal));
        matches!((self.direction.cost(value), goal), (Some(cost), Some(goal)) if cost <= goal)
    }

    pub(crate) fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        if self.metric.trim().is_empty() {
            let hint = "name the metric that the trials log, for example val_loss";
            faults.push(Fault::new("objective.metric", "must not be empty", hint));
        }
        if let Some(goal) = self.goal
            && !goal.is_finite()
        {
            let reason = format!("must be a finite number, not {goal}");
            faults.push(Fault::new("objective.goal", reason, "leave it out to have none"));
        }
        faults
    }
}

impl Direction {
    /// The value with the better end down; none when it is not finite.
    pub(crate) fn cost(self, value: f64) -> Option<f64> {
        let cost = match self {
            Self::Minimize => value,
            Self::Maximize => -value,
        };
        cost.is_finite().then_some(cost)
    }

    /// The value whose cost this is.
    pub(crate) fn value(self, cost: f64) -> f64 {
        match self {
            Self::Minimize => cost,
            Self::Maximize => -cost,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objective(direction: Direction, goal: Option<f64>) -> Objective {
        Objective { metric: "loss".to_owned(), direction, goal }
    }

    #[test]
    fn a_goal_is_reached_from_its_own_side() {
        let low = objective(Direction::Minimize, Some(0.1));
        assert!(low.reached(0.1) && low.reached(-5.0) && !low.reached(0.2));
        let high = objective(Direction::Maximize, Some(0.9));
        assert!(high.reached(0.9) && high.reached(1.0) && !high.reached(0.8));
        assert!(!objective(Direction::Minimize, None).reached(f64::MIN));
    }

    #[test]
    fn what_is_not_finite_reaches_nothing() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(!objective(Direction::Minimize, Some(0.1)).reached(value));
            assert!(!objective(Direction::Maximize, Some(0.1)).reached(value));
        }
    }

    #[test]
    fn an_objective_without_sense_is_refused() {
        let mut wrong = objective(Direction::Minimize, Some(f64::NAN));
        wrong.metric = " ".to_owned();
        let fields: Vec<String> = wrong.faults().into_iter().map(|fault| fault.field).collect();
        assert_eq!(fields, ["objective.metric", "objective.goal"]);
        assert!(objective(Direction::Maximize, Some(1.0)).validate().is_ok());
    }
}
