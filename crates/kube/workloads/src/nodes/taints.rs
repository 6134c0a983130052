//! The taints that follow from a node's conditions. Pure.
//!
//! `kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration`,
//! "Taint based Evictions" and "Taint Nodes by Condition".

use k8s_openapi::api::core::v1::{Node, Taint};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;

use super::condition;

const NOT_READY: &str = "node.kubernetes.io/not-ready";
const UNREACHABLE: &str = "node.kubernetes.io/unreachable";
const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";
const PRESSURES: [(&str, &str); 4] = [
    ("MemoryPressure", "node.kubernetes.io/memory-pressure"),
    ("DiskPressure", "node.kubernetes.io/disk-pressure"),
    ("PIDPressure", "node.kubernetes.io/pid-pressure"),
    ("NetworkUnavailable", "node.kubernetes.io/network-unavailable"),
];

/// The node's taints.
pub fn current(node: &Node) -> Vec<Taint> {
    node.spec.as_ref().and_then(|spec| spec.taints.clone()).unwrap_or_default()
}

/// The taints that the node should have: those that people set, and those that
/// its conditions bring about.
pub fn desired(node: &Node, now: Timestamp) -> Vec<Taint> {
    let current = current(node);
    let mut wanted: Vec<Taint> = current.iter().filter(|taint| !is_ours(taint)).cloned().collect();
    let mut add = |key: &str, effect: &str| {
        let same = current.iter().find(|taint| taint.key == key && taint.effect == effect);
        wanted.push(same.cloned().unwrap_or_else(|| Taint {
            key: key.into(),
            effect: effect.into(),
            value: None,
            // Evictions count from here.
            time_added: (effect == "NoExecute").then_some(Time(now)),
        }));
    };
    let status = |type_| condition(node, type_).map(|condition| condition.status.as_str());
    match status("Ready") {
        Some("True") => {}
        Some("Unknown") => {
            add(UNREACHABLE, "NoSchedule");
            add(UNREACHABLE, "NoExecute");
        }
        _ => {
            add(NOT_READY, "NoSchedule");
            add(NOT_READY, "NoExecute");
        }
    }
    for (type_, key) in PRESSURES {
        if status(type_) == Some("True") {
            add(key, "NoSchedule");
        }
    }
    if node.spec.as_ref().and_then(|spec| spec.unschedulable) == Some(true) {
        add(UNSCHEDULABLE, "NoSchedule");
    }
    // The order is no difference.
    if wanted.len() == current.len() && wanted.iter().all(|taint| current.contains(taint)) {
        return current;
    }
    wanted
}

fn is_ours(taint: &Taint) -> bool {
    [NOT_READY, UNREACHABLE, UNSCHEDULABLE].contains(&taint.key.as_str())
        || PRESSURES.iter().any(|(_, key)| taint.key == *key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn keys(ready: &str, spec: Value) -> Vec<String> {
        let node: Node = serde_json::from_value(json!({"spec": spec, "status": {"conditions": [
            {"type": "Ready", "status": ready}]}}))
        .expect("a node");
        let taints = desired(&node, Timestamp::UNIX_EPOCH);
        taints.into_iter().map(|taint| format!("{}:{}", taint.key, taint.effect)).collect()
    }

    #[test]
    fn taints_follow_conditions() {
        let people = json!({"taints": [{"key": "gpu", "effect": "NoSchedule"},
            {"key": NOT_READY, "effect": "NoSchedule"}]});
        assert_eq!(keys("True", people.clone()), ["gpu:NoSchedule"]);
        assert_eq!(
            keys("False", people),
            [
                "gpu:NoSchedule",
                "node.kubernetes.io/not-ready:NoSchedule",
                "node.kubernetes.io/not-ready:NoExecute"
            ]
        );
        assert_eq!(
            keys("Unknown", json!({"unschedulable": true})),
            [
                "node.kubernetes.io/unreachable:NoSchedule",
                "node.kubernetes.io/unreachable:NoExecute",
                "node.kubernetes.io/unschedulable:NoSchedule"
            ]
        );
    }
}
