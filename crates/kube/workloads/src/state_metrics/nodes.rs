//! `kube_node_*`.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{Node, NodeStatus};
use kube::ResourceExt;

use super::page::{Family, Page, resource, seconds};
use dais_quantity as quantity;

/// Renders all nodes.
pub fn render(page: &mut Page, all: &[Arc<Node>]) {
    info(page, all);
    let mut family = page.gauge("kube_node_created", "Unix creation timestamp");
    for node in all {
        let time = node.metadata.creation_timestamp.as_ref();
        family.maybe(&[("node", &node.name_any())], time.map(seconds));
    }
    let mut family =
        page.gauge("kube_node_spec_unschedulable", "Whether a node can schedule new pods.");
    for node in all {
        let closed = node.spec.as_ref().and_then(|spec| spec.unschedulable).unwrap_or(false);
        family.sample(&[("node", &node.name_any())], u8::from(closed));
    }
    let mut family = page
        .gauge("kube_node_status_capacity", "The total amount of resources available for a node.");
    amounts(&mut family, all, |status| status.capacity.as_ref());
    let mut family = page.gauge(
        "kube_node_status_allocatable",
        "The amount of resources allocatable for pods (after reserving some for system daemons).",
    );
    amounts(&mut family, all, |status| status.allocatable.as_ref());
    conditions(page, all);
}

fn info(page: &mut Page, all: &[Arc<Node>]) {
    let mut family = page.gauge("kube_node_info", "Information about a cluster node.");
    for node in all {
        let status = node.status.clone().unwrap_or_default();
        let addresses = status.addresses.unwrap_or_default();
        let internal = addresses.iter().find(|address| address.type_ == "InternalIP");
        let info = status.node_info.unwrap_or_default();
        let spec = node.spec.clone().unwrap_or_default();
        family.sample(
            &[
                ("node", &node.name_any()),
                ("kernel_version", &info.kernel_version),
                ("os_image", &info.os_image),
                ("container_runtime_version", &info.container_runtime_version),
                ("kubelet_version", &info.kubelet_version),
                ("provider_id", spec.provider_id.as_deref().unwrap_or_default()),
                ("pod_cidr", spec.pod_cidr.as_deref().unwrap_or_default()),
                ("system_uuid", &info.system_uuid),
                ("internal_ip", internal.map_or("", |address| &address.address)),
            ],
            1,
        );
    }
    let mut family = page.gauge("kube_node_role", "The role of a cluster node.");
    for node in all {
        for role in
            node.labels().keys().filter_map(|key| key.strip_prefix("node-role.kubernetes.io/"))
        {
            family.sample(&[("node", &node.name_any()), ("role", role)], 1);
        }
    }
}

type List =
    std::collections::BTreeMap<String, k8s_openapi::apimachinery::pkg::api::resource::Quantity>;

fn amounts(family: &mut Family<'_>, all: &[Arc<Node>], of: impl Fn(&NodeStatus) -> Option<&List>) {
    for node in all {
        let list = node.status.as_ref().and_then(&of);
        for (name, amount) in list.into_iter().flatten() {
            let (name, unit) = resource(name);
            family.sample(
                &[("node", &node.name_any()), ("resource", &name), ("unit", unit)],
                quantity::as_f64(quantity::parse(amount)),
            );
        }
    }
}

fn conditions(page: &mut Page, all: &[Arc<Node>]) {
    let mut family = page.gauge("kube_node_status_condition", "The condition of a cluster node.");
    for node in all {
        let conditions = node.status.iter().flat_map(|status| status.conditions.iter().flatten());
        for condition in conditions {
            for status in ["true", "false", "unknown"] {
                let holds = condition.status.eq_ignore_ascii_case(status);
                family.sample(
                    &[
                        ("node", &node.name_any()),
                        ("condition", &condition.type_),
                        ("status", status),
                    ],
                    u8::from(holds),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_node_as_kube_state_metrics_shows_it() {
        let node: Node = serde_json::from_value(json!({
            "metadata": {"name": "n", "labels": {"node-role.kubernetes.io/control-plane": ""}},
            "status": {"capacity": {"cpu": "8", "memory": "1Ki"}, "allocatable": {"cpu": "7500m"},
                "conditions": [{"type": "Ready", "status": "True"}]},
        }))
        .expect("a node");
        let mut page = Page::default();
        render(&mut page, &[Arc::new(node)]);
        let text = page.into_text();
        for line in [
            r#"kube_node_status_capacity{node="n",resource="memory",unit="byte"} 1024"#,
            r#"kube_node_status_allocatable{node="n",resource="cpu",unit="core"} 7.5"#,
            r#"kube_node_status_condition{node="n",condition="Ready",status="true"} 1"#,
            r#"kube_node_status_condition{node="n",condition="Ready",status="unknown"} 0"#,
            r#"kube_node_role{node="n",role="control-plane"} 1"#,
        ] {
            assert!(text.lines().any(|found| found == line), "missing {line} in\n{text}");
        }
    }
}
