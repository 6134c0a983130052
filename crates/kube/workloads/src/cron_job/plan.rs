//! What is to happen to a CronJob now: pure.

use std::sync::Arc;

use dais_cron::Schedule;
use k8s_openapi::api::batch::v1::{CronJob, CronJobStatus, Job};
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::ResourceExt;

/// The time that a run was due, on its Job (batch/v1).
const SCHEDULED: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";
/// Runs that are kept of those that ended well, and of those that did not, where nothing
/// is said; Kubernetes' own numbers.
const SUCCESSES: i32 = 3;
const FAILURES: i32 = 1;

#[derive(Default)]
pub struct Plan {
    pub create: Option<Job>,
    pub delete: Vec<Arc<Job>>,
    pub status: CronJobStatus,
    /// When to look again though nothing happens.
    pub again: Option<Timestamp>,
    /// Why the schedule cannot be followed.
    pub refused: Option<String>,
}

pub fn plan(cron_job: &CronJob, own: &[Arc<Job>], now: Timestamp) -> Plan {
    let spec = &cron_job.spec;
    let (ended, running): (Vec<Arc<Job>>, Vec<Arc<Job>>) =
        own.iter().cloned().partition(|job| end_of(job).is_some());
    let mut plan = Plan { status: cron_job.status.clone().unwrap_or_default(), ..Plan::default() };
    plan.delete =
        beyond(&ended, "Complete", spec.successful_jobs_history_limit.unwrap_or(SUCCESSES));
    plan.delete.extend(beyond(
        &ended,
        "Failed",
        spec.failed_jobs_history_limit.unwrap_or(FAILURES),
    ));
    plan.status.last_successful_time = ended
        .iter()
        .filter(|job| end_of(job) == Some("Complete"))
        .filter_map(|job| job.status.as_ref()?.completion_time.clone())
        .max()
        .max(plan.status.last_successful_time.take());
    let mut active = running.clone();
    match Schedule::parse(&spec.schedule, spec.time_zone.as_deref()) {
        Err(why) => plan.refused = Some(format!("spec.schedule {:?}: {why}", spec.schedule)),
        Ok(_) if spec.suspend == Some(true) => {}
        Ok(schedule) => {
            plan.again = schedule.after(now);
            let made = cron_job.creation_timestamp().map_or(now, |time| time.0);
            let since = plan.status.last_schedule_time.as_ref().map_or(made, |time| time.0);
            let due = schedule.due(since, now).filter(|due| is_in_time(cron_job, *due, now));
            let policy = spec.concurrency_policy.as_deref().unwrap_or("Allow");
            if let Some(due) = due.filter(|_| policy != "Forbid" || running.is_empty()) {
                if policy == "Replace" {
                    plan.delete.append(&mut active);
                }
                plan.create = Some(job(cron_job, due));
                plan.status.last_schedule_time = Some(Time(due));
            }
        }
    }
    plan.status.active = Some(active.iter().map(|job| reference(job)).collect::<Vec<_>>())
        .filter(|active| !active.is_empty());
    plan
}

/// Whether a run that is late may still begin.
fn is_in_time(cron_job: &CronJob, due: Timestamp, now: Timestamp) -> bool {
    let deadline = cron_job.spec.starting_deadline_seconds;
    deadline.is_none_or(|seconds| now.duration_since(due) <= SignedDuration::from_secs(seconds))
}

/// `Complete` or `Failed`; `None` while it runs.
fn end_of(job: &Job) -> Option<&str> {
    let conditions = job.status.as_ref()?.conditions.iter().flatten();
    let mut ends = conditions.filter(|one| one.status == "True").map(|one| one.type_.as_str());
    ends.find(|end| matches!(*end, "Complete" | "Failed"))
}

/// The oldest that ended so, beyond those that are kept.
fn beyond(ended: &[Arc<Job>], how: &str, kept: i32) -> Vec<Arc<Job>> {
    let mut jobs: Vec<Arc<Job>> =
        ended.iter().filter(|job| end_of(job) == Some(how)).cloned().collect();
    jobs.sort_by_key(|job| (job.creation_timestamp().map(|time| time.0), job.name_any()));
    let kept = usize::try_from(kept).unwrap_or(0);
    jobs.truncate(jobs.len().saturating_sub(kept));
    jobs
}

/// The Job of a run, named after its minute.
fn job(cron_job: &CronJob, due: Timestamp) -> Job {
    let template = cron_job.spec.job_template.clone();
    let given = template.metadata.unwrap_or_default();
    let mut annotations = given.annotations.unwrap_or_default();
    annotations.insert(SCHEDULED.to_owned(), due.to_string());
    Job {
        metadata: ObjectMeta {
            name: Some(format!("{}-{}", cron_job.name_any(), due.as_second() / 60)),
            namespace: cron_job.namespace(),
            labels: given.labels,
            annotations: Some(annotations),
            ..ObjectMeta::default()
        },
        spec: template.spec,
        ..Job::default()
    }
}

fn reference(job: &Job) -> ObjectReference {
    ObjectReference {
        api_version: Some("batch/v1".to_owned()),
        kind: Some("Job".to_owned()),
        name: job.metadata.name.clone(),
        namespace: job.metadata.namespace.clone(),
        uid: job.metadata.uid.clone(),
        ..ObjectReference::default()
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::batch::v1::{JobCondition, JobStatus};
    use serde_json::json;

    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("2026-11-27T{text}Z").parse().expect("a time")
    }

    fn every_minute(more: serde_json::Value) -> CronJob {
        let mut spec = json!({"schedule": "* * * * *", "jobTemplate": {"spec": {"template": {}}}});
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(json!({
            "metadata": {"name": "a", "creationTimestamp": "2026-11-27T10:00:30Z"}, "spec": spec,
        }))
        .expect("a CronJob")
    }

    fn run(name: &str, end: Option<&str>) -> Arc<Job> {
        let conditions = end.map(|end| {
            vec![JobCondition {
                type_: end.to_owned(),
                status: "True".to_owned(),
                ..JobCondition::default()
            }]
        });
        let mut job = Job::default();
        job.metadata.name = Some(name.to_owned());
        job.status = Some(JobStatus { conditions, ..JobStatus::default() });
        Arc::new(job)
    }

    fn created(plan: &Plan) -> Option<String> {
        plan.create.as_ref().map(ResourceExt::name_any)
    }

    #[test]
    fn a_run_is_made_once_at_its_time() {
        let mut cron_job = every_minute(json!({}));
        let early = plan(&cron_job, &[], at("10:00:45"));
        assert_eq!((created(&early), early.again), (None, Some(at("10:01:00"))));
        let due = plan(&cron_job, &[], at("10:01:00"));
        assert_eq!(created(&due), Some(format!("a-{}", at("10:01:00").as_second() / 60)));
        cron_job.status = Some(due.status);
        assert_eq!(created(&plan(&cron_job, &[], at("10:01:30"))), None);
        let late = plan(&cron_job, &[], at("18:00:59"));
        assert_eq!(late.status.last_schedule_time, Some(Time(at("18:00:00"))), "only the last");
    }

    #[test]
    fn policies_say_what_becomes_of_a_run_that_is_not_over() {
        let running = [run("old", None)];
        let with = |policy: &str| {
            plan(&every_minute(json!({"concurrencyPolicy": policy})), &running, at("10:01:00"))
        };
        assert!(with("Allow").create.is_some());
        let forbidden = with("Forbid");
        assert!(
            forbidden.create.is_none() && forbidden.status.active.is_some_and(|a| a.len() == 1)
        );
        let replaced = with("Replace");
        assert!(replaced.create.is_some() && replaced.delete.len() == 1);
    }

    #[test]
    fn nothing_runs_while_suspended_late_or_unreadable() {
        let created_at = |more, now| created(&plan(&every_minute(more), &[], at(now)));
        assert_eq!(created_at(json!({"suspend": true}), "10:05:00"), None);
        assert_eq!(created_at(json!({"startingDeadlineSeconds": 10}), "10:05:30"), None);
        let broken = plan(&every_minute(json!({"schedule": "x"})), &[], at("10:05:00"));
        assert!(broken.create.is_none() && broken.refused.is_some());
    }

    #[test]
    fn old_runs_go() {
        let own = ["a", "b", "c", "d", "e"].map(|name| run(name, Some("Complete")));
        let kept =
            plan(&every_minute(json!({"successfulJobsHistoryLimit": 2})), &own, at("10:00:31"));
        let gone: Vec<String> = kept.delete.iter().map(|job| job.name_any()).collect();
        assert_eq!(gone, ["a", "b", "c"]);
    }
}
