//! What a pod's state says about an attempt, in words: no I/O.

use dais_api::Phase;
use dais_api::conditions::{Verdict, reason};
use k8s_openapi::api::core::v1::{ContainerStateTerminated, Pod, PodStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;

use super::ATTEMPT;

pub enum Attempt {
    Going { phase: Phase, verdict: Verdict },
    Ended { ok: bool, exit_code: Option<i32>, verdict: Verdict },
}

/// Reasons with which a node says that a container will not start by itself.
const HOPELESS: &[&str] =
    &["StartError", "ErrImageNeverPull", "InvalidImageName", "RunContainerError"];

pub fn attempt_of(pod: &Pod) -> i32 {
    pod.labels().get(ATTEMPT).and_then(|number| number.parse().ok()).unwrap_or(0)
}

pub fn started(pod: &Pod) -> Option<Time> {
    pod.status.as_ref().and_then(|status| status.start_time.clone())
}

pub fn judge(pod: &Pod) -> Attempt {
    let status = pod.status.clone().unwrap_or_default();
    match status.phase.as_deref() {
        Some("Succeeded") => Attempt::Ended {
            ok: true,
            exit_code: Some(0),
            verdict: Verdict::yes(reason::SUCCEEDED, "ended with exit code 0"),
        },
        Some("Failed") => failed(&status),
        Some("Running") if pod.metadata.deletion_timestamp.is_none() => Attempt::Going {
            phase: Phase::Running,
            verdict: Verdict::yes(reason::RUNNING, format!("pod {} runs", pod.name_any())),
        },
        _ => Attempt::Going { phase: Phase::Pending, verdict: waits(&status) },
    }
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

fn failed(status: &PodStatus) -> Attempt {
    let ended =
        status.container_statuses.iter().flatten().find_map(|c| c.state.clone()?.terminated);
    let Some(ended) = ended else {
        let why = status.reason.clone().unwrap_or_default();
        let words = format!("{why}: {}", status.message.clone().unwrap_or_default());
        return Attempt::Ended {
            ok: false,
            exit_code: None,
            verdict: Verdict::no(reason::POD_LOST, words),
        };
    };
    let reason = match ended.reason.as_deref() {
        Some("OOMKilled") => reason::OUT_OF_MEMORY,
        Some("StartError" | "ContainerCannotRun") => reason::START_ERROR,
        Some("ShimLost" | "ContainerStatusUnknown") => reason::POD_LOST,
        _ => reason::NON_ZERO_EXIT,
    };
    let exit_code = (reason != reason::POD_LOST).then_some(ended.exit_code);
    Attempt::Ended { ok: false, exit_code, verdict: Verdict::no(reason, words(reason, &ended)) }
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
