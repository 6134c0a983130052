//! What a Job does next, and what its status says. Pure.
//!
//! `kubernetes.io/docs/concepts/workloads/controllers/job` gives the rules.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::batch::v1::{Job, JobCondition, JobSpec, JobStatus};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::ResourceExt;

use super::conditions::{
    self, COMPLETE, FAILED, FAILURE_TARGET, SUCCESS_CRITERIA_MET, SUSPENDED, condition,
};
use super::counts::{Counts, has_failed, has_succeeded, is_indexed, replaces_terminating};
use super::{indexes, pods as job_pods};
use crate::pods;

/// First pause before a failed pod is replaced; doubled with each failure
/// (kube-controller-manager's `DefaultJobPodFailureBackOff`).
const FIRST_BACKOFF: Duration = Duration::from_secs(10);
const LAST_BACKOFF: Duration = Duration::from_secs(600);

const BACKOFF_EXCEEDED: (&str, &str) =
    ("BackoffLimitExceeded", "Job has reached the specified backoff limit");
const DEADLINE_EXCEEDED: (&str, &str) =
    ("DeadlineExceeded", "Job was active longer than specified deadline");
const COMPLETIONS_REACHED: (&str, &str) =
    ("CompletionsReached", "Reached expected number of succeeded pods");

/// What to do now.
#[derive(Debug, Default)]
pub struct Plan {
    /// Pods to make: their indexes, or none when the Job is not Indexed.
    pub create: Vec<Option<i32>>,
    pub delete: Vec<Arc<Pod>>,
    /// What the status should say, given the pods as they are.
    pub status: JobStatus,
    /// Pods to let go when the status is written.
    pub release: Vec<Arc<Pod>>,
    /// When time alone changes something.
    pub again: Option<Duration>,
}

/// Decides.
pub fn plan(job: &Job, own: &[Arc<Pod>], now: Timestamp) -> Plan {
    let spec = job.spec.clone().unwrap_or_default();
    let counts = Counts::new(job, own);
    let active: Vec<Arc<Pod>> = own.iter().filter(|pod| pods::is_active(pod)).cloned().collect();
    let terminating =
        own.iter().filter(|pod| pods::is_terminating(pod) && !pods::is_finished(pod)).count();
    let suspended = spec.suspend.unwrap_or(false);
    let mut status = status(job, &counts, &active, terminating);
    let mut conditions = status.conditions.take().unwrap_or_default();
    suspension(&mut status, &mut conditions, suspended, now);
    let end = ending(&spec, &status, &conditions, &counts, &active, now);
    let mut plan = Plan::default();
    if let Some(end) = &end {
        plan.delete = active.clone();
        conditions::set(&mut conditions, end.clone());
        if counts.is_settled() && active.is_empty() && terminating == 0 {
            finish(&mut status, &mut conditions, end, now);
        }
    } else if suspended {
        plan.delete = active.clone();
    } else {
        let missing =
            Missing { job, spec: &spec, own, counts: &counts, active: &active, terminating };
        missing.fill(&mut plan, now);
        plan.again = sooner(plan.again, deadline(&spec, &status, now));
    }
    status.conditions = (!conditions.is_empty()).then_some(conditions);
    plan.status = status;
    plan.release = counts.release;
    plan
}

fn status(job: &Job, counts: &Counts, active: &[Arc<Pod>], terminating: usize) -> JobStatus {
    let before = job.status.clone().unwrap_or_default();
    let nonzero = |count: i32| (count != 0).then_some(count);
    let ready = active.iter().filter(|pod| pods::is_ready(pod)).count() as i32;
    JobStatus {
        active: nonzero(active.len() as i32),
        ready: Some(ready),
        terminating: Some(terminating as i32),
        succeeded: nonzero(counts.succeeded),
        failed: nonzero(counts.failed),
        completed_indexes: Some(indexes::format(&counts.indexes)).filter(|text| !text.is_empty()),
        uncounted_terminated_pods: Some(counts.uncounted.clone()),
        ..before
    }
}

/// Starts and stops the clock.
fn suspension(
    status: &mut JobStatus,
    conditions: &mut Vec<JobCondition>,
    suspended: bool,
    now: Timestamp,
) {
    let was = conditions.iter().any(|c| c.type_ == SUSPENDED && c.status == "True");
    if suspended {
        status.start_time = None;
        conditions::set(
            conditions,
            condition(SUSPENDED, true, ("JobSuspended", "Job suspended"), now),
        );
        return;
    }
    if was {
        conditions::set(
            conditions,
            condition(SUSPENDED, false, ("JobResumed", "Job resumed"), now),
        );
    }
    status.start_time.get_or_insert(Time(now));
}

/// The condition under which the Job comes to its end, when it does.
fn ending(
    spec: &JobSpec,
    status: &JobStatus,
    conditions: &[JobCondition],
    counts: &Counts,
    active: &[Arc<Pod>],
    now: Timestamp,
) -> Option<JobCondition> {
    // Once decided, it stays.
    let decided = conditions.iter().find(|condition| {
        matches!(condition.type_.as_str(), SUCCESS_CRITERIA_MET | FAILURE_TARGET)
            && condition.status == "True"
    });
    if let Some(decided) = decided {
        return Some(decided.clone());
    }
    let limit = spec.backoff_limit.unwrap_or(6);
    let fail = |words| Some(condition(FAILURE_TARGET, true, words, now));
    if counts.all_failed() > limit || restarted_too_often(spec, limit, active) {
        return fail(BACKOFF_EXCEEDED);
    }
    if deadline(spec, status, now).is_some_and(|left| left.is_zero()) {
        return fail(DEADLINE_EXCEEDED);
    }
    let succeeded = counts.all_succeeded();
    let complete = match spec.completions {
        Some(completions) => succeeded >= completions,
        // A work queue: one success says that the work is done.
        None => succeeded > 0 && active.is_empty(),
    };
    let may = !spec.suspend.unwrap_or(false);
    (complete && may).then(|| condition(SUCCESS_CRITERIA_MET, true, COMPLETIONS_REACHED, now))
}

fn restarted_too_often(spec: &JobSpec, limit: i32, active: &[Arc<Pod>]) -> bool {
    let in_place = spec.template.spec.as_ref().and_then(|spec| spec.restart_policy.as_deref())
        == Some("OnFailure");
    let restarts: i32 =
        active.iter().filter_map(|pod| pod.status.as_ref()).map(pods::restarts).sum();
    in_place && restarts > 0 && restarts >= limit
}

/// What is left until the deadline.
fn deadline(spec: &JobSpec, status: &JobStatus, now: Timestamp) -> Option<Duration> {
    let start = status.start_time.as_ref()?.0;
    let end = start.checked_add(SignedDuration::from_secs(spec.active_deadline_seconds?)).ok()?;
    Some(end.duration_since(now).try_into().unwrap_or_default())
}

fn finish(
    status: &mut JobStatus,
    conditions: &mut Vec<JobCondition>,
    end: &JobCondition,
    now: Timestamp,
) {
    let words =
        (end.reason.as_deref().unwrap_or_default(), end.message.as_deref().unwrap_or_default());
    if end.type_ == SUCCESS_CRITERIA_MET {
        conditions::set(conditions, condition(COMPLETE, true, words, now));
        status.completion_time = Some(Time(now));
    } else {
        conditions::set(conditions, condition(FAILED, true, words, now));
    }
}

fn sooner(a: Option<Duration>, b: Option<Duration>) -> Option<Duration> {
    a.into_iter().chain(b).min()
}

/// A Job that goes on.
struct Missing<'a> {
    job: &'a Job,
    spec: &'a JobSpec,
    own: &'a [Arc<Pod>],
    counts: &'a Counts,
    active: &'a [Arc<Pod>],
    terminating: usize,
}

impl Missing<'_> {
    /// Makes what is missing, removes what is too much.
    fn fill(&self, plan: &mut Plan, now: Timestamp) {
        let wanted = self.wanted();
        if self.active.len() > wanted {
            let mut ranked = self.active.to_vec();
            ranked.sort_by_key(|pod| {
                (pods::is_ready(pod), pods::node(pod).is_some(), pod.name_any())
            });
            ranked.truncate(self.active.len() - wanted);
            plan.delete = ranked;
            return;
        }
        let held = if replaces_terminating(self.job) { 0 } else { self.terminating };
        let missing = wanted.saturating_sub(self.active.len() + held);
        if missing == 0 {
            return;
        }
        let pause = self.backoff(now);
        if !pause.is_zero() {
            plan.again = Some(pause);
            return;
        }
        plan.create = if is_indexed(self.job) {
            self.free_indexes().take(missing).map(Some).collect()
        } else {
            vec![None; missing]
        };
    }

    fn wanted(&self) -> usize {
        let parallelism = self.spec.parallelism.unwrap_or(1);
        let succeeded = self.counts.all_succeeded();
        let wanted = match self.spec.completions {
            Some(completions) => parallelism.min(completions - succeeded),
            None if succeeded > 0 => self.active.len() as i32,
            None => parallelism,
        };
        usize::try_from(wanted).unwrap_or(0)
    }

    fn free_indexes(&self) -> impl Iterator<Item = i32> {
        let busy: BTreeSet<i32> =
            self.active.iter().filter_map(|pod| job_pods::index(pod)).collect();
        let done = &self.counts.indexes;
        let completions = self.spec.completions.unwrap_or(0);
        (0..completions).filter(move |index| !busy.contains(index) && !done.contains(index))
    }

    /// How long to wait before the next pod, after failures without a success in
    /// between.
    fn backoff(&self, now: Timestamp) -> Duration {
        let newest_success =
            self.own.iter().filter(|pod| has_succeeded(pod)).filter_map(|pod| ended(pod)).max();
        let failures: Vec<Timestamp> = self
            .own
            .iter()
            .filter(|pod| pods::phase(pod) == "Failed" && has_failed(self.job, pod))
            .filter_map(|pod| ended(pod))
            .filter(|ended| newest_success.is_none_or(|success| *ended > success))
            .collect();
        let Some(newest) = failures.iter().max() else {
            return Duration::ZERO;
        };
        let doublings = u32::try_from(failures.len() - 1).unwrap_or(u32::MAX).min(10);
        let pause = (FIRST_BACKOFF * 2_u32.pow(doublings)).min(LAST_BACKOFF);
        let passed: Duration = now.duration_since(*newest).try_into().unwrap_or_default();
        pause.saturating_sub(passed)
    }
}

/// When the pod's last container ended.
fn ended(pod: &Pod) -> Option<Timestamp> {
    let statuses = pod.status.as_ref()?.container_statuses.as_ref()?;
    let ends = statuses
        .iter()
        .filter_map(|status| status.state.as_ref()?.terminated.as_ref()?.finished_at.as_ref());
    ends.map(|time| time.0).max()
}

#[cfg(test)]
mod tests;
