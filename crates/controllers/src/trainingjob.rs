//! TrainingJob: pods that run to their end, one attempt after another.
//!
//! Owns the decision what a job does next, from nothing but the job, its pods and
//! what it refers to; the same state leads to the same action. Does not know how
//! processes, runs or data are kept.
//!
//! ```text
//! job ──▶ inputs (environment, dataset versions) ──▶ pod <job>-<attempt>
//!  ▲                                                    │
//!  └────────── status (verdict of the pods) ◀───────────┘
//! ```

mod inputs;
mod pod;
mod verdict;

use std::sync::Arc;
use std::time::Duration;

use dais_api::conditions::{self, COMPLETE, FAILED, READY, Verdict, reason};
use dais_api::{Dataset, Environment, Phase, TrainingJob, TrainingJobStatus, labels};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::api::{Api, DeleteParams, ListParams, PostParams};
use kube::runtime::controller::Action;
use kube::runtime::reflector::ObjectRef;
use kube::runtime::{Controller, watcher};
use kube::{Resource, ResourceExt};

use crate::apply;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::observed::drive;
use crate::seams::{Run, RunEnd, RunRequest};
use inputs::Inputs;
use verdict::Attempt;

/// Label on a job's pods with the job's name in label-safe form.
pub const JOB: &str = "dais.io/job";
/// Label on a job's pods: number of the attempt, from 1.
pub const ATTEMPT: &str = "dais.io/attempt";

/// How soon a refused pod is tried again.
const REFUSED_RETRY: Duration = Duration::from_secs(3);

pub async fn run(context: Arc<Context>) {
    let client = context.client.clone();
    let any = watcher::Config::default;
    let mine = any().labels(&format!("{}={}", labels::KIND, TrainingJob::kind(&())));
    let controller = Controller::new(Api::<TrainingJob>::all(client.clone()), any());
    let (by_environment, by_dataset) = (controller.store(), controller.store());
    let controller = controller
        .owns(Api::<Pod>::all(client.clone()), mine)
        .watches(Api::<Environment>::all(client.clone()), any(), move |changed| {
            waiting(&by_environment, |job| {
                job.namespace() == changed.namespace()
                    && job.spec.environment.as_deref() == Some(&changed.name_any())
            })
        })
        .watches(Api::<Dataset>::all(client), any(), move |changed| {
            waiting(&by_dataset, |job| {
                job.namespace() == changed.namespace()
                    && job.spec.datasets.iter().any(|input| input.name == changed.name_any())
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
        return Ok(Action::await_change());
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

async fn advance(job: &TrainingJob, context: &Context) -> Result<Step> {
    let mut status = job.status.clone().unwrap_or_default();
    let pods = pods_of(job, context).await?;
    if job.spec.suspend {
        return suspend(job, status, &pods, context).await;
    }
    if let Some(step) = overdue(job, &status, &pods, context).await? {
        return Ok(step);
    }
    let newest = pods.iter().max_by_key(|pod| verdict::attempt_of(pod));
    let Some(newest) = newest else {
        let lost = status.attempts > 0 && phase(job) != Phase::Suspended;
        if lost && status.attempts > job.spec.retries {
            let words = "the pod was removed before it ended, and no attempt is left";
            return Ok(Step {
                phase: Phase::Failed,
                verdict: Verdict::no(reason::POD_LOST, words),
                status,
            });
        }
        return start(job, status, context).await;
    };
    let number = verdict::attempt_of(newest);
    status.attempts = status.attempts.max(number);
    status.pod_name = Some(newest.name_any());
    if let Some(run) = newest.annotations().get(pod::RUN) {
        status.run_id = Some(run.clone());
    }
    match verdict::judge(newest) {
        Attempt::Going { phase, verdict } => {
            status.start_time = status.start_time.or_else(|| verdict::started(newest));
            Ok(Step { phase, verdict, status })
        }
        Attempt::Ended { ok, exit_code, verdict } => {
            status.exit_code = exit_code;
            status.start_time = status.start_time.or_else(|| verdict::started(newest));
            end_run(job, &status, ok, context).await?;
            if !ok && number <= job.spec.retries {
                context.event(job, true, verdict.reason, &verdict.message).await;
                return start(job, status, context).await;
            }
            let phase = if ok { Phase::Succeeded } else { Phase::Failed };
            Ok(Step { phase, verdict, status })
        }
    }
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

/// Starts the next attempt, if everything that it needs is there.
async fn start(
    job: &TrainingJob,
    mut status: TrainingJobStatus,
    context: &Context,
) -> Result<Step> {
    let pending = |verdict, status| Ok(Step { phase: Phase::Pending, verdict, status });
    let inputs = match inputs::resolve(job, context).await? {
        Ok(inputs) => inputs,
        Err(verdict) => return pending(verdict, status),
    };
    status.attempts += 1;
    let name = pod::name(job, status.attempts);
    let run = ensure_run(job, &name, &inputs, context).await?;
    status.run_id = Some(run.run_id.clone());
    status.experiment_id = Some(run.experiment_id);
    status.datasets = inputs.datasets();
    let desired = pod::desired(job, status.attempts, &inputs, &run.run_id, &context.settings);
    let project = job.namespace().unwrap_or_default();
    let pods = Api::<Pod>::namespaced(context.client.clone(), &project);
    match pods.create(&PostParams::default(), &desired).await {
        Ok(_) => {}
        Err(kube::Error::Api(refusal)) if refusal.code == 409 => {}
        Err(kube::Error::Api(refusal)) if refusal.code == 403 || refusal.code == 422 => {
            status.attempts -= 1;
            let verdict = Verdict::no(reason::POD_REFUSED, refusal.message.clone());
            return pending(verdict, status);
        }
        Err(error) => return Err(Error::kube(format!("creating pod {name}"))(error)),
    }
    status.pod_name = Some(name);
    status.exit_code = None;
    pending(Verdict::no(reason::STARTING, "the pod was created"), status)
}

async fn ensure_run(
    job: &TrainingJob,
    pod: &str,
    inputs: &Inputs,
    context: &Context,
) -> Result<Run> {
    let project = job.namespace().unwrap_or_default();
    let user = pod::user(job);
    let name = job.name_any();
    let mut tags =
        vec![("dais.job".to_owned(), name.clone()), ("dais.pod".to_owned(), pod.to_owned())];
    let datasets = inputs.datasets().into_iter();
    tags.extend(datasets.map(|d| (format!("dais.dataset.{}", d.name), d.version)));
    let key = format!("{}/{pod}", job.uid().unwrap_or_default());
    let request = RunRequest {
        project: &project,
        user: &user,
        experiment: job.spec.experiment.as_deref().unwrap_or(pod::application(job)),
        name: &name,
        key: &key,
        tags,
    };
    context.tracking.ensure_run(request).await.map_err(Error::seam("making the job's run"))
}

async fn end_run(
    job: &TrainingJob,
    status: &TrainingJobStatus,
    ok: bool,
    context: &Context,
) -> Result<()> {
    let Some(run) = &status.run_id else { return Ok(()) };
    let end = if ok { RunEnd::Finished } else { RunEnd::Failed };
    let project = job.namespace().unwrap_or_default();
    let ended = context.tracking.end_run(&project, run, end).await;
    ended.map_err(Error::seam("ending the job's run"))
}

async fn suspend(
    job: &TrainingJob,
    mut status: TrainingJobStatus,
    pods: &[Pod],
    context: &Context,
) -> Result<Step> {
    stop(job, pods, context).await?;
    if !pods.is_empty() {
        let verdict = Verdict::no(reason::SUSPENDED, "stopping the pod");
        return Ok(Step { phase: phase(job), verdict, status });
    }
    status.pod_name = None;
    let verdict = Verdict::no(reason::SUSPENDED, "suspended; set spec.suspend to false to go on");
    Ok(Step { phase: Phase::Suspended, verdict, status })
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
    end_run(job, status, false, context).await?;
    let seconds = job.spec.active_deadline_seconds.unwrap_or_default();
    let words = format!("stopped after spec.activeDeadlineSeconds = {seconds}");
    Ok(Some(Step {
        phase: Phase::Failed,
        verdict: Verdict::no(reason::DEADLINE_EXCEEDED, words),
        status: status.clone(),
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

/// Writes the step into the status: the one place where a job's status is made.
async fn report(job: &TrainingJob, step: Step, context: &Context) -> Result<Action> {
    let Step { phase: next, verdict, mut status } = step;
    let generation = job.meta().generation;
    let before = status.conditions.clone();
    let ready = Verdict { status: next == Phase::Running || next == Phase::Succeeded, ..verdict };
    conditions::set(&mut status.conditions, READY, &ready, generation);
    if next.is_final() {
        status.completion_time = Some(Time(Timestamp::now()));
        let type_ = if next == Phase::Succeeded { COMPLETE } else { FAILED };
        conditions::set(
            &mut status.conditions,
            type_,
            &Verdict { status: true, ..ready.clone() },
            generation,
        );
        status.models = produced(job, &status, context).await?;
    }
    status.phase = Some(next);
    status.observed_generation = generation;
    let was = conditions::find(&before, READY).map(|was| was.reason.as_str());
    if was != Some(ready.reason) {
        context.event(job, next == Phase::Failed, ready.reason, &ready.message).await;
    }
    let left = time_left(job, &status, Timestamp::now());
    apply::status(&context.client, job, job.status.as_ref(), &status).await?;
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
