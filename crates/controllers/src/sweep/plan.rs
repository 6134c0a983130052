//! What a sweep does next, from its spec and its trials: pure.

use std::collections::BTreeMap;

use dais_api::conditions::{Verdict, reason};
use dais_api::{
    AlgorithmName, EarlyStopping, Goal, ParameterType, Phase, Scale, StoppingRule, SweepParameter,
    SweepSpec, Trial, TrialState,
};
use dais_tuning::{
    Algorithm, Categorical, Curve, Direction, Domain, Double, Fault, Halving, Int, Median,
    Objective, Outcome, Parameter, Plan, Search, Space, Stopping, Tpe,
};

/// The search that a spec describes, or what is wrong with it.
pub fn search(spec: &SweepSpec) -> Result<Search, Verdict> {
    let mut faults: Vec<String> = Vec::new();
    let mut parameters = Vec::new();
    for (at, parameter) in spec.parameters.iter().enumerate() {
        match domain(parameter) {
            Ok(domain) => parameters.push(Parameter { name: parameter.name.clone(), domain }),
            Err(words) => faults.push(format!("spec.parameters[{at}].{words}")),
        }
    }
    let invalid = |faults: Vec<String>| Verdict::no(reason::INVALID, faults.join("; "));
    if !faults.is_empty() {
        return Err(invalid(faults));
    }
    let objective = Objective {
        metric: spec.objective.metric.clone(),
        direction: direction(spec),
        goal: spec.objective.target,
    };
    let algorithm = match spec.algorithm.name {
        AlgorithmName::Grid => Algorithm::Grid,
        AlgorithmName::Random => Algorithm::Random,
        AlgorithmName::Tpe => {
            let default = Tpe::default();
            let startup = spec.algorithm.startup_trials.and_then(|n| u32::try_from(n).ok());
            Algorithm::Tpe(Tpe { startup: startup.unwrap_or(default.startup), ..default })
        }
    };
    let seed = spec.algorithm.seed.and_then(|seed| u64::try_from(seed).ok()).unwrap_or(0);
    let plan = Plan { space: Space { parameters }, objective, algorithm, seed };
    if let Some(rule) = &spec.early_stopping {
        stopping(rule).validate().map_err(|error| invalid(words(error)))?;
    }
    Search::new(plan).map_err(|error| invalid(words(error)))
}

fn words(error: dais_tuning::Error) -> Vec<String> {
    let dais_tuning::Error::Invalid(faults) = error else { return vec![error.to_string()] };
    let said = |Fault { field, reason, hint }: &Fault| {
        // What the search calls a goal is the objective's target here.
        let field = field.replace("objective.goal", "objective.target");
        let field = field.replace("earlyStopping.grace", "earlyStopping.minSteps");
        format!("spec.{field}: {reason}: {hint}")
    };
    faults.iter().map(said).collect()
}

fn direction(spec: &SweepSpec) -> Direction {
    match spec.objective.goal {
        Goal::Maximize => Direction::Maximize,
        Goal::Minimize => Direction::Minimize,
    }
}

fn domain(parameter: &SweepParameter) -> Result<Domain, String> {
    let scale = match parameter.scale {
        Scale::Linear => dais_tuning::Scale::Linear,
        Scale::Log => dais_tuning::Scale::Log,
    };
    let number = |field: &str, value: Option<f64>| {
        value.ok_or_else(|| format!("{field}: a number needs both min and max"))
    };
    Ok(match parameter.type_ {
        ParameterType::Categorical => {
            Domain::Categorical(Categorical { values: parameter.values.clone() })
        }
        ParameterType::Double => Domain::Double(Double {
            min: number("min", parameter.min)?,
            max: number("max", parameter.max)?,
            scale,
            step: parameter.step,
            count: parameter.count.and_then(|count| u32::try_from(count).ok()),
        }),
        ParameterType::Int => Domain::Int(Int {
            min: whole("min", number("min", parameter.min)?)?,
            max: whole("max", number("max", parameter.max)?)?,
            scale,
            step: parameter.step.map(|step| whole("step", step)).transpose()?,
        }),
    })
}

/// Largest number up to which a double holds every whole one.
const WHOLE: f64 = 9_007_199_254_740_992.0;

fn whole(field: &str, value: f64) -> Result<i64, String> {
    if value.fract() != 0.0 || value.abs() > WHOLE {
        return Err(format!("{field}: must be a whole number up to 2^53 for an int, not {value}"));
    }
    Ok(value as i64)
}

/// The rule by which trials are ended early.
pub fn stopping(rule: &EarlyStopping) -> Stopping {
    let steps = |steps: Option<i64>| steps.and_then(|steps| u64::try_from(steps).ok());
    let count = |count: Option<i32>| count.and_then(|count| u32::try_from(count).ok());
    match rule.name {
        StoppingRule::Median => {
            let default = Median::default();
            Stopping::Median(Median {
                min_steps: steps(rule.min_steps).unwrap_or(default.min_steps),
                min_trials: count(rule.min_trials).unwrap_or(default.min_trials),
            })
        }
        StoppingRule::Halving => {
            let default = Halving::default();
            Stopping::Halving(Halving {
                grace: steps(rule.min_steps).unwrap_or(default.grace),
                factor: count(rule.factor).unwrap_or(default.factor),
                max_steps: steps(rule.max_steps),
            })
        }
    }
}

/// Running trials that are to be ended, by their place, with why.
pub fn hopeless(
    spec: &SweepSpec,
    rule: &Stopping,
    trials: &[Trial],
    curves: &[Curve],
) -> Vec<(usize, String)> {
    let running =
        |at: &usize| trials[*at].state == TrialState::Running && trials[*at].reason.is_none();
    (0..trials.len().min(curves.len()))
        .filter(running)
        .filter_map(|at| {
            let others: Vec<Curve> = curves
                .iter()
                .enumerate()
                .filter(|(o, _)| *o != at)
                .map(|(_, c)| c.clone())
                .collect();
            match rule.judge(direction(spec), &curves[at], &others) {
                dais_tuning::Verdict::Keep => None,
                dais_tuning::Verdict::Stop(reason) => Some((at, reason.to_string())),
            }
        })
        .collect()
}

fn history(trials: &[Trial]) -> Vec<dais_tuning::Trial> {
    let outcome = |trial: &Trial| match (trial.state, trial.value) {
        (TrialState::Pending | TrialState::Running, _) => Outcome::Running,
        (TrialState::Succeeded, Some(value)) => Outcome::Finished(value),
        (TrialState::Pruned, value) => Outcome::Stopped(value),
        (TrialState::Succeeded, None) | (TrialState::Failed, _) => Outcome::Failed,
    };
    let known = |trial: &Trial| dais_tuning::Trial {
        number: u64::try_from(trial.number).unwrap_or(0),
        parameters: trial.parameters.clone(),
        outcome: outcome(trial),
    };
    trials.iter().map(known).collect()
}

/// Numbers and parameters of the trials that may begin now.
pub fn next(
    spec: &SweepSpec,
    search: &Search,
    trials: &[Trial],
) -> Vec<(i32, BTreeMap<String, String>)> {
    let going = trials.iter().filter(|trial| !trial.state.is_final()).count();
    let at = |count: i32| usize::try_from(count).unwrap_or(0);
    let room = at(spec.parallel_trials).saturating_sub(going);
    let left = at(spec.max_trials).saturating_sub(trials.len());
    let mut history = history(trials);
    if history.is_empty() {
        // The first number is 1; the search counts on from the last that it knows.
        let parameters = BTreeMap::new();
        history.push(dais_tuning::Trial { number: 0, parameters, outcome: Outcome::Failed });
    }
    let suggested = search.suggest_some(&history, room.min(left)).into_iter();
    suggested.filter_map(|s| Some((i32::try_from(s.number).ok()?, s.parameters))).collect()
}

/// Why a sweep has ended, if it has. Trials may be under way that nobody needs any more.
pub fn end(spec: &SweepSpec, search: &Search, trials: &[Trial]) -> Option<(Phase, Verdict)> {
    let best = best(spec, trials).and_then(|best| Some((best.number, best.value?)));
    let so = match best {
        Some((number, value)) => format!("the best is trial {number} with {value}"),
        None => "none has a value".to_owned(),
    };
    if best.is_some_and(|(_, value)| search.plan().objective.reached(value)) {
        let words = format!("reached spec.objective.target: {so}");
        return Some((Phase::Succeeded, Verdict::yes(reason::SEARCHED, words)));
    }
    let failures: Vec<&Trial> =
        trials.iter().filter(|trial| trial.state == TrialState::Failed).collect();
    if failures.len() >= usize::try_from(spec.max_failed_trials).unwrap_or(1) {
        let why = failures.last().and_then(|trial| trial.reason.clone()).unwrap_or_default();
        let words = format!("{} trials failed; the last one: {why}", failures.len());
        return Some((Phase::Failed, Verdict::no(reason::TRIALS_FAILED, words)));
    }
    let under_way = trials.iter().any(|trial| !trial.state.is_final());
    let all_began = trials.len() >= usize::try_from(spec.max_trials).unwrap_or(0);
    let nothing_left = || search.suggest_some(&history(trials), 1).is_empty();
    if under_way || !(all_began || !trials.is_empty() && nothing_left()) {
        return None;
    }
    let words = format!("{} trials ended; {so}", trials.len());
    Some(match best {
        Some(_) => (Phase::Succeeded, Verdict::yes(reason::SEARCHED, words)),
        None => (Phase::Failed, Verdict::no(reason::TRIALS_FAILED, words)),
    })
}

/// The trial that finished with the best value.
pub fn best<'a>(spec: &SweepSpec, trials: &'a [Trial]) -> Option<&'a Trial> {
    let history = history(trials);
    let best = dais_tuning::best(direction(spec), &history)?;
    trials.iter().find(|trial| u64::try_from(trial.number) == Ok(best.number))
}

/// How much each parameter explains; `None` while that cannot be said.
pub fn importance(spec: &SweepSpec, trials: &[Trial]) -> Option<BTreeMap<String, f64>> {
    let search = search(spec).ok()?;
    let found = dais_tuning::importance(&search.plan().space, direction(spec), &history(trials));
    let found = found.ok()??;
    Some(found.into_iter().map(|found| (found.name, found.share)).collect())
}

#[cfg(test)]
mod tests;
