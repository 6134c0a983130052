//! TrainingJob: pods that run to their end, one attempt after another.
//!
//! Owns the decision what a job does next, from nothing but the job, its pods and
//! what it refers to; the same state leads to the same action. Does not know how
//! processes, runs or data are kept, nor whose turn it is in a queue.
//!
//! ```text
//! job ──▶ inputs (environment, dataset versions) ──▶ pods <job>-<attempt>[-<rank>]
//!  ▲                                                    │
//!  └────────── status (verdict of the pods) ◀───────────┘
//! ```
//!
//! An attempt is all of its replicas: they start together, and one that fails ends
//! it for all.

mod algorithm;
mod checkpoints;
pub mod inputs;
mod pod;
mod rendezvous;
mod start;
mod verdict;

use std::sync::Arc;
use std::time::Duration;

use dais_api::conditions::{self, COMPLETE, FAILED, READY, Verdict, reason};
use dais_api::reference::seen_from;
use dais_api::{Algorithm, Dataset, Environment, Phase, TrainingJob, TrainingJobStatus, labels};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams};
use kube::runtime::controller::Action;
use kube::runtime::reflector::ObjectRef;
use kube::runtime::{Controller, watcher};
use kube::{Resource, ResourceExt};

use crate::apply;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::observed::drive;
use crate::seams::RunEnd;
use algorithm::Refusal;
use verdict::{Attempt, Outcome};

/// Label on a job's pods with the job's name in label-safe form.
pub const JOB: &str = "dais.io/job";
/// Label on a job's pods: number of the attempt, from 1.
pub const ATTEMPT: &str = "dais.io/attempt";
/// Label on a job's pods: which replica of the attempt, from 0.
pub const RANK: &str = "dais.io/rank";
/// Holds the job until its run is ended.
const FINALIZER: &str = "dais.io/run";

/// How soon a refused pod is tried again.
const REFUSED_RETRY: Duration = Duration::from_secs(3);

pub async fn run(context: Arc<Context>) {
    let client = context.client.clone();
    let any = watcher::Config::default;
    let mine = any().labels(&format!("{}={}", labels::KIND, TrainingJob::kind(&())));
    let controller = Controller::new(Api::<TrainingJob>::all(client.clone()), any());
    let (by_environment, by_dataset) = (controller.store(), controller.store());
    let by_algorithm = controller.store();
    let controller = controller
        .owns(Api::<Pod>::all(client.clone()), mine)
        .watches(Api::<Environment>::all(client.clone()), any(), move |changed| {
            waiting(&by_environment, |job| {
                let named = job.spec.environment.as_deref();
                let own = job.namespace().unwrap_or_default();
                match (named, &job.spec.algorithm) {
                    // Which one an algorithm brings is read when the job is looked at.
                    (None, Some(algorithm)) => {
                        changed.namespace().as_deref() == Some(algorithm.seen_from(&own).0)
                    }
                    _ => {
                        changed.namespace().as_ref() == Some(&own)
                            && named == Some(&changed.name_any())
                    }
                }
            })
        })
        .watches(Api::<Algorithm>::all(client.clone()), any(), move |changed| {
            waiting(&by_algorithm, |job| {
                let own = job.namespace().unwrap_or_default();
                let named = job.spec.algorithm.as_ref().map(|named| named.seen_from(&own));
                named.is_some_and(|(project, name)| {
                    changed.namespace().as_deref() == Some(project) && changed.name_any() == name
                })
            })
        })
        .watches(Api::<Dataset>::all(client), any(), move |changed| {
            waiting(&by_dataset, |job| {
                let own = job.namespace().unwrap_or_default();
                job.spec.datasets.iter().any(|input| {
                    let (project, name) = seen_from(&input.name, &own);
                    changed.namespace().as_deref() == Some(project) && changed.name_any() == name
                })
            })
        });
    drive("trainingjob", controller, context, reconcile).await;
}

/// Unfinished jobs that refer to a changed object.
fn waiting(
    jobs: &kube::runtime::reflector::Store<TrainingJob>,
    refers: impl Fn(&TrainingJob) -> bool,
) -> Vec<ObjectRef<TrainingJob>> {
    let unfinished = |job: &Arc<TrainingJob>| !phase(job).is_final();
    jobs.state()
        .into_iter()
        .filter(|job| unfinished(job) && refers(job))
        .map(|job| ObjectRef::from_obj(job.as_ref()))
        .collect()
}

fn phase(job: &TrainingJob) -> Phase {
    job.status.as_ref().and_then(|status| status.phase).unwrap_or_default()
}

async fn reconcile(job: Arc<TrainingJob>, context: Arc<Context>) -> Result<Action> {
    if job.metadata.deletion_timestamp.is_some() {
        return let_go(&job, &context).await;
    }
    if phase(&job).is_final() {
        return expire(&job, &context).await;
    }
    let next = advance(&job, &context).await?;
    report(&job, next, &context).await
}

/// What a job looks like after one step.
struct Step {
    phase: Phase,
    verdict: Verdict,
    status: TrainingJobStatus,
}

impl Step {
    fn refused(refusal: Refusal, status: TrainingJobStatus) -> Self {
        match refusal {
            Refusal::Wait(verdict) => Self::pending(verdict, status),
            Refusal::Never(verdict) => Self { phase: Phase::Failed, verdict, status },
        }
    }

    fn pending(verdict: Verdict, status: TrainingJobStatus) -> Self {
        Self { phase: Phase::Pending, verdict, status }
    }
}

async fn advance(job: &TrainingJob, context: &Context) -> Result<Step> {
    let mut status = job.status.clone().unwrap_or_default();
    let pods = pods_of(job, context).await?;
    // Before it is anybody's turn: a queue counts what an algorithm asks for.
    if job.spec.algorithm.is_some() && status.algorithm.is_none() && !job.spec.stop {
        match algorithm::complete(job, &mut status, context).await? {
            Ok(_) => {}
            Err(refusal) => return Ok(Step::refused(refusal, status)),
        }
    }
    if let Some((phase, verdict)) = halted(job) {
        return halt(job, status, &pods, (phase, verdict), context).await;
    }
    if let Some(step) = overdue(job, &status, &pods, context).await? {
        return Ok(step);
    }
    let Some(newest) = Attempt::newest(&pods) else {
        return match &status.pod_name {
            Some(_) => failed(job, status, &pods, Outcome::lost(), context).await,
            None => start::start(job, status, &pods, context).await,
        };
    };
    if newest.number > status.attempts {
        // Begun and not finished beginning: the same step again makes what is missing.
        return start::start(job, status, &pods, context).await;
    }
    status.running_replicas = newest.running();
    let rank_zero = newest.pods.first();
    if let Some(run) = rank_zero.and_then(|pod| pod.annotations().get(pod::RUN)) {
        status.run_id = Some(run.clone());
    }
    status.start_time = status.start_time.or_else(|| newest.started());
    match newest.judge(job.spec.replicas()) {
        Outcome::Going { phase, verdict } => Ok(Step { phase, verdict, status }),
        Outcome::Succeeded { verdict } => {
            status.exit_code = Some(0);
            end_run(job, &status, RunEnd::Finished, context).await?;
            Ok(Step { phase: Phase::Succeeded, verdict, status })
        }
        outcome @ Outcome::Failed { .. } => failed(job, status, &pods, outcome, context).await,
    }
}

/// Why the job must not run now, and what it is then.
fn halted(job: &TrainingJob) -> Option<(Phase, Verdict)> {
    if job.spec.stop {
        let words = "stopped; run it again to make a new job of it";
        return Some((Phase::Stopped, Verdict::no(reason::STOPPED, words)));
    }
    if job.spec.suspend {
        let words = "suspended; set spec.suspend to false to go on";
        return Some((Phase::Suspended, Verdict::no(reason::SUSPENDED, words)));
    }
    let queue = job.spec.queue.as_ref()?;
    let admission = job.status.as_ref().and_then(|status| status.admission.as_ref());
    match admission.filter(|admission| &admission.queue == queue) {
        Some(admission) if admission.admitted => None,
        Some(waiting) => {
            let reason = reason::of_queue(&waiting.reason);
            Some((Phase::Pending, Verdict::no(reason, &*waiting.message)))
        }
        None => {
            let words = format!("asks Queue {queue:?} for room");
            Some((Phase::Pending, Verdict::no(reason::QUEUED, words)))
        }
    }
}

/// An attempt has failed: the next one begins, if the job has one left.
async fn failed(
    job: &TrainingJob,
    mut status: TrainingJobStatus,
    pods: &[Pod],
    outcome: Outcome,
    context: &Context,
) -> Result<Step> {
    let Outcome::Failed { exit_code, verdict } = outcome else {
        unreachable!("only failures come here")
    };
    status.exit_code = exit_code;
    let going: Vec<Pod> = pods.iter().filter(|pod| !verdict::has_ended(pod)).cloned().collect();
    if !going.is_empty() {
        stop(job, &going, context).await?;
        let words = format!("{}; stopping the other replicas", verdict.message);
        return Ok(Step::pending(Verdict::no(verdict.reason, words), status));
    }
    status.running_replicas = 0;
    end_run(job, &status, RunEnd::Failed, context).await?;
    if status.attempts - status.interruptions > job.spec.retries {
        return Ok(Step { phase: Phase::Failed, verdict, status });
    }
    context.event(job, true, verdict.reason, &verdict.message).await;
    start::start(job, status, pods, context).await
}

async fn pods_of(job: &TrainingJob, context: &Context) -> Result<Vec<Pod>> {
    let project = job.namespace().unwrap_or_default();
    let selector = format!("{JOB}={}", labels::label_value(&job.name_any()));
    let listed = Api::<Pod>::namespaced(context.client.clone(), &project)
        .list(&ListParams::default().labels(&selector))
        .await
        .map_err(Error::kube("listing the job's pods"))?;
    let uid = job.uid();
    let owned =
        |pod: &Pod| pod.owner_references().iter().any(|owner| Some(&owner.uid) == uid.as_ref());
    Ok(listed.items.into_iter().filter(owned).collect())
}

async fn end_run(
    job: &TrainingJob,
    status: &TrainingJobStatus,
    end: RunEnd,
    context: &Context,
) -> Result<()> {
    let Some(run) = &status.run_id else { return Ok(()) };
    let project = job.namespace().unwrap_or_default();
    let ended = context.tracking.end_run(&project, run, end).await;
    ended.map_err(Error::seam("ending the job's run"))
}

/// Ends what runs. What was ended so is no failure of the job's.
async fn halt(
    job: &TrainingJob,
    mut status: TrainingJobStatus,
    pods: &[Pod],
    (next, verdict): (Phase, Verdict),
    context: &Context,
) -> Result<Step> {
    stop(job, pods, context).await?;
    if !pods.is_empty() {
        let words = format!("{}; stopping {} pods", verdict.message, pods.len());
        let verdict = Verdict::no(verdict.reason, words);
        let phase = if next == Phase::Pending { next } else { phase(job) };
        return Ok(Step { phase, verdict, status });
    }
    if status.pod_name.take().is_some() {
        status.interruptions += 1;
        end_run(job, &status, RunEnd::Killed, context).await?;
    }
    status.running_replicas = 0;
    // A deadline counts the time in which the job may run.
    status.start_time = None;
    Ok(Step { phase: next, verdict, status })
}

/// Fails a job that is over its deadline.
async fn overdue(
    job: &TrainingJob,
    status: &TrainingJobStatus,
    pods: &[Pod],
    context: &Context,
) -> Result<Option<Step>> {
    let left = time_left(job, status, Timestamp::now());
    if left.is_none_or(|left| left.is_positive()) {
        return Ok(None);
    }
    stop(job, pods, context).await?;
    end_run(job, status, RunEnd::Failed, context).await?;
    let seconds = job.spec.active_deadline_seconds.unwrap_or_default();
    let words = format!("stopped after spec.activeDeadlineSeconds = {seconds}");
    Ok(Some(Step {
        phase: Phase::Failed,
        verdict: Verdict::no(reason::DEADLINE_EXCEEDED, words),
        status: TrainingJobStatus { running_replicas: 0, ..status.clone() },
    }))
}

fn time_left(
    job: &TrainingJob,
    status: &TrainingJobStatus,
    now: Timestamp,
) -> Option<SignedDuration> {
    let seconds = job.spec.active_deadline_seconds?;
    let started = status.start_time.as_ref()?;
    Some(SignedDuration::from_secs(seconds) - now.duration_since(started.0))
}

async fn stop(job: &TrainingJob, pods: &[Pod], context: &Context) -> Result<()> {
    let project = job.namespace().unwrap_or_default();
    let api = Api::<Pod>::namespaced(context.client.clone(), &project);
    for pod in pods.iter().filter(|pod| pod.metadata.deletion_timestamp.is_none()) {
        let name = pod.name_any();
        match api.delete(&name, &DeleteParams::default()).await {
            Ok(_) => {}
            Err(kube::Error::Api(gone)) if gone.code == 404 => {}
            Err(error) => return Err(Error::kube(format!("deleting pod {name}"))(error)),
        }
    }
    Ok(())
}

/// The last thing that a deleted job does: nobody else would end its run.
async fn let_go(job: &TrainingJob, context: &Context) -> Result<Action> {
    let Some(at) = job.finalizers().iter().position(|name| name == FINALIZER) else {
        return Ok(Action::await_change());
    };
    end_run(job, &job.status.clone().unwrap_or_default(), RunEnd::Killed, context).await?;
    let path = format!("/metadata/finalizers/{at}");
    let removal = serde_json::json!([
        {"op": "test", "path": path, "value": FINALIZER},
        {"op": "remove", "path": path},
    ]);
    let removal = serde_json::from_value(removal)
        .map_err(|source| Error::Encode { what: "the removal of a finalizer", source })?;
    let project = job.namespace().unwrap_or_default();
    let jobs = Api::<TrainingJob>::namespaced(context.client.clone(), &project);
    let removal = Patch::<()>::Json(removal);
    match jobs.patch(&job.name_any(), &PatchParams::default(), &removal).await {
        Ok(_) => Ok(Action::await_change()),
        Err(kube::Error::Api(gone)) if gone.code == 404 => Ok(Action::await_change()),
        Err(error) => Err(Error::kube("letting go of a deleted job")(error)),
    }
}

/// Writes the step into the status: the one place where a job's status is made.
async fn report(job: &TrainingJob, step: Step, context: &Context) -> Result<Action> {
    let Step { phase: next, verdict, mut status } = step;
    // The queue's own word; whoever writes it here would own it too.
    status.admission = None;
    let known = TrainingJobStatus { admission: None, ..job.status.clone().unwrap_or_default() };
    let generation = job.meta().generation;
    let before = status.conditions.clone();
    let ready = Verdict { status: next == Phase::Running || next == Phase::Succeeded, ..verdict };
    conditions::set(&mut status.conditions, READY, &ready, generation);
    if next.is_final() {
        status.completion_time = Some(Time(Timestamp::now()));
        let type_ = if next == Phase::Succeeded { COMPLETE } else { FAILED };
        let said = Verdict { status: true, ..ready.clone() };
        conditions::set(&mut status.conditions, type_, &said, generation);
        status.models = produced(job, &status, context).await?;
    }
    status.phase = Some(next);
    status.observed_generation = generation;
    let was = conditions::find(&before, READY).map(|was| was.reason.as_str());
    if was != Some(ready.reason) {
        context.event(job, next == Phase::Failed, ready.reason, &ready.message).await;
    }
    let left = time_left(job, &status, Timestamp::now());
    apply::status(&context.client, job, Some(&known), &status).await?;
    if next.is_final() {
        return Ok(job.spec.ttl_seconds_after_finished.map_or_else(Action::await_change, after));
    }
    if ready.reason == reason::POD_REFUSED {
        // A quota that has room again tells nobody.
        return Ok(Action::requeue(REFUSED_RETRY));
    }
    Ok(left.map_or_else(Action::await_change, |left| after(left.as_secs() + 1)))
}

fn after(seconds: i64) -> Action {
    Action::requeue(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

async fn produced(
    job: &TrainingJob,
    status: &TrainingJobStatus,
    context: &Context,
) -> Result<Vec<dais_api::ProducedModel>> {
    let Some(run) = &status.run_id else { return Ok(Vec::new()) };
    let project = job.namespace().unwrap_or_default();
    let found = context.tracking.models_of_run(&project, run).await;
    found.map_err(Error::seam("looking for the job's models"))
}

/// Deletes a finished job once its time to live is over.
async fn expire(job: &TrainingJob, context: &Context) -> Result<Action> {
    let ended = job.status.as_ref().and_then(|status| status.completion_time.as_ref());
    let (Some(ttl), Some(ended)) = (job.spec.ttl_seconds_after_finished, ended) else {
        return Ok(Action::await_change());
    };
    let left = ttl - Timestamp::now().duration_since(ended.0).as_secs();
    if left > 0 {
        return Ok(after(left));
    }
    let project = job.namespace().unwrap_or_default();
    let api = Api::<TrainingJob>::namespaced(context.client.clone(), &project);
    match api.delete(&job.name_any(), &DeleteParams::background()).await {
        Ok(_) => Ok(Action::await_change()),
        Err(kube::Error::Api(gone)) if gone.code == 404 => Ok(Action::await_change()),
        Err(error) => Err(Error::kube("deleting an expired job")(error)),
    }
}
