//! What counts against a quota, and how much. Pure.
//!
//! Names: `kubernetes.io/docs/concepts/policy/resource-quotas`.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod, ResourceQuota, Service};

use crate::pods;
use dais_quantity::{self as quantity, Amounts, ONE};

/// Resources that count objects under their own name.
const COUNTED: [&str; 5] =
    ["configmaps", "persistentvolumeclaims", "replicationcontrollers", "resourcequotas", "secrets"];

/// The resource ("deployments.apps") of which a quota entry counts the objects.
pub fn counted(entry: &str) -> Option<String> {
    let resource = entry.strip_prefix("count/");
    resource.or(COUNTED.contains(&entry).then_some(entry)).map(str::to_owned)
}

/// Whether a resource is another program's to count, as its domain says: its use is left as
/// that program told it.
pub fn is_foreign(name: &str) -> bool {
    let ours = ["requests.", "limits.", "count/"].iter().any(|start| name.starts_with(start));
    name.contains('/') && !ours && !name.contains(".storageclass.storage.k8s.io/")
}

/// What the pods of a namespace use; finished ones use nothing.
pub fn of_pods(all: &[Arc<Pod>]) -> Amounts {
    let mut used = Amounts::new();
    for pod in all.iter().filter(|pod| !pods::is_finished(pod)) {
        let Some(spec) = &pod.spec else { continue };
        for (name, amount) in pods::requests(spec) {
            *used.entry(format!("requests.{name}")).or_default() += amount;
            // The short names mean requests.
            *used.entry(name).or_default() += amount;
        }
        for (name, amount) in pods::limits(spec) {
            *used.entry(format!("limits.{name}")).or_default() += amount;
        }
    }
    used
}

/// What the Services use.
pub fn of_services(all: &[Arc<Service>]) -> Amounts {
    let mut used = Amounts::from([("services".to_owned(), all.len() as i128 * ONE)]);
    for service in all {
        let Some(spec) = &service.spec else { continue };
        let type_ = spec.type_.as_deref().unwrap_or("ClusterIP");
        let ports = spec.ports.iter().flatten().filter(|port| port.node_port.unwrap_or(0) != 0);
        let node_ports = match type_ {
            "NodePort" | "LoadBalancer" => ports.count() as i128,
            _ => 0,
        };
        *used.entry("services.nodeports".into()).or_default() += node_ports * ONE;
        let balancers = i128::from(type_ == "LoadBalancer");
        *used.entry("services.loadbalancers".into()).or_default() += balancers * ONE;
    }
    used
}

/// What the claims use.
pub fn of_claims(all: &[Arc<PersistentVolumeClaim>]) -> Amounts {
    let mut used = Amounts::new();
    for claim in all {
        let Some(spec) = &claim.spec else { continue };
        let requests = spec.resources.as_ref().and_then(|resources| resources.requests.as_ref());
        let storage =
            requests.and_then(|requests| requests.get("storage")).map_or(0, quantity::parse);
        *used.entry("requests.storage".into()).or_default() += storage;
        if let Some(class) = &spec.storage_class_name {
            let prefix = format!("{class}.storageclass.storage.k8s.io");
            *used.entry(format!("{prefix}/requests.storage")).or_default() += storage;
            *used.entry(format!("{prefix}/persistentvolumeclaims")).or_default() += ONE;
        }
    }
    used
}

/// Whether a quota's scopes cover the pod.
pub fn in_scope(quota: &ResourceQuota, pod: &Pod) -> bool {
    let spec = quota.spec.clone().unwrap_or_default();
    let by_name = spec.scopes.iter().flatten().all(|scope| holds(scope, pod));
    let selector = spec.scope_selector.and_then(|selector| selector.match_expressions);
    by_name
        && selector.iter().flatten().all(|requirement| {
            let values = requirement.values.as_deref().unwrap_or_default();
            match requirement.scope_name.as_str() {
                "PriorityClass" => {
                    let class = pod.spec.as_ref().and_then(|spec| spec.priority_class_name.clone());
                    match requirement.operator.as_str() {
                        "In" => class.is_some_and(|class| values.contains(&class)),
                        "NotIn" => class.is_none_or(|class| !values.contains(&class)),
                        "Exists" => class.is_some(),
                        _ => class.is_none(),
                    }
                }
                scope => holds(scope, pod),
            }
        })
}

fn holds(scope: &str, pod: &Pod) -> bool {
    let limited_in_time = pod.spec.as_ref().and_then(|spec| spec.active_deadline_seconds).is_some();
    match scope {
        "Terminating" => limited_in_time,
        "NotTerminating" => !limited_in_time,
        "BestEffort" => is_best_effort(pod),
        "NotBestEffort" => !is_best_effort(pod),
        "PriorityClass" => pod.spec.as_ref().is_some_and(|spec| spec.priority_class_name.is_some()),
        _ => false,
    }
}

fn is_best_effort(pod: &Pod) -> bool {
    pod.spec.as_ref().is_none_or(|spec| {
        let compute = |amounts: Amounts| {
            ["cpu", "memory"].iter().all(|name| amounts.get(*name).copied().unwrap_or(0) == 0)
        };
        compute(pods::requests(spec)) && compute(pods::limits(spec))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn pod(resources: Value, phase: &str) -> Arc<Pod> {
        Arc::new(
            serde_json::from_value(json!({
                "spec": {"containers": [{"name": "c", "resources": resources}]}, "status": {"phase": phase},
            }))
            .expect("a pod"),
        )
    }

    #[test]
    fn pods_use_what_they_ask_for_until_they_end() {
        let resources = json!({"requests": {"cpu": "600m"}, "limits": {"memory": "512Mi"}});
        let used = of_pods(&[pod(resources.clone(), "Running"), pod(resources, "Succeeded")]);
        assert_eq!(used["requests.cpu"], 600);
        assert_eq!(used["pods"], ONE);
        assert_eq!(quantity::format("limits.memory", used["limits.memory"]).0, "512Mi");
    }

    #[test]
    fn objects_are_counted_by_either_name() {
        assert_eq!(counted("count/deployments.apps").as_deref(), Some("deployments.apps"));
        assert_eq!(counted("configmaps").as_deref(), Some("configmaps"));
        assert_eq!(counted("requests.cpu"), None);
    }

    #[test]
    fn scopes_choose_pods() {
        let quota = |scope: &str| -> ResourceQuota {
            serde_json::from_value(json!({"spec": {"scopes": [scope]}})).expect("a quota")
        };
        let free = pod(json!({}), "Running");
        let bound = pod(json!({"limits": {"cpu": "1"}}), "Running");
        assert!(in_scope(&quota("BestEffort"), &free) && !in_scope(&quota("BestEffort"), &bound));
        assert!(
            in_scope(&quota("NotBestEffort"), &bound) && in_scope(&quota("NotTerminating"), &bound)
        );
    }
}
