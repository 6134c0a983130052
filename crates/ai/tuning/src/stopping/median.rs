//! The median rule of Vizier (Golovin et al.: Google Vizier, A Service for
//! Black-Box Optimization, KDD 2017, section 3.2.2).

use super::curve::Curve;
use super::{Reason, Verdict, at_least};
use crate::error::Fault;
use crate::objective::Direction;

/// Stop a trial at step `s` when its best value by `s` is worse than the
/// median of the running averages, over everything reported by `s`, of the
/// trials that ran to their end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Median {
    /// Nobody is stopped before this step: first values say little.
    pub min_steps: u64,
    /// Nobody is stopped before so many trials ran to their end.
    pub min_trials: u32,
}

impl Default for Median {
    fn default() -> Self {
        Self { min_steps: 1, min_trials: 5 }
    }
}

impl Median {
    pub(super) fn faults(&self) -> Vec<Fault> {
        let hint = "a median of none is none; give for example 5";
        at_least(1, self.min_trials.into(), "minTrials", hint).into_iter().collect()
    }

    pub(super) fn judge(&self, direction: Direction, trial: &Curve, others: &[Curve]) -> Verdict {
        let Some(step) = trial.last_step().filter(|step| *step >= self.min_steps) else {
            return Verdict::Keep;
        };
        let Some(best) = trial.best_by(step, direction) else { return Verdict::Keep };
        let finished = others.iter().filter(|other| other.is_finished());
        let mut averages: Vec<f64> =
            finished.filter_map(|other| other.average_by(step, direction)).collect();
        if averages.len() < (self.min_trials.max(1)) as usize {
            return Verdict::Keep;
        }
        let median = middle(&mut averages);
        if best <= median {
            return Verdict::Keep;
        }
        Verdict::Stop(Reason::Median {
            step,
            best: best.is_finite().then(|| direction.value(best)),
            median: direction.value(median),
            trials: averages.len(),
        })
    }
}

/// Of an even number the mean of the two in the middle; of costs that are not
/// empty.
fn middle(costs: &mut [f64]) -> f64 {
    costs.sort_by(f64::total_cmp);
    let half = costs.len() / 2;
    if costs.len().is_multiple_of(2) {
        costs[half - 1] / 2.0 + costs[half] / 2.0
    } else {
        costs[half]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Median = Median { min_steps: 2, min_trials: 3 };

    fn finished(values: [f64; 3]) -> Curve {
        Curve::finished((1..).zip(values))
    }

    /// Averages by step 2: 0.75, 0.65, 0.5; their median is 0.65.
    fn others() -> Vec<Curve> {
        [[0.9, 0.6, 0.1], [0.8, 0.5, 0.1], [0.6, 0.4, 0.1]].map(finished).to_vec()
    }

    fn judge(direction: Direction, values: &[f64], others: &[Curve]) -> Verdict {
        let trial = Curve::new((1..).zip(values.iter().copied()));
        RULE.judge(direction, &trial, others)
    }

    #[test]
    fn worse_than_the_median_of_the_averages_is_stopped() {
        let low = Direction::Minimize;
        let Verdict::Stop(reason) = judge(low, &[0.9, 0.7], &others()) else {
            panic!("0.7 is worse than 0.65")
        };
        let Reason::Median { step: 2, best: Some(0.7), median, trials: 3 } = reason else {
            panic!("{reason:?}")
        };
        assert!((median - 0.65).abs() < 1e-12);
        assert_eq!(
            reason.to_string(),
            "the best value by step 2 is 0.7, worse than 0.65, the median of the averages of 3 finished trials by then"
        );
        assert_eq!(judge(low, &[0.9, 0.64], &others()), Verdict::Keep);
        // The best by then counts, not the last.
        assert_eq!(judge(low, &[0.6, 0.9], &others()), Verdict::Keep);
    }

    #[test]
    fn a_metric_to_maximize_is_judged_from_above() {
        let high = Direction::Maximize;
        assert_eq!(judge(high, &[0.1, 0.66], &others()), Verdict::Keep);
        let stopped = judge(high, &[0.1, 0.6], &others());
        assert!(matches!(
            stopped,
            Verdict::Stop(Reason::Median { best: Some(0.6), median, .. }) if (median - 0.65).abs() < 1e-12
        ));
    }

    #[test]
    fn nobody_is_stopped_too_early() {
        let low = Direction::Minimize;
        assert_eq!(judge(low, &[9.0], &others()), Verdict::Keep, "before min_steps");
        assert_eq!(judge(low, &[9.0, 9.0], &others()[1..]), Verdict::Keep, "too few trials");
        let mut running = others();
        running[0] = Curve::new([(1, 0.9), (2, 0.6)]);
        assert_eq!(judge(low, &[9.0, 9.0], &running), Verdict::Keep, "one still runs");
        assert_eq!(judge(low, &[], &others()), Verdict::Keep, "nothing reported");
    }

    #[test]
    fn what_is_not_finite_is_worst_and_poisons_nothing() {
        let low = Direction::Minimize;
        let nan = judge(low, &[f64::NAN, f64::NAN], &others());
        assert!(matches!(nan, Verdict::Stop(Reason::Median { best: None, .. })), "{nan:?}");
        let mut broken = others();
        broken.extend([finished([f64::NAN; 3]), finished([f64::INFINITY; 3])]);
        // The median moves to 0.75, the worst finite one.
        assert_eq!(judge(low, &[0.9, 0.74], &broken), Verdict::Keep);
        assert!(matches!(judge(low, &[0.9, 0.76], &broken), Verdict::Stop(_)));
        let all = [finished([f64::NAN; 3]), finished([f64::NAN; 3]), finished([f64::NAN; 3])];
        assert_eq!(judge(low, &[9.0, 9.0], &all), Verdict::Keep);
    }
}
