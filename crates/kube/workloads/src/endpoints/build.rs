//! Which addresses and ports stand behind a Service. Pure.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{ObjectReference, Pod, Service, ServicePort};
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointConditions, EndpointPort};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::ResourceExt;

use super::HEADLESS;
use crate::pods;

/// Endpoints of one slice (kube-controller-manager's `--max-endpoints-per-slice`):
/// one changed pod rewrites one slice.
const SLICE_SIZE: usize = 100;

/// What slices are made from.
pub struct Source {
    pub name: String,
    pub namespace: String,
    pub manager: &'static str,
    pub labels: BTreeMap<String, String>,
    pub owner: OwnerReference,
}

/// The contents of a slice.
#[derive(Debug, Clone, PartialEq)]
pub struct Slice {
    pub address_type: &'static str,
    pub ports: Option<Vec<EndpointPort>>,
    pub endpoints: Option<Vec<Endpoint>>,
}

/// The labels that a Service lends to its slices.
pub fn labels(service: &Service) -> BTreeMap<String, String> {
    let mut labels = service.labels().clone();
    if is_headless(service) {
        labels.insert(HEADLESS.to_owned(), String::new());
    }
    labels
}

fn is_headless(service: &Service) -> bool {
    service.spec.as_ref().and_then(|spec| spec.cluster_ip.as_deref()) == Some("None")
}

/// The slices of a Service: one for each way in which the pods resolve its ports,
/// an empty one when there is no pod.
pub fn slices(service: &Service, pods: &[Arc<Pod>]) -> Vec<Slice> {
    let ports = service.spec.as_ref().and_then(|spec| spec.ports.clone()).unwrap_or_default();
    let mut groups: Vec<Slice> = Vec::new();
    for pod in pods.iter().filter(|pod| !pods::is_finished(pod)) {
        let Some((address, address_type)) = address(pod) else {
            continue;
        };
        let resolved = resolve_all(&ports, pod);
        let endpoint = endpoint(service, pod, address);
        let group = groups.iter_mut().find(|group| {
            group.address_type == address_type
                && group.ports == resolved
                && group.endpoints.as_ref().is_none_or(|all| all.len() < SLICE_SIZE)
        });
        match group {
            Some(group) => group.endpoints.get_or_insert_default().push(endpoint),
            None => groups.push(Slice {
                address_type,
                ports: resolved,
                endpoints: Some(vec![endpoint]),
            }),
        }
    }
    if groups.is_empty() {
        groups.push(Slice { address_type: "IPv4", ports: None, endpoints: None });
    }
    groups
}

/// The pod's address and its type.
pub fn address(pod: &Pod) -> Option<(&str, &'static str)> {
    let address = pod.status.as_ref()?.pod_ip.as_deref()?;
    let address_type = match address.parse().ok()? {
        IpAddr::V4(_) => "IPv4",
        IpAddr::V6(_) => "IPv6",
    };
    Some((address, address_type))
}

fn resolve_all(ports: &[ServicePort], pod: &Pod) -> Option<Vec<EndpointPort>> {
    if ports.is_empty() {
        return None;
    }
    let resolved = ports.iter().filter_map(|port| {
        Some(EndpointPort {
            name: Some(port.name.clone().unwrap_or_default()),
            port: Some(resolve(port, pod)?),
            protocol: Some(protocol(port)),
            app_protocol: port.app_protocol.clone(),
        })
    });
    Some(resolved.collect())
}

/// The protocol of a port, TCP unless said otherwise.
pub fn protocol(port: &ServicePort) -> String {
    port.protocol.clone().unwrap_or_else(|| "TCP".to_owned())
}

/// The number behind a Service's port in this pod; `None` when the pod has no
/// port of that name.
pub fn resolve(port: &ServicePort, pod: &Pod) -> Option<i32> {
    let name = match &port.target_port {
        None => return Some(port.port),
        Some(IntOrString::Int(0)) => return Some(port.port),
        Some(IntOrString::Int(number)) => return Some(*number),
        Some(IntOrString::String(name)) => name,
    };
    let wanted = protocol(port);
    let spec = pod.spec.as_ref()?;
    let sidecars = spec.init_containers.iter().flatten();
    let containers = spec
        .containers
        .iter()
        .chain(sidecars.filter(|c| c.restart_policy.as_deref() == Some("Always")));
    containers
        .flat_map(|container| container.ports.iter().flatten())
        .find(|port| {
            port.name.as_ref() == Some(name) && port.protocol.as_deref().unwrap_or("TCP") == wanted
        })
        .map(|port| port.container_port)
}

/// Whether traffic should go to the pod.
pub fn is_ready(service: &Service, pod: &Pod) -> bool {
    let regardless =
        service.spec.as_ref().and_then(|spec| spec.publish_not_ready_addresses).unwrap_or(false);
    regardless || (pods::is_ready(pod) && !pods::is_terminating(pod))
}

fn endpoint(service: &Service, pod: &Pod, address: &str) -> Endpoint {
    Endpoint {
        addresses: vec![address.to_owned()],
        conditions: Some(EndpointConditions {
            ready: Some(is_ready(service, pod)),
            serving: Some(pods::is_ready(pod)),
            terminating: Some(pods::is_terminating(pod)),
        }),
        hostname: hostname(service, pod),
        node_name: pods::node(pod).map(str::to_owned),
        target_ref: Some(target(pod)),
        ..Endpoint::default()
    }
}

/// The name of the pod within a Service that it names as its subdomain.
pub fn hostname(service: &Service, pod: &Pod) -> Option<String> {
    let spec = pod.spec.as_ref()?;
    let ours = spec.subdomain.as_deref() == Some(&service.name_any());
    spec.hostname.clone().filter(|_| ours)
}

/// A reference to the pod.
pub fn target(pod: &Pod) -> ObjectReference {
    ObjectReference {
        kind: Some("Pod".to_owned()),
        namespace: pod.namespace(),
        name: pod.metadata.name.clone(),
        uid: pod.uid(),
        ..ObjectReference::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn pod(name: &str, address: &str, ready: bool, port: i32) -> Arc<Pod> {
        Arc::new(
            serde_json::from_value(json!({
                "metadata": {"name": name, "namespace": "a", "uid": name},
                "spec": {"nodeName": "n", "containers": [{"name": "c", "ports": [{"name": "http", "containerPort": port}]}]},
                "status": {"podIP": address, "phase": "Running", "conditions": [
                    {"type": "Ready", "status": if ready {"True"} else {"False"}}]},
            }))
            .expect("a pod"),
        )
    }

    fn service(spec: Value) -> Service {
        serde_json::from_value(json!({"metadata": {"name": "w"}, "spec": spec})).expect("a service")
    }

    #[test]
    fn ports_are_resolved_pod_by_pod() {
        let service = service(json!({"ports": [
            {"name": "http", "port": 80, "targetPort": "http"},
            {"name": "num", "port": 81, "targetPort": 9090},
            {"name": "none", "port": 82, "targetPort": "nosuch"}]}));
        let pods = [
            pod("p", "10.0.0.1", true, 8080),
            pod("q", "10.0.0.2", false, 8080),
            pod("r", "10.0.0.3", true, 8081),
        ];
        let slices = slices(&service, &pods);
        assert_eq!(slices.len(), 2);
        assert_eq!(
            serde_json::to_value(&slices[0].ports).expect("JSON"),
            json!([{"name": "http", "port": 8080, "protocol": "TCP"}, {"name": "num", "port": 9090, "protocol": "TCP"}])
        );
        assert_eq!(
            serde_json::to_value(&slices[0].endpoints).expect("JSON")[1],
            json!({"addresses": ["10.0.0.2"], "conditions": {"ready": false, "serving": false, "terminating": false},
                "nodeName": "n", "targetRef": {"kind": "Pod", "namespace": "a", "name": "q", "uid": "q"}})
        );
    }

    #[test]
    fn not_ready_addresses_are_published_when_asked() {
        let service = service(json!({"publishNotReadyAddresses": true, "ports": [{"port": 80}]}));
        let slices = slices(&service, &[pod("p", "10.0.0.1", false, 1)]);
        let conditions = slices[0].endpoints.as_ref().expect("endpoints")[0]
            .conditions
            .clone()
            .expect("conditions");
        assert_eq!((conditions.ready, conditions.serving), (Some(true), Some(false)));
    }

    #[test]
    fn without_pods_there_is_one_empty_slice() {
        let slices = slices(&service(json!({"ports": [{"port": 80}]})), &[]);
        assert_eq!(slices, [Slice { address_type: "IPv4", ports: None, endpoints: None }]);
    }

    #[test]
    fn headless_services_say_so_on_their_slices() {
        let service = service(json!({"clusterIP": "None"}));
        assert_eq!(labels(&service), BTreeMap::from([(HEADLESS.to_owned(), String::new())]));
        let slices = slices(&service, &[pod("p", "10.0.0.1", true, 1)]);
        assert_eq!(slices[0].ports, None);
    }
}
