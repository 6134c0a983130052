//! CronJobs: Jobs made at the times of a schedule.
//!
//! A run's Job is named after its time, so that a crash between making it and noting it
//! makes no second one. Of the times that were missed while nobody looked only the last is
//! made up for, as Kubernetes does. When and what is decided in [`plan`], without I/O.

mod plan;

use std::sync::Arc;
use std::time::Duration;

use futures::stream;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::jiff::Timestamp;
use kube::api::{DeleteParams, PostParams};
use kube::runtime::controller::Action;
use kube::runtime::reflector::ObjectRef;
use kube::{Api, ResourceExt};

use self::plan::Plan;
use crate::context::Context;
use crate::controller::drive;
use crate::crew::{Crew, is_namespace_terminating};
use crate::error::{Attempt, Result, is_not_found};
use crate::events::Component;
use crate::feed::triggers;
use crate::ownership::{controller_reference, describe, is_controlled_by, owners};

const COMPONENT: Component = Component("cronjob-controller");

/// Runs until shutdown.
pub async fn run(context: Arc<Context>) {
    let feeds = &context.feeds;
    let cron_jobs = triggers(&feeds.cron_jobs, |change| [ObjectRef::from_obj(&*change.object)]);
    let jobs = triggers(&feeds.jobs, owners);
    let queue = stream::select(cron_jobs, jobs);
    drive("cronjob", feeds.cron_jobs.clone(), queue, context.clone(), reconcile).await;
}

async fn reconcile(cron_job: Arc<CronJob>, context: Arc<Context>) -> Result<Action> {
    if cron_job.metadata.deletion_timestamp.is_some() {
        return Ok(Action::await_change());
    }
    let crew = Crew { context: &context, owner: &*cron_job, component: COMPONENT };
    let (uid, namespace) =
        (cron_job.uid().unwrap_or_default(), cron_job.namespace().unwrap_or_default());
    let own = context.feeds.jobs.select(&namespace, |job| is_controlled_by(job, &uid));
    let plan = plan::plan(&cron_job, &own, Timestamp::now());
    if let Some(refused) = &plan.refused {
        crew.warn("UnparseableSchedule", refused.clone());
    }
    let api: Api<Job> = Api::namespaced(context.client.clone(), &namespace);
    for job in &plan.delete {
        match api.delete(&job.name_any(), &DeleteParams::background()).await {
            Err(error) if is_not_found(&error) => {}
            done => drop(done.attempt("delete a run of", describe(&*cron_job))?),
        }
    }
    if let Some(job) = &plan.create {
        let mut job = job.clone();
        job.metadata.owner_references = Some(vec![controller_reference(&*cron_job)?]);
        match api.create(&PostParams::default(), &job).await {
            Ok(made) => {
                crew.tell("SuccessfulCreate", format!("Created job {}", made.name_any()));
                context.feeds.jobs.wait_seen(&made).await;
            }
            // Made before a crash, which kept it from being noted.
            Err(kube::Error::Api(status)) if status.code == 409 => {}
            Err(error) if is_namespace_terminating(&error) => return Ok(Action::await_change()),
            Err(error) => return Err(error).attempt("create a run of", describe(&*cron_job)),
        }
    }
    write_status(&crew, &plan).await?;
    let wait = |time: Timestamp| {
        let left = time.duration_since(Timestamp::now()).as_millis();
        Duration::from_millis(u64::try_from(left).unwrap_or(0) + 10)
    };
    Ok(plan.again.map_or_else(Action::await_change, |time| Action::requeue(wait(time))))
}

async fn write_status(crew: &Crew<'_, CronJob>, plan: &Plan) -> Result<()> {
    let cron_job = crew.owner;
    if cron_job.status.as_ref() == Some(&plan.status) {
        return Ok(());
    }
    let api: Api<CronJob> =
        Api::namespaced(crew.context.client.clone(), &cron_job.namespace().unwrap_or_default());
    let mut next = cron_job.clone();
    next.status = Some(plan.status.clone());
    let written = api
        .replace_status(&cron_job.name_any(), &PostParams::default(), &next)
        .await
        .attempt("write the status of", describe(cron_job))?;
    crew.context.feeds.cron_jobs.wait_seen(&written).await;
    Ok(())
}
