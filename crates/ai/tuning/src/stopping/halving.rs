//! Asynchronous successive halving in its stopping form (Li et al.: A System
//! for Massively Parallel Hyperparameter Tuning, MLSys 2020, first 2018).

use super::curve::Curve;
use super::{Reason, Verdict, at_least};
use crate::error::Fault;
use crate::objective::Direction;

/// Trials are compared at rungs: at `grace` steps, and at `factor` times as
/// many again and again. At the highest rung that a trial has reached, it goes
/// on when it belongs to the best `1 / factor` of all that reached it.
///
/// A trial's value at a rung is what it first reported there or later. While
/// fewer than `factor` trials reached a rung, all go on, since the best part of
/// them is not even one. As verdicts are asked for again, such early trials are
/// judged when others arrive, unless they are past the next rung by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Halving {
    /// The first rung; nobody is stopped before it.
    pub grace: u64,
    /// From 2 on; the paper uses 4, and 3 is usual.
    pub factor: u32,
    /// The steps of a full run, if known: at them nobody is compared any more.
    pub max_steps: Option<u64>,
}

impl Default for Halving {
    fn default() -> Self {
        Self { grace: 1, factor: 3, max_steps: None }
    }
}

impl Halving {
    pub(super) fn faults(&self) -> Vec<Fault> {
        let Self { grace, factor, max_steps } = *self;
        let below = "give the steps of a full run, which are more than grace";
        let steps =
            max_steps.and_then(|steps| at_least(grace.saturating_add(1), steps, "maxSteps", below));
        [
            at_least(1, grace, "grace", "give the steps after which values begin to tell"),
            at_least(
                2,
                factor.into(),
                "factor",
                "the best of one part are all; give for example 3",
            ),
            steps,
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// The highest rung at or below this step.
    fn rung(&self, step: u64) -> Option<u64> {
        let factor = u64::from(self.factor.max(2));
        let end = self.max_steps.unwrap_or(u64::MAX);
        std::iter::successors(Some(self.grace.max(1)), |rung| rung.checked_mul(factor))
            .take_while(|rung| *rung <= step && *rung < end)
            .last()
    }

    pub(super) fn judge(&self, direction: Direction, trial: &Curve, others: &[Curve]) -> Verdict {
        let Some(rung) = trial.last_step().and_then(|step| self.rung(step)) else {
            return Verdict::Keep;
        };
        let Some(cost) = trial.cost_from(rung, direction) else { return Verdict::Keep };
        let mut costs: Vec<f64> =
            others.iter().filter_map(|other| other.cost_from(rung, direction)).collect();
        costs.push(cost);
        costs.sort_by(f64::total_cmp);
        let kept = costs.len() / self.factor.max(2) as usize;
        let Some(cutoff) = kept.checked_sub(1).map(|last| costs[last]) else {
            return Verdict::Keep;
        };
        if cost <= cutoff {
            return Verdict::Keep;
        }
        Verdict::Stop(Reason::Halving {
            rung,
            value: cost.is_finite().then(|| direction.value(cost)),
            cutoff: direction.value(cutoff),
            rank: 1 + costs.partition_point(|other| *other < cost),
            trials: costs.len(),
            kept,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rungs at 1, 3 and 9 of 27 steps: the paper's example (figure 1) has
    /// nine trials at the first rung, three at the second, one at the third.
    const RULE: Halving = Halving { grace: 1, factor: 3, max_steps: Some(27) };

    /// Nine trials that ran as far as the three rungs let them.
    fn bracket() -> Vec<Curve> {
        let steps = |trial: usize| match trial {
            0 => 27,
            1 | 2 => 3,
            _ => 1,
        };
        (0..9).map(|trial| Curve::new((1..=steps(trial)).map(|s| (s, trial as f64)))).collect()
    }

    fn judge(values: &[f64], others: &[Curve]) -> Verdict {
        let trial = Curve::new((1..).zip(values.iter().copied()));
        RULE.judge(Direction::Minimize, &trial, others)
    }

    #[test]
    fn rungs_grow_by_the_factor_and_end_before_the_end() {
        let rungs = [0, 1, 2, 3, 8, 9, 26, 27, 1000].map(|step| RULE.rung(step));
        assert_eq!(
            rungs,
            [None, Some(1), Some(1), Some(3), Some(3), Some(9), Some(9), Some(9), Some(9)]
        );
        let endless = Halving { max_steps: None, ..RULE };
        assert_eq!(endless.rung(27), Some(27));
        assert_eq!(endless.rung(u64::MAX), Some(3u64.pow(40)));
    }

    #[test]
    fn a_third_of_each_rung_goes_on() {
        let all = bracket();
        let verdicts = |reached: u64| -> Vec<bool> {
            let keeps = |at: usize| {
                let trial = Curve::new(all[at].points().iter().copied().take(reached as usize));
                let others: Vec<Curve> =
                    (0..9).filter(|other| *other != at).map(|other| all[other].clone()).collect();
                RULE.judge(Direction::Minimize, &trial, &others) == Verdict::Keep
            };
            (0..9).map(keeps).collect()
        };
        let first = [true, true, true, false, false, false, false, false, false];
        assert_eq!(verdicts(1), first);
        let second = [true, false, false];
        assert_eq!(verdicts(3)[..3], second);
        assert!(verdicts(9)[0]);
    }

    #[test]
    fn the_reason_has_the_figures() {
        let others = &bracket()[..8];
        let Verdict::Stop(reason) = judge(&[2.5], others) else { panic!("4th of 9") };
        let expected =
            Reason::Halving { rung: 1, value: Some(2.5), cutoff: 2.0, rank: 4, trials: 9, kept: 3 };
        assert_eq!(reason, expected);
        assert_eq!(
            reason.to_string(),
            "at step 1 the value 2.5 ranks 4 of 9; 3 may go on, the worst of them with 2"
        );
    }

    #[test]
    fn a_rung_that_few_reached_stops_nobody() {
        assert_eq!(judge(&[9.0], &bracket()[..1]), Verdict::Keep);
        assert!(matches!(judge(&[9.0], &bracket()[..2]), Verdict::Stop(_)));
    }

    #[test]
    fn the_first_value_at_or_after_a_rung_counts() {
        // Reports every second step; at rung 3 it has the value of step 4.
        let sparse = Curve::new([(2, 0.0), (4, 7.0), (6, 0.0)]);
        let verdict = RULE.judge(Direction::Minimize, &sparse, &bracket());
        assert!(matches!(
            verdict,
            Verdict::Stop(Reason::Halving { rung: 3, value: Some(7.0), trials: 4, kept: 1, .. })
        ));
    }

    #[test]
    fn what_is_not_finite_is_stopped_first() {
        let nan = judge(&[f64::NAN], &bracket()[..2]);
        assert!(
            matches!(nan, Verdict::Stop(Reason::Halving { value: None, rank: 3, .. })),
            "{nan:?}"
        );
        let broken = vec![Curve::new([(1, f64::NAN)]); 8];
        assert_eq!(judge(&[5.0], &broken), Verdict::Keep);
        assert_eq!(judge(&[f64::NAN], &broken), Verdict::Keep, "nobody is better");
    }

    #[test]
    fn rules_without_sense_are_refused() {
        let wrong = Halving { grace: 0, factor: 1, max_steps: Some(0) };
        let fields: Vec<String> = wrong.faults().into_iter().map(|fault| fault.field).collect();
        assert_eq!(
            fields,
            ["earlyStopping.grace", "earlyStopping.factor", "earlyStopping.maxSteps"]
        );
        assert!(RULE.faults().is_empty() && Halving::default().faults().is_empty());
    }
}
