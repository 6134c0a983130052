//! Pods.

use serde_json::Value;

use super::{AGE, Column, NAME, age, list, number, or_none, text, wide};
use crate::object;

pub(super) const COLUMNS: &[Column] = &[
    NAME,
    text("Ready", |pod| {
        let statuses = list(pod, "/status/containerStatuses");
        let ready =
            statuses.iter().filter(|one| one.get("ready") == Some(&Value::Bool(true))).count();
        format!("{ready}/{}", list(pod, "/spec/containers").len()).into()
    }),
    text("Status", |pod| reason(pod).into()),
    text("Restarts", |pod| restarts(pod).into()),
    AGE,
    wide("IP", |pod| or_none(object::text(pod, "/status/podIP"))),
    wide("Node", |pod| or_none(object::text(pod, "/spec/nodeName"))),
    wide("Nominated Node", |pod| or_none(object::text(pod, "/status/nominatedNodeName"))),
    wide("Readiness Gates", |pod| {
        let gates = list(pod, "/spec/readinessGates");
        if gates.is_empty() { "<none>".into() } else { format!("0/{}", gates.len()).into() }
    }),
];

/// The one word that says how a pod is.
fn reason(pod: &Value) -> String {
    let mut reason = object::text(pod, "/status/reason").to_owned();
    if reason.is_empty() {
        reason = object::text(pod, "/status/phase").to_owned();
    }
    let gated = list(pod, "/status/conditions").iter().any(|one| {
        object::text(one, "/type") == "PodScheduled"
            && object::text(one, "/reason") == "SchedulingGated"
    });
    if gated {
        reason = "SchedulingGated".into();
    }
    match initializing(pod) {
        Some(word) => reason = word,
        None => reason = running(pod, reason),
    }
    if object::is_deleting(pod) {
        let finished = matches!(object::text(pod, "/status/phase"), "Succeeded" | "Failed");
        return if object::text(pod, "/status/reason") == "NodeLost" {
            "Unknown".into()
        } else if finished {
            reason
        } else {
            "Terminating".into()
        };
    }
    reason
}

fn initializing(pod: &Value) -> Option<String> {
    let statuses = list(pod, "/status/initContainerStatuses");
    let total = list(pod, "/spec/initContainers").len();
    for (index, status) in statuses.iter().enumerate() {
        let done = status
            .pointer("/state/terminated")
            .is_some_and(|state| number(state, "/exitCode") == 0);
        let sidecar = list(pod, "/spec/initContainers")
            .get(index)
            .is_some_and(|one| object::text(one, "/restartPolicy") == "Always");
        if done || sidecar && status.get("started") == Some(&Value::Bool(true)) {
            continue;
        }
        return Some(match ended(status) {
            Some(word) => format!("Init:{word}"),
            None => match object::text(status, "/state/waiting/reason") {
                "" | "PodInitializing" => format!("Init:{index}/{total}"),
                word => format!("Init:{word}"),
            },
        });
    }
    None
}

fn running(pod: &Value, mut reason: String) -> String {
    let mut any_running = false;
    for status in list(pod, "/status/containerStatuses").iter().rev() {
        let waiting = object::text(status, "/state/waiting/reason");
        if !waiting.is_empty() {
            reason = waiting.to_owned();
        } else if let Some(word) = ended(status) {
            reason = word;
        } else if status.get("ready") == Some(&Value::Bool(true))
            && status.pointer("/state/running").is_some()
        {
            any_running = true;
        }
    }
    if reason == "Completed" && any_running {
        let ready = list(pod, "/status/conditions").iter().any(|one| {
            object::text(one, "/type") == "Ready" && object::text(one, "/status") == "True"
        });
        return if ready { "Running" } else { "NotReady" }.into();
    }
    reason
}

fn ended(status: &Value) -> Option<String> {
    let state = status.pointer("/state/terminated").filter(|state| state.is_object())?;
    Some(match object::text(state, "/reason") {
        "" if number(state, "/signal") != 0 => format!("Signal:{}", number(state, "/signal")),
        "" => format!("ExitCode:{}", number(state, "/exitCode")),
        reason => reason.to_owned(),
    })
}

fn restarts(pod: &Value) -> String {
    let statuses = list(pod, "/status/containerStatuses");
    let count: i64 = statuses.iter().map(|one| number(one, "/restartCount")).sum();
    let last = statuses
        .iter()
        .filter_map(|one| age::moment(one.pointer("/lastState/terminated/finishedAt")))
        .max();
    match last.filter(|_| count > 0) {
        Some(last) => {
            format!("{count} ({} ago)", age::duration(jiff::Timestamp::now().as_second() - last))
        }
        None => count.to_string(),
    }
}
