//! Facts about pods that several controllers ask for.
//!
//! Pure functions over one pod; the words are those of the pod lifecycle
//! (`kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle`).

use k8s_openapi::api::core::v1::{Container, Pod, PodCondition, PodSpec, PodStatus};
use k8s_openapi::jiff::{SignedDuration, Timestamp};

use dais_quantity::{self as quantity, Amounts, ONE};

/// `status.phase`, empty when the pod is new.
pub fn phase(pod: &Pod) -> &str {
    pod.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or("Pending")
}

/// Whether no container of it will run again.
pub fn is_finished(pod: &Pod) -> bool {
    matches!(phase(pod), "Succeeded" | "Failed")
}

/// Whether somebody asked for its end.
pub fn is_terminating(pod: &Pod) -> bool {
    pod.metadata.deletion_timestamp.is_some()
}

/// Whether it counts as a replica: neither finished nor on its way out.
pub fn is_active(pod: &Pod) -> bool {
    !is_finished(pod) && !is_terminating(pod)
}

/// A condition of the pod.
pub fn condition<'a>(pod: &'a Pod, type_: &str) -> Option<&'a PodCondition> {
    pod.status.as_ref()?.conditions.as_ref()?.iter().find(|condition| condition.type_ == type_)
}

/// Whether it may serve.
pub fn is_ready(pod: &Pod) -> bool {
    condition(pod, "Ready").is_some_and(|condition| condition.status == "True")
}

/// Since when it may serve.
pub fn ready_since(pod: &Pod) -> Option<Timestamp> {
    condition(pod, "Ready")
        .filter(|condition| condition.status == "True")?
        .last_transition_time
        .as_ref()
        .map(|time| time.0)
}

/// When a ready pod counts as available: `None` when it is not ready.
pub fn available_at(pod: &Pod, min_ready_seconds: i32) -> Option<Timestamp> {
    if !is_ready(pod) {
        return None;
    }
    let since = ready_since(pod).unwrap_or(Timestamp::UNIX_EPOCH);
    Some(since + SignedDuration::from_secs(min_ready_seconds.into()))
}

/// The node that it is bound to.
pub fn node(pod: &Pod) -> Option<&str> {
    pod.spec.as_ref()?.node_name.as_deref().filter(|name| !name.is_empty())
}

/// Times that its containers were started again.
pub fn restarts(status: &PodStatus) -> i32 {
    let all = status.init_container_statuses.iter().chain(&status.container_statuses);
    all.flatten().map(|container| container.restart_count).sum()
}

/// What the pod asks of a node: the larger of all its containers together and
/// of each step of its initialisation, plus overhead, plus one place.
///
/// Rule: "Resource sharing within containers" of the sidecar KEP-753: restartable
/// init containers stay and count for all that start after them.
pub fn requests(spec: &PodSpec) -> Amounts {
    let mut total = resources(spec, |container| {
        let resources = container.resources.as_ref();
        let mut amounts = Amounts::new();
        if let Some(requests) = resources.and_then(|r| r.requests.as_ref()) {
            quantity::add(&mut amounts, requests);
        }
        amounts
    });
    if let Some(overhead) = &spec.overhead {
        quantity::add(&mut total, overhead);
    }
    total.insert("pods".to_owned(), ONE);
    total
}

/// What the pod may use at most, where limits are set.
pub fn limits(spec: &PodSpec) -> Amounts {
    resources(spec, |container| {
        let resources = container.resources.as_ref();
        let mut amounts = Amounts::new();
        if let Some(limits) = resources.and_then(|r| r.limits.as_ref()) {
            quantity::add(&mut amounts, limits);
        }
        amounts
    })
}

fn resources(spec: &PodSpec, of: impl Fn(&Container) -> Amounts) -> Amounts {
    let mut running = Amounts::new();
    for container in &spec.containers {
        quantity::add_amounts(&mut running, &of(container));
    }
    let mut sidecars = Amounts::new();
    let mut starting = Amounts::new();
    for container in spec.init_containers.iter().flatten() {
        let own = of(container);
        if container.restart_policy.as_deref() == Some("Always") {
            quantity::add_amounts(&mut sidecars, &own);
            quantity::raise(&mut starting, &sidecars);
        } else {
            let mut step = sidecars.clone();
            quantity::add_amounts(&mut step, &own);
            quantity::raise(&mut starting, &step);
        }
    }
    quantity::add_amounts(&mut running, &sidecars);
    quantity::raise(&mut running, &starting);
    running
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod(value: serde_json::Value) -> Pod {
        serde_json::from_value(value).expect("a pod")
    }

    #[test]
    fn requests_follow_the_largest_moment() {
        let cpu = |cpu: &str| json!({"requests": {"cpu": cpu}});
        let pod = pod(json!({"spec": {
            "initContainers": [
                {"name": "big", "resources": cpu("3")},
                {"name": "sidecar", "restartPolicy": "Always", "resources": cpu("500m")},
                {"name": "late", "resources": cpu("2")},
            ],
            "containers": [
                {"name": "a", "resources": cpu("1")},
                {"name": "b", "resources": {"requests": {"nvidia.com/gpu": "1"}}},
            ],
            "overhead": {"cpu": "100m"},
        }}));
        let amounts = requests(pod.spec.as_ref().expect("a spec"));
        assert_eq!(amounts["cpu"], 3_100);
        assert_eq!(amounts["nvidia.com/gpu"], ONE);
        assert_eq!(amounts["pods"], ONE);
    }

    #[test]
    fn availability_waits_for_min_ready_seconds() {
        let pod = pod(json!({"status": {"conditions": [
            {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"},
        ]}}));
        let expected: Timestamp = "2026-01-01T00:00:10Z".parse().expect("a time");
        assert_eq!(available_at(&pod, 10), Some(expected));
        assert_eq!(available_at(&Pod::default(), 0), None);
    }
}
