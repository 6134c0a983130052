//! The status of a ReplicaSet, from its pods. Pure.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::apps::v1::{ReplicaSet, ReplicaSetCondition, ReplicaSetStatus};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use kube::runtime::controller::Action;

use super::Failure;
use crate::error::message;
use crate::pods;

const REPLICA_FAILURE: &str = "ReplicaFailure";

/// The status that the set should show.
pub fn status(
    set: &ReplicaSet,
    own: &[Arc<Pod>],
    failure: Option<&Failure>,
    now: Timestamp,
) -> ReplicaSetStatus {
    let spec = set.spec.as_ref();
    let min_ready = spec.and_then(|spec| spec.min_ready_seconds).unwrap_or(0);
    let template_labels = spec
        .and_then(|spec| spec.template.as_ref()?.metadata.as_ref()?.labels.clone())
        .unwrap_or_default();
    let active: Vec<&Arc<Pod>> = own.iter().filter(|pod| pods::is_active(pod)).collect();
    let count = |predicate: &dyn Fn(&Pod) -> bool| {
        active.iter().filter(|pod| predicate(pod)).count() as i32
    };
    let labelled = count(&|pod| {
        let labels = pod.metadata.labels.as_ref();
        template_labels
            .iter()
            .all(|(key, value)| labels.is_some_and(|labels| labels.get(key) == Some(value)))
    });
    let ready = count(&pods::is_ready);
    let available =
        count(&|pod| pods::available_at(pod, min_ready).is_some_and(|time| time <= now));
    let terminating =
        own.iter().filter(|pod| pods::is_terminating(pod) && !pods::is_finished(pod)).count();
    ReplicaSetStatus {
        replicas: active.len() as i32,
        fully_labeled_replicas: nonzero(labelled),
        ready_replicas: nonzero(ready),
        available_replicas: nonzero(available),
        terminating_replicas: Some(terminating as i32),
        observed_generation: set.metadata.generation,
        conditions: conditions(set, failure, now),
    }
}

/// Counts of zero are left out, as the real one does.
fn nonzero(count: i32) -> Option<i32> {
    (count != 0).then_some(count)
}

fn conditions(
    set: &ReplicaSet,
    failure: Option<&Failure>,
    now: Timestamp,
) -> Option<Vec<ReplicaSetCondition>> {
    let before =
        set.status.as_ref().and_then(|status| status.conditions.clone()).unwrap_or_default();
    let (failed, mut kept): (Vec<_>, Vec<_>) =
        before.into_iter().partition(|condition| condition.type_ == REPLICA_FAILURE);
    if let Some(failure) = failure {
        let earlier = failed
            .into_iter()
            .find(|condition| condition.reason.as_deref() == Some(failure.reason));
        // The first message stays: generated names in later ones say nothing new
        // and would write the status on every retry.
        kept.push(earlier.unwrap_or_else(|| ReplicaSetCondition {
            type_: REPLICA_FAILURE.into(),
            status: "True".into(),
            last_transition_time: Some(Time(now)),
            reason: Some(failure.reason.into()),
            message: Some(message(&failure.error)),
        }));
    }
    (!kept.is_empty()).then_some(kept)
}

/// When the status changes with time alone: a ready pod becomes available.
pub fn next_change(set: &ReplicaSet, own: &[Arc<Pod>], now: Timestamp) -> Action {
    let min_ready = set.spec.as_ref().and_then(|spec| spec.min_ready_seconds).unwrap_or(0);
    let next = own
        .iter()
        .filter(|pod| pods::is_active(pod))
        .filter_map(|pod| pods::available_at(pod, min_ready))
        .filter(|time| *time > now)
        .min();
    match next {
        Some(time) => {
            let wait = time.duration_since(now).unsigned_abs();
            Action::requeue(wait + Duration::from_millis(10))
        }
        None => Action::await_change(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn pod(change: Value) -> Arc<Pod> {
        let mut pod = json!({
            "metadata": {"labels": {"app": "web"}},
            "status": {"phase": "Running", "conditions": [
                {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}]},
        });
        for (key, value) in change.as_object().expect("an object") {
            pod[key] = value.clone();
        }
        Arc::new(serde_json::from_value(pod).expect("a pod"))
    }

    #[test]
    fn counts_as_the_real_one_does() {
        let set: ReplicaSet = serde_json::from_value(json!({
            "metadata": {"generation": 3},
            "spec": {"minReadySeconds": 10, "selector": {}, "template": {"metadata": {"labels": {"app": "web"}}}},
        }))
        .expect("a set");
        let own = [
            pod(json!({})),
            pod(json!({"status": {"phase": "Pending"}})),
            pod(json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:01Z"}})),
            pod(json!({"status": {"phase": "Failed"}})),
        ];
        let at = |text: &str| text.parse::<Timestamp>().expect("a time");
        let early = status(&set, &own, None, at("2026-01-01T00:00:09Z"));
        assert_eq!(
            serde_json::to_value(&early).expect("JSON"),
            json!({"replicas": 2, "fullyLabeledReplicas": 2, "readyReplicas": 1, "terminatingReplicas": 1, "observedGeneration": 3})
        );
        assert_ne!(next_change(&set, &own, at("2026-01-01T00:00:09Z")), Action::await_change());
        let late = status(&set, &own, None, at("2026-01-01T00:00:10Z"));
        assert_eq!(late.available_replicas, Some(1));
        assert_eq!(next_change(&set, &own, at("2026-01-01T00:00:10Z")), Action::await_change());
    }
}
