//! Ports of pods that are scraped, and the labels that a target of each begins with.

use k8s_openapi::api::core::v1::{Container, ContainerPort, Pod};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::ResourceExt;

use super::labels::{self, Labels};

/// A pod that has an address and has not ended.
pub fn is_alive(pod: &Pod) -> bool {
    let Some(status) = &pod.status else { return false };
    let ended = matches!(status.phase.as_deref(), Some("Failed" | "Succeeded"));
    !ended && status.pod_ip.as_ref().is_some_and(|address| !address.is_empty())
}

/// A port, by its name or its number.
pub fn find_port<'a>(
    pod: &'a Pod,
    wanted: &IntOrString,
) -> Option<(&'a Container, &'a ContainerPort)> {
    ports(pod).find(|(_, port)| match wanted {
        IntOrString::String(name) => port.name.as_ref() == Some(name),
        IntOrString::Int(number) => port.container_port == *number,
    })
}

/// The declared TCP ports of all containers.
pub fn ports(pod: &Pod) -> impl Iterator<Item = (&Container, &ContainerPort)> {
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    containers.flat_map(|container| {
        let ports = container.ports.iter().flatten();
        ports
            .filter(|port| port.protocol.as_deref().is_none_or(|protocol| protocol == "TCP"))
            .map(move |port| (container, port))
    })
}

/// Everything that a target of this pod's port begins with, but its job and path.
pub fn begin(pod: &Pod, number: i32, port: Option<(&Container, &ContainerPort)>) -> Labels {
    let mut found = labels::of_pod(pod);
    let address = pod.status.as_ref().and_then(|status| status.pod_ip.clone()).unwrap_or_default();
    let address = if address.contains(':') {
        format!("[{address}]:{number}")
    } else {
        format!("{address}:{number}")
    };
    found.insert("__address__".to_owned(), address);
    found.insert("namespace".to_owned(), pod.namespace().unwrap_or_default());
    found.insert("pod".to_owned(), pod.name_any());
    if let Some((container, port)) = port {
        labels::add_port(&mut found, container, port);
        found.insert("container".to_owned(), container.name.clone());
    }
    found
}
