//! Jobs: pods that run to completion, counted exactly once.
//!
//! ```text
//!  pods ──▶ plan ──▶ create, delete ──▶ plan ──▶ status ──▶ finalizers off
//! ```
//!
//! Each pod holds a finalizer until its end is in the Job's status, so that a pod
//! that somebody deletes is counted all the same (KEP-2307). A finished pod is
//! first listed in `uncountedTerminatedPods`, then let go, then counted. What to
//! do is decided in [`plan`], without I/O.

mod conditions;
mod counts;
mod indexes;
mod orphans;
mod plan;
mod pods;

use std::sync::Arc;
use std::time::Duration;

use futures::stream;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::jiff::Timestamp;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions};
use kube::runtime::controller::Action;
use kube::runtime::reflector::ObjectRef;
use kube::{Api, ResourceExt};
use serde_json::json;

use self::plan::Plan;
use crate::context::Context;
use crate::controller::drive;
use crate::crew::{Crew, is_namespace_terminating};
use crate::error::{Attempt, Result, is_not_found};
use crate::events::Component;
use crate::feed::triggers;
use crate::ownership::{controller_reference, describe, is_controlled_by, owners};

const COMPONENT: Component = Component("job-controller");
/// Holds a pod until its end is counted.
const TRACKING: &str = "batch.kubernetes.io/job-tracking";

/// Runs until shutdown.
pub async fn run(context: Arc<Context>) {
    let feeds = &context.feeds;
    let jobs = triggers(&feeds.jobs, |change| [ObjectRef::from_obj(&*change.object)]);
    let pods = triggers(&feeds.pods, owners);
    let queue = stream::select(jobs, pods);
    let jobs = drive("job", feeds.jobs.clone(), queue, context.clone(), reconcile);
    futures::join!(jobs, orphans::run(context.clone()));
}

async fn reconcile(job: Arc<Job>, context: Arc<Context>) -> Result<Action> {
    if job.metadata.deletion_timestamp.is_some() {
        return Ok(Action::await_change());
    }
    let crew = Crew { context: &context, owner: &*job, component: COMPONENT };
    let own = own_pods(&job, &context);
    if let Some(finished) = conditions::finished_at(&job) {
        release(&context, own.iter().filter(|pod| is_tracked(pod))).await?;
        return expire(&job, finished, &context).await;
    }
    let plan = plan::plan(&job, &own, Timestamp::now());
    let failure = act(&crew, &plan).await?;
    // Again, now that the store shows what was done.
    let own = own_pods(&job, &context);
    let plan = plan::plan(&job, &own, Timestamp::now());
    write_status(&crew, &plan).await?;
    release(&context, plan.release.iter()).await?;
    match failure {
        Some(error) if !is_namespace_terminating(&error) => {
            Err(error).attempt("create or delete a pod of", describe(&*job))
        }
        _ => Ok(plan.again.map_or_else(Action::await_change, Action::requeue)),
    }
}

fn own_pods(job: &Job, context: &Context) -> Vec<Arc<Pod>> {
    let uid = job.uid().unwrap_or_default();
    let namespace = job.namespace().unwrap_or_default();
    context.feeds.pods.select(&namespace, |pod| is_controlled_by(pod, &uid))
}

/// Makes and removes pods; the error is the first that the server gave.
async fn act(crew: &Crew<'_, Job>, plan: &Plan) -> Result<Option<kube::Error>> {
    if let Err(error) = crew.delete(&plan.delete).await {
        return Ok(Some(error));
    }
    let owner = controller_reference(crew.owner)?;
    let wanted =
        plan.create.iter().map(|index| pods::desired(crew.owner, &owner, *index)).collect();
    Ok(crew.create(wanted).await.err())
}

async fn write_status(crew: &Crew<'_, Job>, plan: &Plan) -> Result<()> {
    let job = crew.owner;
    if job.status.as_ref() == Some(&plan.status) {
        return Ok(());
    }
    let api: Api<Job> =
        Api::namespaced(crew.context.client.clone(), &job.namespace().unwrap_or_default());
    let mut next = job.clone();
    next.status = Some(plan.status.clone());
    let written = api
        .replace_status(&job.name_any(), &PostParams::default(), &next)
        .await
        .attempt("write the status of", describe(job))?;
    for (severity, reason, message) in conditions::news(job.status.as_ref(), &plan.status) {
        match severity {
            conditions::News::Good => crew.tell(reason, message),
            conditions::News::Bad => crew.warn(reason, message),
        }
    }
    crew.context.feeds.jobs.wait_seen(&written).await;
    Ok(())
}

fn is_tracked(pod: &Pod) -> bool {
    pod.finalizers().iter().any(|finalizer| finalizer == TRACKING)
}

/// Lets counted pods go.
async fn release(context: &Context, counted: impl Iterator<Item = &Arc<Pod>>) -> Result<()> {
    for pod in counted {
        let api: Api<Pod> =
            Api::namespaced(context.client.clone(), &pod.namespace().unwrap_or_default());
        let kept: Vec<_> = pod.finalizers().iter().filter(|f| *f != TRACKING).collect();
        let kept = if kept.is_empty() { json!(null) } else { json!(kept) };
        let change = json!({"metadata": {
            "uid": pod.uid(), "resourceVersion": pod.resource_version(), "finalizers": kept,
        }});
        let name = pod.name_any();
        let released = api.patch(&name, &PatchParams::default(), &Patch::Merge(change)).await;
        match released {
            Err(error) if is_not_found(&error) => {}
            other => drop(other.attempt("let go of", describe(&**pod))?),
        }
    }
    Ok(())
}

/// Removes a finished Job when its time to live is over.
async fn expire(job: &Job, finished: Timestamp, context: &Context) -> Result<Action> {
    let ttl = job.spec.as_ref().and_then(|spec| spec.ttl_seconds_after_finished);
    let Some(ttl) = ttl.and_then(|ttl| u64::try_from(ttl).ok()) else {
        return Ok(Action::await_change());
    };
    let age: Duration = Timestamp::now().duration_since(finished).try_into().unwrap_or_default();
    let ttl = Duration::from_secs(ttl);
    if age < ttl {
        return Ok(Action::requeue(ttl - age));
    }
    let params = DeleteParams {
        preconditions: Some(Preconditions {
            uid: job.uid(),
            resource_version: job.resource_version(),
        }),
        ..DeleteParams::background()
    };
    let api: Api<Job> =
        Api::namespaced(context.client.clone(), &job.namespace().unwrap_or_default());
    match api.delete(&job.name_any(), &params).await {
        Err(error) if is_not_found(&error) => {}
        other => drop(other.attempt("remove the expired", describe(job))?),
    }
    Ok(Action::await_change())
}
