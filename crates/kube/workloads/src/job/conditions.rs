//! The conditions of a Job, and the news in them. Pure.

use k8s_openapi::api::batch::v1::{Job, JobCondition, JobStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;

pub const COMPLETE: &str = "Complete";
pub const FAILED: &str = "Failed";
/// It will be complete when its last pods are gone.
pub const SUCCESS_CRITERIA_MET: &str = "SuccessCriteriaMet";
/// It will have failed when its last pods are gone.
pub const FAILURE_TARGET: &str = "FailureTarget";
pub const SUSPENDED: &str = "Suspended";

/// How to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    Good,
    Bad,
}

/// A condition that holds.
pub fn find<'a>(status: &'a JobStatus, type_: &str) -> Option<&'a JobCondition> {
    status
        .conditions
        .iter()
        .flatten()
        .find(|condition| condition.type_ == type_ && condition.status == "True")
}

/// When the Job ended, if it did.
pub fn finished_at(job: &Job) -> Option<Timestamp> {
    let status = job.status.as_ref()?;
    let condition = find(status, COMPLETE).or_else(|| find(status, FAILED))?;
    condition.last_transition_time.as_ref().map(|time| time.0)
}

/// A condition with new times.
pub fn condition(type_: &str, status: bool, words: (&str, &str), now: Timestamp) -> JobCondition {
    JobCondition {
        type_: type_.into(),
        status: if status { "True" } else { "False" }.into(),
        last_probe_time: Some(Time(now)),
        last_transition_time: Some(Time(now)),
        reason: Some(words.0.into()),
        message: Some(words.1.into()),
    }
}

/// Puts a condition in its place; one that says the same stays as it was.
pub fn set(conditions: &mut Vec<JobCondition>, next: JobCondition) {
    match conditions.iter_mut().find(|condition| condition.type_ == next.type_) {
        Some(current) if current.status == next.status && current.reason == next.reason => {}
        Some(current) => *current = next,
        None => conditions.push(next),
    }
}

/// What people should hear of, in the words of the real controller's events.
pub fn news(before: Option<&JobStatus>, after: &JobStatus) -> Vec<(News, &'static str, String)> {
    let is_new = |type_: &str| {
        find(after, type_).is_some() && before.is_none_or(|before| find(before, type_).is_none())
    };
    let mut news = Vec::new();
    if is_new(COMPLETE) {
        news.push((News::Good, "Completed", "Job completed".to_owned()));
    }
    if is_new(FAILED)
        && let Some(failed) = find(after, FAILED)
    {
        let reason = match failed.reason.as_deref() {
            Some("DeadlineExceeded") => "DeadlineExceeded",
            Some("PodFailurePolicy") => "PodFailurePolicy",
            _ => "BackoffLimitExceeded",
        };
        news.push((News::Bad, reason, failed.message.clone().unwrap_or_default()));
    }
    if is_new(SUSPENDED) {
        news.push((News::Good, "Suspended", "Job suspended".to_owned()));
    }
    let was_suspended = before.is_some_and(|before| find(before, SUSPENDED).is_some());
    if was_suspended && find(after, SUSPENDED).is_none() {
        news.push((News::Good, "Resumed", "Job resumed".to_owned()));
    }
    news
}
