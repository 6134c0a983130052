//! A search: a plan without faults, and what it tries next.

use std::collections::BTreeMap;

use crate::error::{Fault, Result, judged};
use crate::history::{self, Outcome, Trial};
use crate::objective::Objective;
use crate::points::{Axes, Tried};
use crate::space::Space;
use crate::stream::Stream;
use crate::tpe::{self, Tpe};
use crate::{grid, random};

/// The texts of a trial, by name of parameter. A double is written with the
/// fewest digits that read back as itself and always with a point or an
/// exponent (`0.1`, `1.0`, `1e-5`), a whole number without (`-3`), a word as it is.
pub type Parameters = BTreeMap<String, String>;

/// What a search is to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub space: Space,
    pub objective: Objective,
    pub algorithm: Algorithm,
    /// Another seed, another sequence of trials; a grid has none to heed.
    pub seed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Algorithm {
    /// Every combination once, the last parameter changing fastest.
    Grid,
    Random,
    Tpe(Tpe),
}

/// A trial to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    pub number: u64,
    pub parameters: Parameters,
}

/// A plan that can be followed.
pub struct Search {
    axes: Axes,
    plan: Plan,
}

impl Plan {
    /// Errors: every field that cannot be followed, with what to change.
    pub fn validate(&self) -> Result<()> {
        judged(self.faults())
    }

    fn faults(&self) -> Vec<Fault> {
        let mut faults = self.space.faults();
        match &self.algorithm {
            Algorithm::Grid => faults.extend(grid::faults(&self.space)),
            Algorithm::Random => {}
            Algorithm::Tpe(tpe) => faults.extend(tpe.faults()),
        }
        faults.extend(self.objective.faults());
        faults
    }
}

impl Search {
    /// Errors: those of [`Plan::validate`].
    pub fn new(plan: Plan) -> Result<Self> {
        plan.validate()?;
        let axes = match plan.algorithm {
            Algorithm::Grid => grid::axes(&plan.space),
            Algorithm::Random | Algorithm::Tpe(_) => Axes::new(&plan.space),
        };
        Ok(Self { axes, plan })
    }

    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// How many different trials there can be; none where a parameter takes
    /// any number between its ends. Cut at the largest `u128`.
    pub fn size(&self) -> Option<u128> {
        self.axes.size()
    }

    /// What to start as trial `number`; none when every point was tried.
    ///
    /// Guarantees: the answer depends on the plan, the number and the history
    /// alone, not on the history's order. It lies in the space. Where the space
    /// can be counted, no trial of the history has it, whatever became of that.
    ///
    /// Assumes: the history holds every trial so far, running ones too.
    ///
    /// Takes, for `tpe`, time in proportion to parameters × candidates × trials:
    /// 16 ms for 10, 24 and 1000 in a release build.
    pub fn suggest(&self, number: u64, history: &[Trial]) -> Option<Parameters> {
        let seen = history::read(&self.axes, self.plan.objective.direction, history);
        let tried: Tried = seen.iter().map(|seen| seen.point.clone()).collect();
        let mut stream = Stream::new(self.plan.seed, number);
        let point = match &self.plan.algorithm {
            Algorithm::Grid => grid::next(&self.axes, &tried),
            Algorithm::Random => random::next(&self.axes, &tried, &mut stream),
            Algorithm::Tpe(tpe) => tpe::next(tpe, &self.axes, &seen, &tried, &mut stream),
        }?;
        Some(self.axes.texts(&point))
    }

    /// The next `count` trials, numbered on from the largest number of the
    /// history (from 0 without any), each knowing those before it as running.
    /// Fewer when the space is exhausted.
    pub fn suggest_some(&self, history: &[Trial], count: usize) -> Vec<Suggestion> {
        let next = history.iter().map(|trial| trial.number.saturating_add(1)).max().unwrap_or(0);
        let mut history = history.to_vec();
        let mut suggestions = Vec::new();
        for later in 0..count as u64 {
            let number = next.saturating_add(later);
            let Some(parameters) = self.suggest(number, &history) else { break };
            let running = Outcome::Running;
            history.push(Trial { number, parameters: parameters.clone(), outcome: running });
            suggestions.push(Suggestion { number, parameters });
        }
        suggestions
    }

    /// Whether these texts are a point of the space.
    pub fn contains(&self, parameters: &Parameters) -> bool {
        self.axes.point(parameters).is_some()
    }
}
