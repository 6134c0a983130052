//! Beginning an attempt: everything that its pods need, then the pods, all or none.
//!
//! Guarantees: interrupted anywhere, the same step makes what is missing and nothing
//! twice, since every name follows from the job and the attempt's number.

use dais_api::conditions::{Verdict, reason};
use dais_api::{TrainingJob, TrainingJobStatus};
use futures::stream::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::api::{Api, Patch, PatchParams, PostParams};
use serde_json::json;

use super::algorithm::{self, Program};
use super::inputs::{self, Inputs};
use super::verdict::Attempt;
use super::{FINALIZER, Step, checkpoints, pod, rendezvous, stop};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::seams::{Run, RunRequest};

/// Pods of one attempt that are created at a time.
const AT_A_TIME: usize = 16;

/// Starts the next attempt, or finishes starting it, if everything that it needs is
/// there.
pub async fn start(
    job: &TrainingJob,
    mut status: TrainingJobStatus,
    pods: &[Pod],
    context: &Context,
) -> Result<Step> {
    let newest = Attempt::newest(pods).map_or(0, |newest| newest.number);
    let number = newest.max(status.attempts + 1);
    let leaves = |pod: &&Pod| pod.metadata.deletion_timestamp.is_some();
    if let Some(leaving) = pods.iter().find(leaves) {
        let words = format!("waits for pod {} of the last attempt to be gone", leaving.name_any());
        return Ok(Step::pending(Verdict::no(reason::STARTING, words), status));
    }
    let program = match algorithm::complete(job, &mut status, context).await? {
        Ok(program) => program,
        Err(refusal) => return Ok(Step::refused(refusal, status)),
    };
    let job = &program.job;
    let inputs = match inputs::resolve(&program, context).await? {
        Ok(inputs) => inputs,
        Err(verdict) => return Ok(Step::pending(verdict, status)),
    };
    let (run, meeting, ()) = futures::try_join!(
        ensure_run(&program, number, &inputs, context),
        rendezvous::arrange(job, number, context),
        hold(job, context),
    )?;
    if job.spec.checkpoints.is_some() {
        checkpoints::keep(job, context).await?;
    }
    status.run_id = Some(run.run_id.clone());
    status.experiment_id = Some(run.experiment_id);
    status.datasets = inputs.datasets();
    status.environment_digest = inputs.environment.clone();
    let about = pod::About {
        job,
        program: &program,
        number,
        inputs: &inputs,
        run: &run.run_id,
        meeting: &meeting,
    };
    let wanted = (0..job.spec.replicas()).map(|rank| pod::desired(&about, rank, &context.settings));
    if let Err(refusal) = create(job, wanted.collect(), context).await? {
        let made = super::pods_of(job, context).await?;
        let its = |pod: &&Pod| super::verdict::attempt_of(pod) == number;
        let made: Vec<Pod> = made.iter().filter(its).cloned().collect();
        stop(job, &made, context).await?;
        return Ok(Step::pending(Verdict::no(reason::POD_REFUSED, refusal), status));
    }
    status.attempts = number;
    status.pod_name = Some(pod::name(job, number, 0));
    status.exit_code = None;
    let words = match job.spec.replicas() {
        1 => "the pod was created".to_owned(),
        replicas => format!("{replicas} pods were created"),
    };
    Ok(Step::pending(Verdict::no(reason::STARTING, words), status))
}

/// `Ok(Err(words))`: one of the pods was refused.
async fn create(
    job: &TrainingJob,
    wanted: Vec<Pod>,
    context: &Context,
) -> Result<Result<(), String>> {
    let project = job.namespace().unwrap_or_default();
    let api = Api::<Pod>::namespaced(context.client.clone(), &project);
    let made = futures::stream::iter(wanted.into_iter().map(|pod| {
        let api = api.clone();
        async move {
            match api.create(&PostParams::default(), &pod).await {
                Ok(_) => Ok(Ok(())),
                Err(kube::Error::Api(refusal)) if refusal.code == 409 => Ok(Ok(())),
                Err(kube::Error::Api(refusal)) if matches!(refusal.code, 403 | 422) => {
                    Ok(Err(refusal.message.clone()))
                }
                Err(error) => Err(Error::kube(format!("creating pod {}", pod.name_any()))(error)),
            }
        }
    }));
    let made: Vec<Result<(), String>> = made.buffer_unordered(AT_A_TIME).try_collect().await?;
    Ok(made.into_iter().collect())
}

/// Keeps the job, should it be deleted, until its run is ended.
async fn hold(job: &TrainingJob, context: &Context) -> Result<()> {
    if job.finalizers().iter().any(|name| name == FINALIZER) {
        return Ok(());
    }
    let all: Vec<&str> = job.finalizers().iter().map(String::as_str).chain([FINALIZER]).collect();
    let held = json!({"metadata": {
        "uid": job.uid(), "resourceVersion": job.resource_version(), "finalizers": all,
    }});
    let project = job.namespace().unwrap_or_default();
    Api::<TrainingJob>::namespaced(context.client.clone(), &project)
        .patch(&job.name_any(), &PatchParams::default(), &Patch::Merge(held))
        .await
        .map(drop)
        .map_err(Error::kube("holding the job until its run is ended"))
}

async fn ensure_run(
    program: &Program,
    number: i32,
    inputs: &Inputs,
    context: &Context,
) -> Result<Run> {
    let job = &program.job;
    let project = job.namespace().unwrap_or_default();
    let user = pod::user(job);
    let (name, pod) = (job.name_any(), pod::name(job, number, 0));
    let mut tags =
        vec![("dais.job".to_owned(), name.clone()), ("dais.pod".to_owned(), pod.clone())];
    let algorithm = program.algorithm.iter();
    tags.extend(algorithm.map(|taken| ("dais.algorithm".to_owned(), taken.reference.clone())));
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
