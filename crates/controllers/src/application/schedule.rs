//! An application that runs by a schedule: its CronJob, and when that runs.

use dais_api::Application;
use dais_api::application::{Concurrency, Schedule};
use dais_api::conditions::{Verdict, reason};
use k8s_openapi::api::batch::v1::{CronJob, CronJobSpec, JobSpec, JobTemplateSpec};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::jiff::Timestamp;
use kube::Api;
use kube::api::DeleteParams;

use super::desired::template;
use super::releases::Numbered;
use crate::context::{Context, Settings};
use crate::error::{Error, Result};
use crate::serving::{Front, Template, Track};

/// Runs that are kept, of each sort.
const KEPT: i32 = 3;

pub fn cron_job(
    app: &Application,
    front: &Front,
    release: &Numbered,
    settings: &Settings,
) -> CronJob {
    let own = Schedule::default();
    let schedule = app.spec.schedule.as_ref().unwrap_or(&own);
    let Template { annotations, mut spec } = template(app, front, release, settings);
    spec.restart_policy = Some("Never".to_owned());
    let kept = Some(schedule.runs_kept.unwrap_or(KEPT));
    let job = JobSpec {
        backoff_limit: Some(schedule.retries),
        active_deadline_seconds: schedule.deadline_seconds,
        template: PodTemplateSpec {
            metadata: Some(front.pod_metadata(Track::Stable, annotations)),
            spec: Some(spec),
        },
        ..JobSpec::default()
    };
    let policy = match schedule.concurrency {
        Concurrency::Forbid => "Forbid",
        Concurrency::Allow => "Allow",
        Concurrency::Replace => "Replace",
    };
    CronJob {
        metadata: front.metadata(front.object_name(Track::Stable), Track::Stable),
        spec: CronJobSpec {
            schedule: schedule.cron.clone(),
            time_zone: schedule.time_zone.clone(),
            concurrency_policy: Some(policy.to_owned()),
            suspend: Some(app.spec.stopped),
            successful_jobs_history_limit: kept,
            failed_jobs_history_limit: kept,
            job_template: JobTemplateSpec {
                metadata: Some(ObjectMeta {
                    labels: Some(front.labels(Track::Stable)),
                    ..ObjectMeta::default()
                }),
                spec: Some(job),
            },
            ..CronJobSpec::default()
        },
        ..CronJob::default()
    }
}

/// How it goes, and when the next run is due.
pub fn judge(app: &Application, there: &CronJob, now: Timestamp) -> (Verdict, Option<Timestamp>) {
    let own = Schedule::default();
    let wanted = app.spec.schedule.as_ref().unwrap_or(&own);
    let schedule = match dais_cron::Schedule::parse(&wanted.cron, wanted.time_zone.as_deref()) {
        Ok(schedule) => schedule,
        Err(why) => {
            let words = format!("spec.schedule.cron: {:?} {why}", wanted.cron);
            return (Verdict::no(reason::INVALID, words), None);
        }
    };
    if app.spec.stopped {
        return (Verdict::no(reason::STOPPED, "spec.stopped is true: no run begins"), None);
    }
    let running =
        there.status.as_ref().and_then(|status| status.active.as_ref()).map_or(0, Vec::len);
    let next = schedule.after(now);
    let words = match (running, next) {
        (0, Some(next)) => format!("the next run is due at {next}"),
        (0, None) => "no run is due within four years".to_owned(),
        (running, _) => format!("{running} running"),
    };
    (Verdict::yes(reason::AVAILABLE, words), next)
}

/// Takes away what an application had while it ran by a schedule.
pub async fn withdraw(front: &Front, context: &Context) -> Result<()> {
    let api = Api::<CronJob>::namespaced(context.client.clone(), &front.namespace);
    let name = front.object_name(Track::Stable);
    let found = api.get_opt(&name).await.map_err(Error::kube("reading the schedule"))?;
    let is_its = |cron_job: &CronJob| {
        let owners = cron_job.metadata.owner_references.iter().flatten();
        owners.into_iter().any(|owner| owner.uid == front.uid)
    };
    if !found.as_ref().is_some_and(is_its) {
        return Ok(());
    }
    match api.delete(&name, &DeleteParams::background()).await {
        Err(kube::Error::Api(gone)) if gone.code == 404 => Ok(()),
        done => done.map(drop).map_err(Error::kube("removing the schedule")),
    }
}
