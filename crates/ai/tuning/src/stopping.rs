//! Which running trials are not worth going on.
//!
//! A verdict is a pure function of a trial's curve and of everybody else's as
//! they are known now. It may therefore be asked for again whenever somebody
//! reports, and a trial that was kept can be stopped once others are known.

mod curve;
mod halving;
mod median;

use std::fmt;

pub use curve::Curve;
pub use halving::Halving;
pub use median::Median;

use crate::error::{Fault, Result, judged};
use crate::objective::Direction;

/// A rule of early stopping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopping {
    Median(Median),
    Halving(Halving),
}

/// What to do with a trial.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    Keep,
    Stop(Reason),
}

/// Why a trial is stopped, in figures of the metric as it was reported.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reason {
    Median {
        /// The last one that the trial reported.
        step: u64,
        /// The trial's best by then; none when it reported no finite value.
        best: Option<f64>,
        /// Of the running averages of the trials that ran to their end.
        median: f64,
        trials: usize,
    },
    Halving {
        /// The rung: the step at which trials are compared.
        rung: u64,
        /// The trial's at that rung; none when it was not finite.
        value: Option<f64>,
        /// The worst value that may go on.
        cutoff: f64,
        /// Among those that reached the rung, 1 for the best.
        rank: usize,
        trials: usize,
        /// How many of them may go on.
        kept: usize,
    },
}

impl Stopping {
    /// Errors: every field that cannot be followed, with what to change.
    pub fn validate(&self) -> Result<()> {
        judged(match self {
            Self::Median(median) => median.faults(),
            Self::Halving(halving) => halving.faults(),
        })
    }

    /// Whether a running trial is worth going on, beside all others of its
    /// search: those that run, that were stopped and that ended.
    pub fn judge(&self, direction: Direction, trial: &Curve, others: &[Curve]) -> Verdict {
        match self {
            Self::Median(median) => median.judge(direction, trial, others),
            Self::Halving(halving) => halving.judge(direction, trial, others),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Median { step, best, median, trials } => {
                let best = Figure(best);
                write!(
                    f,
                    "the best value by step {step} is {best}, worse than {}, the median of the averages of {trials} finished trials by then",
                    Figure(Some(median))
                )
            }
            Self::Halving { rung, value, cutoff, rank, trials, kept } => write!(
                f,
                "at step {rung} the value {} ranks {rank} of {trials}; {kept} may go on, the worst of them with {}",
                Figure(value),
                Figure(Some(cutoff))
            ),
        }
    }
}

/// With six digits, as many as anybody compares by eye.
struct Figure(Option<f64>);

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(value) = self.0 else { return f.write_str("not finite") };
        let short: f64 = format!("{value:.5e}").parse().unwrap_or(value);
        if short != 0.0 && !(1e-4..1e7).contains(&short.abs()) {
            write!(f, "{short:e}")
        } else {
            write!(f, "{short}")
        }
    }
}

pub(crate) fn at_least(smallest: u64, value: u64, field: &str, hint: &str) -> Option<Fault> {
    let reason = || format!("must be {smallest} or more, not {value}");
    (value < smallest).then(|| Fault::new(format!("earlyStopping.{field}"), reason(), hint))
}
