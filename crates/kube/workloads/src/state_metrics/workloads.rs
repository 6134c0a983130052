//! `kube_deployment_*`, `kube_replicaset_*`, `kube_statefulset_*`.

use std::sync::Arc;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet, StatefulSet};
use kube::{Resource, ResourceExt};

use super::page::{Page, seconds};
use crate::ownership::controller;

/// A metric of one object: name, help, and how to read it.
type Reading<K> = (&'static str, &'static str, fn(&K) -> Option<i64>);

fn render<K: Resource>(page: &mut Page, kind: &str, all: &[Arc<K>], readings: &[Reading<K>]) {
    for (name, help, read) in readings {
        let mut family = page.gauge(name, help);
        for object in all {
            family.maybe(
                &[
                    ("namespace", &object.namespace().unwrap_or_default()),
                    (kind, &object.name_any()),
                ],
                read(object).map(|value| value as f64),
            );
        }
    }
}

fn count(value: Option<i32>) -> Option<i64> {
    Some(value.unwrap_or(0).into())
}

/// Renders all Deployments.
pub fn render_deployments(page: &mut Page, all: &[Arc<Deployment>]) {
    let readings: [Reading<Deployment>; 9] = [
        ("kube_deployment_status_replicas", "The number of replicas per deployment.", |d| {
            count(d.status.as_ref()?.replicas)
        }),
        (
            "kube_deployment_status_replicas_ready",
            "The number of ready replicas per deployment.",
            |d| count(d.status.as_ref()?.ready_replicas),
        ),
        (
            "kube_deployment_status_replicas_available",
            "The number of available replicas per deployment.",
            |d| count(d.status.as_ref()?.available_replicas),
        ),
        (
            "kube_deployment_status_replicas_unavailable",
            "The number of unavailable replicas per deployment.",
            |d| count(d.status.as_ref()?.unavailable_replicas),
        ),
        (
            "kube_deployment_status_replicas_updated",
            "The number of updated replicas per deployment.",
            |d| count(d.status.as_ref()?.updated_replicas),
        ),
        (
            "kube_deployment_status_observed_generation",
            "The generation observed by the deployment controller.",
            |d| d.status.as_ref()?.observed_generation,
        ),
        ("kube_deployment_spec_replicas", "Number of desired pods for a deployment.", |d| {
            count(d.spec.as_ref()?.replicas)
        }),
        (
            "kube_deployment_spec_paused",
            "Whether the deployment is paused and will not be processed by the deployment controller.",
            |d| Some(d.spec.as_ref()?.paused.unwrap_or(false).into()),
        ),
        (
            "kube_deployment_metadata_generation",
            "Sequence number representing a specific generation of the desired state.",
            |d| d.metadata.generation,
        ),
    ];
    render(page, "deployment", all, &readings);
    let mut family = page.gauge("kube_deployment_created", "Unix creation timestamp");
    for deployment in all {
        let time = deployment.metadata.creation_timestamp.as_ref();
        let namespace = deployment.namespace().unwrap_or_default();
        family.maybe(
            &[("namespace", &namespace), ("deployment", &deployment.name_any())],
            time.map(seconds),
        );
    }
    conditions(page, all);
}

fn conditions(page: &mut Page, all: &[Arc<Deployment>]) {
    let mut family = page.gauge(
        "kube_deployment_status_condition",
        "The current status conditions of a deployment.",
    );
    for deployment in all {
        let (namespace, name) = (deployment.namespace().unwrap_or_default(), deployment.name_any());
        let conditions =
            deployment.status.iter().flat_map(|status| status.conditions.iter().flatten());
        for condition in conditions {
            for status in ["true", "false", "unknown"] {
                family.sample(
                    &[
                        ("namespace", &namespace),
                        ("deployment", &name),
                        ("condition", &condition.type_),
                        ("status", status),
                    ],
                    u8::from(condition.status.eq_ignore_ascii_case(status)),
                );
            }
        }
    }
}

/// Renders all ReplicaSets.
pub fn render_replica_sets(page: &mut Page, all: &[Arc<ReplicaSet>]) {
    let readings: [Reading<ReplicaSet>; 3] = [
        ("kube_replicaset_status_replicas", "The number of replicas per ReplicaSet.", |s| {
            Some(s.status.as_ref()?.replicas.into())
        }),
        (
            "kube_replicaset_status_ready_replicas",
            "The number of ready replicas per ReplicaSet.",
            |s| count(s.status.as_ref()?.ready_replicas),
        ),
        ("kube_replicaset_spec_replicas", "Number of desired pods for a ReplicaSet.", |s| {
            count(s.spec.as_ref()?.replicas)
        }),
    ];
    render(page, "replicaset", all, &readings);
    let mut family =
        page.gauge("kube_replicaset_owner", "Information about the ReplicaSet's owner.");
    for set in all {
        if let Some(owner) = controller(&**set) {
            family.sample(
                &[
                    ("namespace", &set.namespace().unwrap_or_default()),
                    ("replicaset", &set.name_any()),
                    ("owner_kind", &owner.kind),
                    ("owner_name", &owner.name),
                    ("owner_is_controller", "true"),
                ],
                1,
            );
        }
    }
}

/// Renders all StatefulSets.
pub fn render_stateful_sets(page: &mut Page, all: &[Arc<StatefulSet>]) {
    let readings: [Reading<StatefulSet>; 4] = [
        ("kube_statefulset_replicas", "Number of desired pods for a StatefulSet.", |s| {
            count(s.spec.as_ref()?.replicas)
        }),
        ("kube_statefulset_status_replicas", "The number of replicas per StatefulSet.", |s| {
            Some(s.status.as_ref()?.replicas.into())
        }),
        (
            "kube_statefulset_status_replicas_ready",
            "The number of ready replicas per StatefulSet.",
            |s| count(s.status.as_ref()?.ready_replicas),
        ),
        (
            "kube_statefulset_status_replicas_updated",
            "The number of updated replicas per StatefulSet.",
            |s| count(s.status.as_ref()?.updated_replicas),
        ),
    ];
    render(page, "statefulset", all, &readings);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_deployment_as_kube_state_metrics_shows_it() {
        let deployment: Deployment = serde_json::from_value(json!({
            "metadata": {"name": "web", "namespace": "a"},
            "spec": {"replicas": 2, "selector": {}, "template": {}},
            "status": {"replicas": 2, "readyReplicas": 1, "conditions": [{"type": "Available", "status": "False"}]},
        }))
        .expect("a deployment");
        let mut page = Page::default();
        render_deployments(&mut page, &[Arc::new(deployment)]);
        let text = page.into_text();
        for line in [
            r#"kube_deployment_status_replicas_ready{namespace="a",deployment="web"} 1"#,
            r#"kube_deployment_status_replicas_available{namespace="a",deployment="web"} 0"#,
            r#"kube_deployment_status_condition{namespace="a",deployment="web",condition="Available",status="false"} 1"#,
        ] {
            assert!(text.lines().any(|found| found == line), "missing {line} in\n{text}");
        }
    }
}
