//! Sweep: training jobs with other parameters each, until the best is found.
//!
//! Owns which trials there are and what becomes of them. What to try next and whom to
//! stop is decided by `dais-tuning` from the trials so far; how a job runs is the
//! job's own business.
//!
//! ```text
//! sweep ──▶ trials (its jobs, and their runs' metrics) ──▶ next parameters ──▶ jobs
//!   ▲                       │
//!   └── status ◀────────────┘
//! ```
//!
//! Guarantees: a trial's number and name follow from the sweep, so that a crash between
//! making its job and writing it down makes no second one.

mod job;
mod plan;
mod trials;

use std::sync::Arc;
use std::time::Duration;

use dais_api::conditions::{self, COMPLETE, FAILED, READY, Verdict, reason};
use dais_api::{
    Algorithm, AlgorithmReference, Phase, Sweep, SweepStatus, TrainingJob, Trial, TrialState,
    labels,
};
use dais_tuning::Search;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use kube::api::{Api, ListParams, Patch, PatchParams, PostParams};
use kube::runtime::controller::Action;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::{Controller, watcher};
use kube::{Resource, ResourceExt};
use serde_json::{Value, json};

use crate::algorithm;
use crate::apply;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::observed::drive;

/// Label on a sweep's jobs with the sweep's name in label-safe form.
pub const SWEEP: &str = "dais.io/sweep";
/// Annotation on a sweep's jobs: number of the trial, from 1.
pub const TRIAL: &str = "dais.io/trial";

/// How often the metrics of running trials are looked at where some may be stopped.
const LOOK: Duration = Duration::from_secs(2);

pub async fn run(context: Arc<Context>) {
    let client = context.client.clone();
    let any = watcher::Config::default;
    let controller = Controller::new(Api::<Sweep>::all(client.clone()), any());
    let known = controller.store();
    let controller = controller
        .owns(Api::<TrainingJob>::all(client.clone()), any().labels(SWEEP))
        .watches(Api::<Algorithm>::all(client), any(), move |changed| naming(&known, &changed));
    drive("sweep", controller, context, reconcile).await;
}

/// The unfinished sweeps over an algorithm.
fn naming(known: &Store<Sweep>, algorithm: &Algorithm) -> Vec<ObjectRef<Sweep>> {
    let names = |sweep: &Arc<Sweep>| {
        let own = sweep.namespace().unwrap_or_default();
        let named = sweep.spec.job.algorithm.as_ref().map(|named| named.seen_from(&own));
        named.is_some_and(|(project, name)| {
            algorithm.namespace().as_deref() == Some(project) && algorithm.name_any() == name
        })
    };
    let found = known.state().into_iter().filter(|sweep| !phase(sweep).is_final() && names(sweep));
    found.map(|sweep| ObjectRef::from_obj(sweep.as_ref())).collect()
}

async fn reconcile(sweep: Arc<Sweep>, context: Arc<Context>) -> Result<Action> {
    if sweep.metadata.deletion_timestamp.is_some() || phase(&sweep).is_final() {
        return Ok(Action::await_change());
    }
    let (settled, step) = match settle(&sweep, &context).await? {
        Ok(settled) => {
            let step = advance(&settled, &context).await?;
            (settled.spec.job.algorithm, step)
        }
        Err(verdict) => (None, Step { phase: Phase::Pending, verdict, trials: Vec::new() }),
    };
    report(&sweep, step, settled, &context).await
}

/// The sweep with the version of the algorithm that all of its trials run: the one that it
/// names, else the newest when it began.
async fn settle(sweep: &Sweep, context: &Context) -> Result<Result<Sweep, Verdict>> {
    let mut settled = sweep.clone();
    let Some(reference) = &mut settled.spec.job.algorithm else { return Ok(Ok(settled)) };
    let noted = sweep.status.as_ref().and_then(|status| status.algorithm.as_ref());
    if let Some(noted) = noted.filter(|noted| noted.name == reference.name) {
        reference.version = noted.version.clone();
        return Ok(Ok(settled));
    }
    let project = sweep.namespace().unwrap_or_default();
    match algorithm::find(&context.client, &project, reference).await? {
        Ok(found) => {
            reference.version = Some(found.version);
            Ok(Ok(settled))
        }
        Err(words) => {
            let words = format!("spec.job.algorithm: {words}");
            Ok(Err(Verdict::no(reason::ALGORITHM_NOT_FOUND, words)))
        }
    }
}

fn phase(sweep: &Sweep) -> Phase {
    sweep.status.as_ref().and_then(|status| status.phase).unwrap_or_default()
}

struct Step {
    phase: Phase,
    verdict: Verdict,
    trials: Vec<Trial>,
}

async fn advance(sweep: &Sweep, context: &Context) -> Result<Step> {
    let search = match plan::search(&sweep.spec) {
        Ok(search) => search,
        Err(verdict) => return Ok(Step { phase: Phase::Failed, verdict, trials: Vec::new() }),
    };
    let jobs = jobs_of(sweep, context).await?;
    let mut trials = trials::read(sweep, &jobs, context).await?;
    if sweep.spec.stop {
        return halt(sweep, &jobs, trials, Phase::Stopped, context).await;
    }
    if let Some((phase, verdict)) = plan::end(&sweep.spec, &search, &trials) {
        let going = trials.iter().filter(|trial| !trial.state.is_final()).count();
        if going == 0 {
            return Ok(Step { phase, verdict, trials });
        }
        // A sweep that knows enough lets nothing run on.
        for job in jobs.iter().filter(|job| !has_ended(job)) {
            drop_trial(job, "the sweep had ended", context).await?;
        }
        let words = format!("{}; ending {going} trials", verdict.message);
        let verdict = Verdict::yes(reason::RUNNING, words);
        return Ok(Step { phase: Phase::Running, verdict, trials });
    }
    if sweep.spec.suspend {
        return halt(sweep, &jobs, trials, Phase::Suspended, context).await;
    }
    end_jobs(&jobs, "suspend", false, context).await?;
    prune(sweep, &jobs, &mut trials, context).await?;
    begin(sweep, &search, &mut trials, context).await?;
    let going = trials.iter().filter(|trial| !trial.state.is_final()).count();
    let words = format!(
        "{} of {} trials ended, {going} under way",
        trials.len() - going,
        sweep.spec.max_trials
    );
    Ok(Step { phase: Phase::Running, verdict: Verdict::yes(reason::RUNNING, words), trials })
}

async fn jobs_of(sweep: &Sweep, context: &Context) -> Result<Vec<TrainingJob>> {
    let project = sweep.namespace().unwrap_or_default();
    let selector = format!("{SWEEP}={}", labels::label_value(&sweep.name_any()));
    let listed = Api::<TrainingJob>::namespaced(context.client.clone(), &project)
        .list(&ListParams::default().labels(&selector))
        .await
        .map_err(Error::kube("listing the sweep's jobs"))?;
    let uid = sweep.uid();
    let owned =
        |job: &TrainingJob| job.owner_references().iter().any(|o| Some(&o.uid) == uid.as_ref());
    Ok(listed.items.into_iter().filter(owned).collect())
}

async fn halt(
    sweep: &Sweep,
    jobs: &[TrainingJob],
    trials: Vec<Trial>,
    phase: Phase,
    context: &Context,
) -> Result<Step> {
    let stops = phase == Phase::Stopped;
    end_jobs(jobs, if stops { "stop" } else { "suspend" }, true, context).await?;
    let going = jobs.iter().filter(|job| runs(job)).count();
    let reason = if stops { reason::STOPPED } else { reason::SUSPENDED };
    if going > 0 {
        let words = format!("stopping {going} trials");
        return Ok(Step { phase: self::phase(sweep), verdict: Verdict::no(reason, words), trials });
    }
    let words = match stops {
        true => "stopped; what its trials found stays",
        false => "suspended; set spec.suspend to false to go on",
    };
    Ok(Step { phase, verdict: Verdict::no(reason, words), trials })
}

fn runs(job: &TrainingJob) -> bool {
    let status = job.status.clone().unwrap_or_default();
    status.pod_name.is_some() && !status.phase.unwrap_or_default().is_final()
}

/// Sets a switch of all jobs that have not ended.
async fn end_jobs(jobs: &[TrainingJob], switch: &str, to: bool, context: &Context) -> Result<()> {
    for job in jobs.iter().filter(|job| !has_ended(job)) {
        let now = if switch == "stop" { job.spec.stop } else { job.spec.suspend };
        if now != to {
            change(job, json!({"spec": {switch: to}}), context).await?;
        }
    }
    Ok(())
}

fn has_ended(job: &TrainingJob) -> bool {
    job.status.as_ref().and_then(|status| status.phase).unwrap_or_default().is_final()
}

/// Ends a trial that did nothing wrong.
async fn drop_trial(job: &TrainingJob, why: &str, context: &Context) -> Result<()> {
    let metadata = json!({"annotations": {trials::PRUNED: why}});
    change(job, json!({"metadata": metadata, "spec": {"stop": true}}), context).await
}

async fn change(job: &TrainingJob, change: Value, context: &Context) -> Result<()> {
    let project = job.namespace().unwrap_or_default();
    let jobs = Api::<TrainingJob>::namespaced(context.client.clone(), &project);
    match jobs.patch(&job.name_any(), &PatchParams::default(), &Patch::Merge(change)).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(gone)) if gone.code == 404 => Ok(()),
        Err(error) => Err(Error::kube("changing a trial's job")(error)),
    }
}

/// Ends trials that will not be good.
async fn prune(
    sweep: &Sweep,
    jobs: &[TrainingJob],
    trials: &mut [Trial],
    context: &Context,
) -> Result<()> {
    let Some(rule) = sweep.spec.early_stopping.as_ref().map(plan::stopping) else { return Ok(()) };
    let curves = trials::curves(sweep, trials, context).await?;
    for (at, reason) in plan::hopeless(&sweep.spec, &rule, trials, &curves) {
        let trial = &mut trials[at];
        let Some(job) = jobs.iter().find(|job| job.name_any() == trial.job) else { continue };
        drop_trial(job, &reason, context).await?;
        trial.reason = Some(reason);
    }
    Ok(())
}

/// Starts as many trials as may run beside those that do.
async fn begin(
    sweep: &Sweep,
    search: &Search,
    trials: &mut Vec<Trial>,
    context: &Context,
) -> Result<()> {
    let project = sweep.namespace().unwrap_or_default();
    let api = Api::<TrainingJob>::namespaced(context.client.clone(), &project);
    for (number, parameters) in plan::next(&sweep.spec, search, trials) {
        let desired = job::desired(sweep, number, &parameters);
        let name = desired.name_any();
        match api.create(&PostParams::default(), &desired).await {
            Ok(_) => {}
            Err(kube::Error::Api(known)) if known.code == 409 => {
                let taken = trials::taken(number, name, parameters);
                trials.push(taken);
                continue;
            }
            Err(error) => return Err(Error::kube(format!("creating trial {name}"))(error)),
        }
        trials.push(Trial { number, job: name, parameters, ..Trial::default() });
    }
    Ok(())
}

/// Writes the step into the status: the one place where a sweep's status is made.
async fn report(
    sweep: &Sweep,
    step: Step,
    algorithm: Option<AlgorithmReference>,
    context: &Context,
) -> Result<Action> {
    let Step { phase: next, verdict, trials } = step;
    let generation = sweep.meta().generation;
    let mut status = sweep.status.clone().unwrap_or_default();
    let was = conditions::find(&status.conditions, READY).map(|was| was.reason.clone());
    let ready = Verdict { status: matches!(next, Phase::Running | Phase::Succeeded), ..verdict };
    conditions::set(&mut status.conditions, READY, &ready, generation);
    if next.is_final() {
        status.completion_time = Some(Time(Timestamp::now()));
        let type_ = if next == Phase::Succeeded { COMPLETE } else { FAILED };
        let said = Verdict { status: true, ..ready.clone() };
        conditions::set(&mut status.conditions, type_, &said, generation);
    }
    status.phase = Some(next);
    status.observed_generation = generation;
    status.start_time = status.start_time.or_else(|| Some(Time(Timestamp::now())));
    fill(&mut status, sweep, trials);
    status.algorithm = algorithm.or(status.algorithm);
    if was.as_deref() != Some(ready.reason) {
        context.event(sweep, next == Phase::Failed, ready.reason, &ready.message).await;
    }
    apply::status(&context.client, sweep, sweep.status.as_ref(), &status).await?;
    let looks = next == Phase::Running && sweep.spec.early_stopping.is_some();
    Ok(if looks { Action::requeue(LOOK) } else { Action::await_change() })
}

fn fill(status: &mut SweepStatus, sweep: &Sweep, trials: Vec<Trial>) {
    let count = |wanted: &dyn Fn(TrialState) -> bool| {
        let found = trials.iter().filter(|trial| wanted(trial.state)).count();
        i32::try_from(found).unwrap_or(i32::MAX)
    };
    status.finished = count(&TrialState::is_final);
    status.failed = count(&|state| state == TrialState::Failed);
    status.pruned = count(&|state| state == TrialState::Pruned);
    status.best = plan::best(&sweep.spec, &trials).cloned();
    status.importance = plan::importance(&sweep.spec, &trials).unwrap_or_default();
    status.trials = trials;
}
