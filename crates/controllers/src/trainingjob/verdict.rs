//! What a pod's state says about an attempt, in words: no I/O.

use dais_api::Phase;
use dais_api::conditions::{Verdict, reason};
use k8s_openapi::api::core::v1::{ContainerStateTerminated, Pod, PodStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;

use super::{ATTEMPT, RANK};

/// The pods of one attempt, by rank.
pub struct Attempt<'a> {
    pub number: i32,
    pub pods: Vec<&'a Pod>,
}

pub enum Outcome {
    Going { phase: Phase, verdict: Verdict },
    Succeeded { verdict: Verdict },
    Failed { exit_code: Option<i32>, verdict: Verdict },
}

impl Outcome {
    /// The pods vanished.
    pub fn lost() -> Self {
        let words = "a pod was removed before it ended";
        Self::Failed { exit_code: None, verdict: Verdict::no(reason::POD_LOST, words) }
    }
}

/// Reasons with which a node says that a container will not start by itself.
const HOPELESS: &[&str] =
    &["StartError", "ErrImageNeverPull", "InvalidImageName", "RunContainerError"];

pub fn attempt_of(pod: &Pod) -> i32 {
    number(pod, ATTEMPT)
}

fn rank_of(pod: &Pod) -> i32 {
    number(pod, RANK)
}

fn number(pod: &Pod, label: &str) -> i32 {
    pod.labels().get(label).and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn phase(pod: &Pod) -> &str {
    pod.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or_default()
}

/// Whether nothing of the pod runs any more.
pub fn has_ended(pod: &Pod) -> bool {
    matches!(phase(pod), "Succeeded" | "Failed")
}

impl<'a> Attempt<'a> {
    /// The attempt with the highest number.
    pub fn newest(pods: &'a [Pod]) -> Option<Self> {
        let number = pods.iter().map(attempt_of).max()?;
        let mut pods: Vec<&Pod> = pods.iter().filter(|pod| attempt_of(pod) == number).collect();
        pods.sort_by_key(|pod| rank_of(pod));
        Some(Self { number, pods })
    }

    pub fn running(&self) -> i32 {
        let running = self.pods.iter().filter(|pod| phase(pod) == "Running").count();
        i32::try_from(running).unwrap_or(i32::MAX)
    }

    /// When the first of its pods started.
    pub fn started(&self) -> Option<Time> {
        let times = self.pods.iter().filter_map(|pod| pod.status.as_ref()?.start_time.clone());
        times.min()
    }

    /// What the pods together come to: one that failed fails the attempt, and none
    /// succeeds before all have.
    pub fn judge(&self, replicas: i32) -> Outcome {
        let failures = self.pods.iter().filter(|pod| phase(pod) == "Failed");
        if let Some(first) = failures.min_by_key(|pod| ended_at(pod)) {
            let (exit_code, verdict) = failed(&first.status.clone().unwrap_or_default());
            return Outcome::Failed { exit_code, verdict: self.of_replica(first, verdict) };
        }
        if self.pods.len() < usize::try_from(replicas).unwrap_or(0) {
            return Outcome::lost();
        }
        let Some(slowest) = self.pods.iter().min_by_key(|pod| progress(pod)) else {
            return Outcome::lost();
        };
        if has_ended(slowest) {
            let verdict = Verdict::yes(reason::SUCCEEDED, "ended with exit code 0");
            return Outcome::Succeeded { verdict };
        }
        if phase(slowest) == "Running" && slowest.metadata.deletion_timestamp.is_none() {
            let words = match self.pods.as_slice() {
                [only] => format!("pod {} runs", only.name_any()),
                all => format!("{} of {} replicas run", self.running(), all.len()),
            };
            let verdict = Verdict::yes(reason::RUNNING, words);
            return Outcome::Going { phase: Phase::Running, verdict };
        }
        let verdict = waits(&slowest.status.clone().unwrap_or_default());
        Outcome::Going { phase: Phase::Pending, verdict: self.of_replica(slowest, verdict) }
    }

    /// Names the replica, where there are several.
    fn of_replica(&self, pod: &Pod, verdict: Verdict) -> Verdict {
        match self.pods.len() {
            1 => verdict,
            _ => Verdict {
                message: format!("replica {}: {}", rank_of(pod), verdict.message),
                ..verdict
            },
        }
    }
}

/// How far a pod has come.
fn progress(pod: &Pod) -> u8 {
    match phase(pod) {
        _ if pod.metadata.deletion_timestamp.is_some() => 0,
        "Succeeded" => 3,
        "Running" => 2,
        _ => 1,
    }
}

fn ended_at(pod: &Pod) -> Option<Time> {
    let containers = pod.status.as_ref()?.container_statuses.as_ref()?;
    containers.iter().find_map(|c| c.state.as_ref()?.terminated.as_ref()?.finished_at.clone())
}

fn waits(status: &PodStatus) -> Verdict {
    let conditions = status.conditions.iter().flatten();
    let unscheduled =
        conditions.into_iter().find(|c| c.type_ == "PodScheduled" && c.status == "False");
    if let Some(condition) = unscheduled {
        let why = condition.message.clone().unwrap_or_default();
        return Verdict::no(reason::UNSCHEDULABLE, format!("waits for room: {why}"));
    }
    let waiting = status.container_statuses.iter().flatten().find_map(|c| c.state.clone()?.waiting);
    let Some(waiting) = waiting else {
        return Verdict::no(reason::STARTING, "the pod is starting");
    };
    let why = waiting.reason.unwrap_or_default();
    let known =
        if HOPELESS.contains(&why.as_str()) { reason::START_ERROR } else { reason::STARTING };
    Verdict::no(known, format!("{why}: {}", waiting.message.unwrap_or_default()))
}

fn failed(status: &PodStatus) -> (Option<i32>, Verdict) {
    let ended =
        status.container_statuses.iter().flatten().find_map(|c| c.state.clone()?.terminated);
    let Some(ended) = ended else {
        let why = status.reason.clone().unwrap_or_default();
        let words = format!("{why}: {}", status.message.clone().unwrap_or_default());
        return (None, Verdict::no(reason::POD_LOST, words));
    };
    let reason = match ended.reason.as_deref() {
        Some("OOMKilled") => reason::OUT_OF_MEMORY,
        Some("StartError" | "ContainerCannotRun") => reason::START_ERROR,
        Some("ShimLost" | "ContainerStatusUnknown") => reason::POD_LOST,
        _ => reason::NON_ZERO_EXIT,
    };
    let exit_code = (reason != reason::POD_LOST).then_some(ended.exit_code);
    (exit_code, Verdict::no(reason, words(reason, &ended)))
}

fn words(reason: &str, ended: &ContainerStateTerminated) -> String {
    let said = ended.message.clone().unwrap_or_default();
    let said = said.trim();
    let head = match reason {
        reason::OUT_OF_MEMORY => {
            "went over its memory limit; raise spec.resources.limits.memory".to_owned()
        }
        reason::START_ERROR => "spec.command could not be started".to_owned(),
        reason::POD_LOST => "its process was lost before it said how it ended".to_owned(),
        _ => match ended.signal {
            Some(signal) => format!("was ended by signal {signal}"),
            None => format!("ended with exit code {}", ended.exit_code),
        },
    };
    if said.is_empty() { head } else { format!("{head}: {said}") }
}
