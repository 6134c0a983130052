//! What is known of a pod and its Service, as the labels of Prometheus's own
//! Kubernetes discovery.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, ContainerPort, Pod, Service};
use kube::ResourceExt;

pub type Labels = BTreeMap<String, String>;

/// `__meta_kubernetes_pod_…` and the namespace.
pub fn of_pod(pod: &Pod) -> Labels {
    let mut labels = Labels::new();
    let status = pod.status.as_ref();
    let node = pod.spec.as_ref().and_then(|spec| spec.node_name.clone());
    let ready = status.and_then(|status| status.conditions.as_ref()).and_then(|conditions| {
        conditions.iter().find(|condition| condition.type_ == "Ready").map(|c| c.status.clone())
    });
    for (name, value) in [
        ("namespace", pod.namespace()),
        ("pod_name", pod.metadata.name.clone()),
        ("pod_uid", pod.uid()),
        ("pod_ip", status.and_then(|status| status.pod_ip.clone())),
        ("pod_host_ip", status.and_then(|status| status.host_ip.clone())),
        ("pod_phase", status.and_then(|status| status.phase.clone())),
        ("pod_ready", ready.map(|ready| ready.to_lowercase())),
        ("pod_node_name", node),
    ] {
        set(&mut labels, name, value);
    }
    if let Some(owner) = pod.owner_references().iter().find(|owner| owner.controller == Some(true))
    {
        set(&mut labels, "pod_controller_kind", Some(owner.kind.clone()));
        set(&mut labels, "pod_controller_name", Some(owner.name.clone()));
    }
    add_all(&mut labels, "pod_label", pod.labels());
    add_all(&mut labels, "pod_annotation", pod.annotations());
    labels
}

/// `__meta_kubernetes_pod_container_…`.
pub fn add_port(labels: &mut Labels, container: &Container, port: &ContainerPort) {
    set(labels, "pod_container_name", Some(container.name.clone()));
    set(labels, "pod_container_port_name", port.name.clone());
    set(labels, "pod_container_port_number", Some(port.container_port.to_string()));
    let protocol = port.protocol.clone().unwrap_or_else(|| "TCP".to_owned());
    set(labels, "pod_container_port_protocol", Some(protocol));
}

/// `__meta_kubernetes_service_…`.
pub fn add_service(labels: &mut Labels, service: &Service) {
    set(labels, "service_name", service.metadata.name.clone());
    add_all(labels, "service_label", service.labels());
    add_all(labels, "service_annotation", service.annotations());
}

fn set(labels: &mut Labels, name: &str, value: Option<String>) {
    if let Some(value) = value {
        labels.insert(format!("__meta_kubernetes_{name}"), value);
    }
}

fn add_all(labels: &mut Labels, what: &str, pairs: &BTreeMap<String, String>) {
    for (name, value) in pairs {
        let name = label_name(name);
        labels.insert(format!("__meta_kubernetes_{what}_{name}"), value.clone());
        labels.insert(format!("__meta_kubernetes_{what}present_{name}"), "true".to_owned());
    }
}

/// A Kubernetes label's name in the characters that Prometheus's names have.
pub fn label_name(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect()
}
