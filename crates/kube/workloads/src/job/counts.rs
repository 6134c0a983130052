//! Which ends of pods are in the books already. Pure.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use k8s_openapi::api::batch::v1::{Job, UncountedTerminatedPods};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;

use super::{indexes, is_tracked, pods as job_pods};
use crate::pods;

/// The books of one Job.
#[derive(Debug, Default)]
pub struct Counts {
    /// Counted for good.
    pub succeeded: i32,
    pub failed: i32,
    /// Seen, and to be counted once their pods are let go.
    pub uncounted: UncountedTerminatedPods,
    /// Pods to let go when these counts are written.
    pub release: Vec<Arc<Pod>>,
    /// Indexes that are done (Indexed Jobs).
    pub indexes: BTreeSet<i32>,
}

impl Counts {
    /// Goes on from what the status says.
    pub fn new(job: &Job, own: &[Arc<Pod>]) -> Self {
        let status = job.status.clone().unwrap_or_default();
        let mut counts = Self {
            succeeded: status.succeeded.unwrap_or(0),
            failed: status.failed.unwrap_or(0),
            indexes: status.completed_indexes.as_deref().map(indexes::parse).unwrap_or_default(),
            ..Self::default()
        };
        let tracked: HashMap<String, &Arc<Pod>> = own
            .iter()
            .filter(|pod| is_tracked(pod))
            .filter_map(|pod| Some((pod.uid()?, pod)))
            .collect();
        let listed = status.uncounted_terminated_pods.unwrap_or_default();
        counts.succeeded += carry(listed.succeeded, &tracked, &mut counts.uncounted.succeeded);
        counts.failed += carry(listed.failed, &tracked, &mut counts.uncounted.failed);
        let indexed = is_indexed(job);
        let completions = job.spec.as_ref().and_then(|spec| spec.completions).unwrap_or(0);
        for pod in own.iter().filter(|pod| is_tracked(pod)) {
            let Some(uid) = pod.uid() else { continue };
            if has_succeeded(pod) && indexed {
                // The index itself says that it is counted.
                counts.indexes.extend(job_pods::index(pod).filter(|index| *index < completions));
                counts.release.push(pod.clone());
            } else if has_succeeded(pod) {
                list(&mut counts.uncounted.succeeded, uid);
                counts.release.push(pod.clone());
            } else if pods::is_terminating(pod) && is_suspended(job) && !pods::is_finished(pod) {
                // Ended for the Job's sake: no failure of its own.
                counts.release.push(pod.clone());
            } else if has_failed(job, pod) {
                list(&mut counts.uncounted.failed, uid);
                counts.release.push(pod.clone());
            }
        }
        if indexed {
            counts.succeeded = counts.indexes.len() as i32;
        }
        counts
    }

    /// All successes, those being counted included.
    pub fn all_succeeded(&self) -> i32 {
        self.succeeded + self.uncounted.succeeded.as_ref().map_or(0, Vec::len) as i32
    }

    /// All failures, those being counted included.
    pub fn all_failed(&self) -> i32 {
        self.failed + self.uncounted.failed.as_ref().map_or(0, Vec::len) as i32
    }

    /// Whether nothing waits to be counted.
    pub fn is_settled(&self) -> bool {
        self.uncounted == UncountedTerminatedPods::default() && self.release.is_empty()
    }
}

/// Counts those that were let go; the others stay listed.
fn carry(
    listed: Option<Vec<String>>,
    tracked: &HashMap<String, &Arc<Pod>>,
    still: &mut Option<Vec<String>>,
) -> i32 {
    let (waiting, counted): (Vec<_>, Vec<_>) =
        listed.unwrap_or_default().into_iter().partition(|uid| tracked.contains_key(uid));
    if !waiting.is_empty() {
        *still = Some(waiting);
    }
    counted.len() as i32
}

fn list(uids: &mut Option<Vec<String>>, uid: String) {
    let uids = uids.get_or_insert_default();
    if !uids.contains(&uid) {
        uids.push(uid);
    }
}

/// Whether the Job counts by index.
pub fn is_indexed(job: &Job) -> bool {
    job.spec.as_ref().and_then(|spec| spec.completion_mode.as_deref()) == Some("Indexed")
}

fn is_suspended(job: &Job) -> bool {
    job.spec.as_ref().and_then(|spec| spec.suspend).unwrap_or(false)
}

/// Whether the pod did what it should.
pub fn has_succeeded(pod: &Pod) -> bool {
    pods::phase(pod) == "Succeeded"
}

/// Whether the pod will not do what it should: it failed, or is being deleted
/// while the Job replaces such pods at once.
pub fn has_failed(job: &Job, pod: &Pod) -> bool {
    pods::phase(pod) == "Failed"
        || (pods::is_terminating(pod) && replaces_terminating(job) && !has_succeeded(pod))
}

/// Whether a pod on its way out is replaced before it is gone.
pub fn replaces_terminating(job: &Job) -> bool {
    let policy = job.spec.as_ref().and_then(|spec| spec.pod_replacement_policy.as_deref());
    policy != Some("Failed")
}
