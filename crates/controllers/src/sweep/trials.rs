//! What is known of a sweep's trials: its jobs, its own notes of those that are gone,
//! and what their runs logged.

use std::collections::BTreeMap;

use dais_api::conditions::{self, READY};
use dais_api::{Phase, Sweep, TrainingJob, Trial, TrialState};
use dais_tuning::Curve;
use futures::stream::{self, StreamExt, TryStreamExt};
use kube::ResourceExt;

use super::TRIAL;
use crate::context::Context;
use crate::error::{Error, Result};

/// Annotation on a job that was ended because others did better: why.
pub const PRUNED: &str = "dais.io/pruned";
/// Runs that are asked for metrics at a time.
const AT_A_TIME: usize = 8;

/// All trials, in order. What was final stays as it was noted.
pub async fn read(sweep: &Sweep, jobs: &[TrainingJob], context: &Context) -> Result<Vec<Trial>> {
    let noted = sweep.status.iter().flat_map(|status| status.trials.iter().cloned());
    let mut trials: BTreeMap<i32, Trial> = noted.map(|trial| (trial.number, trial)).collect();
    for job in jobs {
        let number = job.annotations().get(TRIAL).and_then(|number| number.parse().ok());
        let Some(number) = number else { continue };
        let trial = trials.entry(number).or_insert_with(|| begun(sweep, number, job));
        if !trial.state.is_final() {
            look(sweep, trial, job, context).await?;
        }
    }
    for trial in trials.values_mut().filter(|trial| !trial.state.is_final()) {
        if !jobs.iter().any(|job| job.name_any() == trial.job) {
            trial.state = TrialState::Failed;
            trial.reason = Some("its job was deleted".to_owned());
        }
    }
    Ok(trials.into_values().collect())
}

fn begun(sweep: &Sweep, number: i32, job: &TrainingJob) -> Trial {
    let searched = |name: &str| sweep.spec.parameters.iter().any(|p| p.name == name);
    let parameters = job.spec.parameters.iter().filter(|(name, _)| searched(name));
    let parameters = parameters.map(|(name, value)| (name.clone(), value.clone())).collect();
    Trial { number, job: job.name_any(), parameters, ..Trial::default() }
}

/// A trial whose name somebody else's job has.
pub fn taken(number: i32, job: String, parameters: BTreeMap<String, String>) -> Trial {
    let reason = format!("there is another job called {job:?}");
    let state = TrialState::Failed;
    Trial { number, job, parameters, state, reason: Some(reason), ..Trial::default() }
}

async fn look(
    sweep: &Sweep,
    trial: &mut Trial,
    job: &TrainingJob,
    context: &Context,
) -> Result<()> {
    let status = job.status.clone().unwrap_or_default();
    trial.run_id = status.run_id.clone();
    let why = || conditions::find(&status.conditions, READY).map(|ready| ready.message.clone());
    let pruned = job.annotations().get(PRUNED).cloned();
    trial.state = match status.phase.unwrap_or_default() {
        Phase::Running => TrialState::Running,
        Phase::Pending | Phase::Suspended => TrialState::Pending,
        Phase::Succeeded => TrialState::Succeeded,
        Phase::Stopped if pruned.is_some() => TrialState::Pruned,
        Phase::Failed | Phase::Stopped => TrialState::Failed,
    };
    trial.reason = match trial.state {
        TrialState::Failed => why(),
        TrialState::Succeeded => None,
        _ => pruned,
    };
    if trial.state.is_final() {
        trial.value = history(sweep, trial, context).await?.last().map(|(_, value)| *value);
        let metric = &sweep.spec.objective.metric;
        if trial.state == TrialState::Succeeded && !trial.value.is_some_and(f64::is_finite) {
            trial.state = TrialState::Failed;
            trial.reason = Some(match trial.value.take() {
                Some(value) => format!("its run's last {metric:?} is {value}"),
                None => format!(
                    "its run logged no metric {metric:?}: spec.objective.metric names what the \
                     program logs"
                ),
            });
        }
        trial.value = trial.value.filter(|value| value.is_finite());
    }
    Ok(())
}

async fn history(sweep: &Sweep, trial: &Trial, context: &Context) -> Result<Vec<(i64, f64)>> {
    let Some(run) = &trial.run_id else { return Ok(Vec::new()) };
    let project = sweep.namespace().unwrap_or_default();
    let metric = &sweep.spec.objective.metric;
    let logged = context.tracking.metric_history(&project, run, metric).await;
    logged.map_err(Error::seam("reading a trial's metric"))
}

/// What each trial logged, in the order of the trials.
pub async fn curves(sweep: &Sweep, trials: &[Trial], context: &Context) -> Result<Vec<Curve>> {
    let curves: Vec<_> = trials.iter().map(|trial| curve(sweep, trial, context)).collect();
    stream::iter(curves).buffered(AT_A_TIME).try_collect().await
}

async fn curve(sweep: &Sweep, trial: &Trial, context: &Context) -> Result<Curve> {
    let logged = history(sweep, trial, context).await?.into_iter();
    let points = logged.filter_map(|(step, value)| Some((u64::try_from(step).ok()?, value)));
    Ok(match trial.state {
        TrialState::Succeeded => Curve::finished(points),
        _ => Curve::new(points),
    })
}
