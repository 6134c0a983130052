//! The status of a Deployment, from its sets. Pure.

use std::time::Duration;

use k8s_openapi::api::apps::v1::{
    Deployment, DeploymentCondition, DeploymentStatus, ReplicaSetStatus,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::ResourceExt;
use kube::runtime::controller::Action;

use super::replica_sets::Fleet;
use super::rollout::{max_unavailable, replicas, wanted};
use crate::error::message;

const AVAILABLE: &str = "Available";
const PROGRESSING: &str = "Progressing";
const REPLICA_FAILURE: &str = "ReplicaFailure";

const NEW_SET_AVAILABLE: &str = "NewReplicaSetAvailable";
const TIMED_OUT: &str = "ProgressDeadlineExceeded";
const PAUSED: &str = "DeploymentPaused";
const RESUMED: &str = "DeploymentResumed";

/// Where the new set came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    Created,
    Existing,
}

/// Says in the Progressing condition that the current template has a set.
pub fn note_new_set(deployment: &mut Deployment, fleet: &Fleet, found: Found, now: Timestamp) {
    let Some(name) = fleet.new.as_ref().map(|set| set.name_any()) else {
        return;
    };
    if deadline(deployment).is_none() {
        return;
    }
    let conditions = deployment.status.get_or_insert_default().conditions.get_or_insert_default();
    let (reason, message) = match found {
        Found::Created => ("NewReplicaSetCreated", format!("Created new replica set \"{name}\"")),
        Found::Existing if find(conditions, PROGRESSING).is_none() => {
            ("FoundNewReplicaSet", format!("Found new replica set \"{name}\""))
        }
        Found::Existing => return,
    };
    set(conditions, condition(PROGRESSING, "True", reason, message, now));
}

fn deadline(deployment: &Deployment) -> Option<i32> {
    deployment.spec.as_ref()?.progress_deadline_seconds.filter(|seconds| *seconds != i32::MAX)
}

/// The status that the Deployment should show.
pub fn status(
    deployment: &Deployment,
    fleet: &Fleet,
    failure: Option<&kube::Error>,
    now: Timestamp,
) -> DeploymentStatus {
    let before = deployment.status.clone().unwrap_or_default();
    let mut status = counts(deployment, fleet);
    status.collision_count = before.collision_count;
    let mut conditions = before.conditions.clone().unwrap_or_default();
    set(&mut conditions, availability(deployment, &status, now));
    if deployment.metadata.deletion_timestamp.is_none() {
        note_pause(deployment, &mut conditions, now);
        progress(deployment, fleet, &before, &status, &mut conditions, now);
    }
    replica_failure(fleet, failure, &mut conditions, now);
    status.conditions = Some(conditions);
    status
}

fn counts(deployment: &Deployment, fleet: &Fleet) -> DeploymentStatus {
    let sum = |of: &dyn Fn(&ReplicaSetStatus) -> i32| -> i32 {
        fleet.all().filter_map(|set| set.status.as_ref()).map(of).sum()
    };
    let nonzero = |count: i32| (count != 0).then_some(count);
    let available = sum(&|status| status.available_replicas.unwrap_or(0));
    let asked: i32 = fleet.all().map(|set| replicas(set)).sum();
    let updated = fleet.new.as_ref().and_then(|new| new.status.as_ref()).map_or(0, |s| s.replicas);
    DeploymentStatus {
        observed_generation: deployment.metadata.generation,
        replicas: nonzero(sum(&|status| status.replicas)),
        updated_replicas: nonzero(updated),
        ready_replicas: nonzero(sum(&|status| status.ready_replicas.unwrap_or(0))),
        available_replicas: nonzero(available),
        unavailable_replicas: nonzero((asked - available).max(0)),
        terminating_replicas: Some(sum(&|status| status.terminating_replicas.unwrap_or(0))),
        ..DeploymentStatus::default()
    }
}

fn availability(
    deployment: &Deployment,
    status: &DeploymentStatus,
    now: Timestamp,
) -> DeploymentCondition {
    let minimum = wanted(deployment) - max_unavailable(deployment);
    if status.available_replicas.unwrap_or(0) >= minimum {
        let words = "Deployment has minimum availability.".to_owned();
        condition(AVAILABLE, "True", "MinimumReplicasAvailable", words, now)
    } else {
        let words = "Deployment does not have minimum availability.".to_owned();
        condition(AVAILABLE, "False", "MinimumReplicasUnavailable", words, now)
    }
}

fn note_pause(deployment: &Deployment, conditions: &mut Vec<DeploymentCondition>, now: Timestamp) {
    if deadline(deployment).is_none() {
        return;
    }
    let reason = find(conditions, PROGRESSING).and_then(|c| c.reason.as_deref());
    if reason == Some(TIMED_OUT) {
        return;
    }
    let paused = deployment.spec.as_ref().and_then(|spec| spec.paused).unwrap_or(false);
    let words = match (paused, reason == Some(PAUSED)) {
        (true, false) => (PAUSED, "Deployment is paused"),
        (false, true) => (RESUMED, "Deployment is resumed"),
        _ => return,
    };
    set(conditions, condition(PROGRESSING, "Unknown", words.0, words.1.to_owned(), now));
}

/// Whether the rollout moves, is through, or is stuck.
fn progress(
    deployment: &Deployment,
    fleet: &Fleet,
    before: &DeploymentStatus,
    status: &DeploymentStatus,
    conditions: &mut Vec<DeploymentCondition>,
    now: Timestamp,
) {
    if deadline(deployment).is_none() {
        conditions.retain(|condition| condition.type_ != PROGRESSING);
        return;
    }
    let current = find(conditions, PROGRESSING).cloned();
    let reason = current.as_ref().and_then(|current| current.reason.as_deref());
    if status.replicas == status.updated_replicas && reason == Some(NEW_SET_AVAILABLE) {
        return;
    }
    let subject = match &fleet.new {
        Some(set) => format!("ReplicaSet \"{}\"", set.name_any()),
        None => format!("Deployment \"{}\"", deployment.name_any()),
    };
    if is_complete(deployment, status) {
        let words = format!("{subject} has successfully progressed.");
        set(conditions, condition(PROGRESSING, "True", NEW_SET_AVAILABLE, words, now));
    } else if moved(before, status) {
        let words = format!("{subject} is progressing.");
        let mut next = condition(PROGRESSING, "True", "ReplicaSetUpdated", words, now);
        if let Some(current) = current.filter(|current| current.status == "True") {
            next.last_transition_time = current.last_transition_time;
        }
        conditions.retain(|condition| condition.type_ != PROGRESSING);
        conditions.push(next);
    } else if deadline_passes(deployment, current.as_ref()).is_some_and(|time| time <= now) {
        let words = format!("{subject} has timed out progressing.");
        set(conditions, condition(PROGRESSING, "False", TIMED_OUT, words, now));
    }
}

fn is_complete(deployment: &Deployment, status: &DeploymentStatus) -> bool {
    let wanted = wanted(deployment);
    [status.updated_replicas, status.replicas, status.available_replicas]
        .iter()
        .all(|count| count.unwrap_or(0) == wanted)
}

fn moved(before: &DeploymentStatus, status: &DeploymentStatus) -> bool {
    let old = |status: &DeploymentStatus| {
        status.replicas.unwrap_or(0) - status.updated_replicas.unwrap_or(0)
    };
    status.updated_replicas > before.updated_replicas
        || old(status) < old(before)
        || status.ready_replicas > before.ready_replicas
        || status.available_replicas > before.available_replicas
}

/// When a rollout that has not moved counts as stuck.
fn deadline_passes(
    deployment: &Deployment,
    current: Option<&DeploymentCondition>,
) -> Option<Timestamp> {
    let current = current?;
    if matches!(current.reason.as_deref(), Some(NEW_SET_AVAILABLE | TIMED_OUT | PAUSED)) {
        return None;
    }
    let from = current.last_update_time.as_ref()?.0;
    Some(from + SignedDuration::from_secs(deadline(deployment)?.into()))
}

fn replica_failure(
    fleet: &Fleet,
    failure: Option<&kube::Error>,
    conditions: &mut Vec<DeploymentCondition>,
    now: Timestamp,
) {
    if let Some(error) = failure {
        set(conditions, condition(PROGRESSING, "False", "FailedCreate", message(error), now));
    }
    // The new set's trouble says more than an old one's.
    let of_sets = fleet.all().find_map(|set| {
        let conditions = set.status.as_ref()?.conditions.as_ref()?;
        conditions.iter().find(|condition| condition.type_ == REPLICA_FAILURE)
    });
    match of_sets {
        Some(failed) => set(
            conditions,
            DeploymentCondition {
                type_: REPLICA_FAILURE.into(),
                status: failed.status.clone(),
                reason: failed.reason.clone(),
                message: failed.message.clone(),
                last_transition_time: failed.last_transition_time.clone(),
                last_update_time: failed.last_transition_time.clone(),
            },
        ),
        None => conditions.retain(|condition| condition.type_ != REPLICA_FAILURE),
    }
}

fn condition(
    type_: &str,
    status: &str,
    reason: &str,
    message: String,
    now: Timestamp,
) -> DeploymentCondition {
    DeploymentCondition {
        type_: type_.into(),
        status: status.into(),
        reason: Some(reason.into()),
        message: Some(message),
        last_transition_time: Some(Time(now)),
        last_update_time: Some(Time(now)),
    }
}

fn find<'a>(conditions: &'a [DeploymentCondition], type_: &str) -> Option<&'a DeploymentCondition> {
    conditions.iter().find(|condition| condition.type_ == type_)
}

/// Puts a condition in its place; one that says the same stays as it was.
fn set(conditions: &mut Vec<DeploymentCondition>, mut next: DeploymentCondition) {
    if let Some(current) = find(conditions, &next.type_) {
        if current.status == next.status && current.reason == next.reason {
            return;
        }
        if current.status == next.status {
            next.last_transition_time = current.last_transition_time.clone();
        }
    }
    conditions.retain(|condition| condition.type_ != next.type_);
    conditions.push(next);
}

/// When the status changes with time alone: the deadline passes.
pub fn next_change(deployment: &Deployment, status: &DeploymentStatus, now: Timestamp) -> Action {
    let conditions = status.conditions.as_deref().unwrap_or_default();
    let paused = deployment.spec.as_ref().and_then(|spec| spec.paused).unwrap_or(false);
    match deadline_passes(deployment, find(conditions, PROGRESSING)) {
        Some(time) if !paused && deployment.metadata.deletion_timestamp.is_none() => {
            // Half a second late rather than once too often: times are whole seconds.
            let wait = time.duration_since(now).max(SignedDuration::ZERO).unsigned_abs();
            Action::requeue(wait + Duration::from_millis(500))
        }
        _ => Action::await_change(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::apps::v1::ReplicaSet;
    use serde_json::{Value, json};
    use std::sync::Arc;

    const START: &str = "2026-01-01T00:00:00Z";

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    fn deployment() -> Deployment {
        serde_json::from_value(json!({
            "metadata": {"name": "web", "generation": 1},
            "spec": {"replicas": 2, "progressDeadlineSeconds": 60, "selector": {}, "template": {}},
        }))
        .expect("a deployment")
    }

    fn fleet(status: Value) -> Fleet {
        let set: ReplicaSet = serde_json::from_value(json!({
            "metadata": {"name": "web-1"}, "spec": {"replicas": 2, "selector": {}}, "status": status,
        }))
        .expect("a set");
        Fleet { new: Some(Arc::new(set)), old: vec![] }
    }

    fn words(status: &DeploymentStatus) -> Vec<(String, String, String)> {
        let conditions = status.conditions.clone().unwrap_or_default();
        conditions.into_iter().map(|c| (c.type_, c.status, c.reason.unwrap_or_default())).collect()
    }

    fn triple(a: &str, b: &str, c: &str) -> (String, String, String) {
        (a.to_owned(), b.to_owned(), c.to_owned())
    }

    #[test]
    fn walks_through_a_rollout_like_the_real_one() {
        let mut deployment = deployment();
        let none = fleet(json!({"replicas": 0}));
        note_new_set(&mut deployment, &none, Found::Created, at(START));
        let mut step = |fleet: &Fleet, time: &str| {
            let status = status(&deployment, fleet, None, at(time));
            deployment.status = Some(status.clone());
            status
        };
        let first = step(&none, START);
        assert_eq!(
            words(&first),
            [
                triple("Progressing", "True", "NewReplicaSetCreated"),
                triple("Available", "False", "MinimumReplicasUnavailable")
            ]
        );
        assert_eq!(first.unavailable_replicas, Some(2));
        let made = step(&fleet(json!({"replicas": 2})), START);
        assert_eq!(words(&made)[1], triple("Progressing", "True", "ReplicaSetUpdated"));
        let stuck = step(&fleet(json!({"replicas": 2})), "2026-01-01T00:01:00Z");
        assert_eq!(words(&stuck)[1], triple("Progressing", "False", "ProgressDeadlineExceeded"));
        let through = step(
            &fleet(json!({"replicas": 2, "readyReplicas": 2, "availableReplicas": 2})),
            "2026-01-01T00:02:00Z",
        );
        assert_eq!(
            words(&through),
            [
                triple("Available", "True", "MinimumReplicasAvailable"),
                triple("Progressing", "True", "NewReplicaSetAvailable")
            ]
        );
        let again = step(
            &fleet(json!({"replicas": 2, "readyReplicas": 2, "availableReplicas": 2})),
            "2026-01-01T00:09:00Z",
        );
        assert_eq!(through, again, "nothing new, nothing written");
    }

    #[test]
    fn waits_for_the_deadline() {
        let mut deployment = deployment();
        let fleet = fleet(json!({"replicas": 0}));
        note_new_set(&mut deployment, &fleet, Found::Created, at(START));
        let status = status(&deployment, &fleet, None, at(START));
        assert_eq!(
            next_change(&deployment, &status, at("2026-01-01T00:00:50Z")),
            Action::requeue(Duration::from_millis(10_500))
        );
    }

    #[test]
    fn shows_what_the_set_could_not_do() {
        let fleet = fleet(json!({"replicas": 0, "conditions": [
            {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "quota", "lastTransitionTime": START}]}));
        let status = status(&deployment(), &fleet, None, at(START));
        let failed = status.conditions.expect("conditions").pop().expect("one");
        assert_eq!(
            (failed.type_.as_str(), failed.message.as_deref()),
            ("ReplicaFailure", Some("quota"))
        );
    }
}
