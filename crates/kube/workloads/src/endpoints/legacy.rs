//! Endpoints, the older form of the same facts: one object per Service.
//!
//! They carry no owner reference (the real ones do not), so that an object whose
//! Service is gone is removed here.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::stream;
use k8s_openapi::api::core::v1::{
    EndpointAddress, EndpointPort, EndpointSubset, Endpoints, Pod, Service,
};
use kube::api::{DeleteParams, ObjectMeta, PostParams};
use kube::runtime::controller::Action;
use kube::runtime::reflector::ObjectRef;
use kube::{Api, ResourceExt};

use super::build;
use crate::context::Context;
use crate::controller::drive;
use crate::crew::is_namespace_terminating;
use crate::error::{Attempt, Result, is_not_found};
use crate::feed::triggers;
use crate::ownership::describe;
use crate::pods;

/// Tells our Endpoints from those that people made.
pub const MANAGER: &str = "endpoints.kubernetes.io/managed-by";
const CONTROLLER: &str = "endpoint-controller";

/// Removes Endpoints of Services that are gone, until shutdown.
pub async fn run(context: Arc<Context>) {
    let feeds = &context.feeds;
    let endpoints = triggers(&feeds.endpoints, |change| [ObjectRef::from_obj(&*change.object)]);
    let services = triggers(&feeds.services, |change| {
        let namespace = change.object.namespace().unwrap_or_default();
        change.gone.then(|| ObjectRef::new(&change.object.name_any()).within(&namespace))
    });
    let queue = stream::select(endpoints, services);
    drive("endpoints-removal", feeds.endpoints.clone(), queue, context.clone(), remove).await;
}

async fn remove(endpoints: Arc<Endpoints>, context: Arc<Context>) -> Result<Action> {
    let namespace = endpoints.namespace().unwrap_or_default();
    let name = endpoints.name_any();
    let ours = endpoints.labels().get(MANAGER).map(String::as_str) == Some(CONTROLLER);
    if ours && context.feeds.services.get(Some(&namespace), &name).is_none() {
        let api: Api<Endpoints> = Api::namespaced(context.client.clone(), &namespace);
        match api.delete(&name, &DeleteParams::default()).await {
            Err(error) if is_not_found(&error) => {}
            other => drop(other.attempt("delete", describe(&*endpoints))?),
        }
    }
    Ok(Action::await_change())
}

/// Writes the Endpoints of a Service, when they changed.
pub async fn write(context: &Context, service: &Service, pods: &[Arc<Pod>]) -> Result<()> {
    let namespace = service.namespace().unwrap_or_default();
    let name = service.name_any();
    let wanted = desired(service, pods);
    let existing = context.feeds.endpoints.get(Some(&namespace), &name);
    let api: Api<Endpoints> = Api::namespaced(context.client.clone(), &namespace);
    let written = match existing {
        Some(existing) if same(&existing, &wanted) => return Ok(()),
        Some(existing) => {
            let mut next = (*existing).clone();
            next.subsets = wanted.subsets;
            next.metadata.labels = wanted.metadata.labels;
            api.replace(&name, &PostParams::default(), &next).await
        }
        None => api.create(&PostParams::default(), &wanted).await,
    };
    match written {
        Err(error) if is_namespace_terminating(&error) => Ok(()),
        written => {
            let written = written.attempt("write the endpoints of", describe(service))?;
            context.feeds.endpoints.wait_seen(&written).await;
            Ok(())
        }
    }
}

fn same(a: &Endpoints, b: &Endpoints) -> bool {
    a.metadata.labels == b.metadata.labels
        && a.subsets.as_deref().unwrap_or_default() == b.subsets.as_deref().unwrap_or_default()
}

fn desired(service: &Service, pods: &[Arc<Pod>]) -> Endpoints {
    let mut labels = build::labels(service);
    labels.insert(MANAGER.to_owned(), CONTROLLER.to_owned());
    let subsets = subsets(service, pods);
    Endpoints {
        metadata: ObjectMeta {
            name: service.metadata.name.clone(),
            namespace: service.namespace(),
            labels: Some(labels),
            ..ObjectMeta::default()
        },
        subsets: (!subsets.is_empty()).then_some(subsets),
    }
}

/// Pods that resolve the ports alike share a subset.
fn subsets(service: &Service, pods: &[Arc<Pod>]) -> Vec<EndpointSubset> {
    let service_ports =
        service.spec.as_ref().and_then(|spec| spec.ports.clone()).unwrap_or_default();
    let mut by_ports: BTreeMap<Vec<(Option<String>, i32, String)>, EndpointSubset> =
        BTreeMap::new();
    for pod in pods {
        let Some((ip, _)) = build::address(pod) else {
            continue;
        };
        if pods::is_finished(pod) || pods::is_terminating(pod) {
            continue;
        }
        let resolved: Vec<_> = service_ports
            .iter()
            .filter_map(|port| {
                let name = port.name.clone().filter(|name| !name.is_empty());
                Some((name, build::resolve(port, pod)?, build::protocol(port)))
            })
            .collect();
        if resolved.is_empty() && !service_ports.is_empty() {
            continue;
        }
        let subset = by_ports.entry(resolved.clone()).or_insert_with(|| EndpointSubset {
            ports: (!resolved.is_empty()).then(|| ports(&resolved)),
            ..EndpointSubset::default()
        });
        let address = EndpointAddress {
            ip: ip.to_owned(),
            hostname: build::hostname(service, pod),
            node_name: pods::node(pod).map(str::to_owned),
            target_ref: Some(build::target(pod)),
        };
        if build::is_ready(service, pod) {
            subset.addresses.get_or_insert_default().push(address);
        } else {
            subset.not_ready_addresses.get_or_insert_default().push(address);
        }
    }
    by_ports.into_values().collect()
}

fn ports(resolved: &[(Option<String>, i32, String)]) -> Vec<EndpointPort> {
    let ports = resolved.iter().map(|(name, port, protocol)| EndpointPort {
        name: name.clone(),
        port: *port,
        protocol: Some(protocol.clone()),
        app_protocol: None,
    });
    ports.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn ready_and_unready_addresses_are_apart() {
        let service: Service = serde_json::from_value(
            json!({"metadata": {"name": "w", "namespace": "a"}, "spec": {"ports": [{"port": 80}]}}),
        )
        .expect("a service");
        let pod = |name: &str, ready: &str| -> Arc<Pod> {
            Arc::new(
                serde_json::from_value(json!({"metadata": {"name": name},
                    "status": {"podIP": "10.0.0.1", "conditions": [{"type": "Ready", "status": ready}]}}))
                .expect("a pod"),
            )
        };
        let endpoints = desired(&service, &[pod("p", "True"), pod("q", "False")]);
        assert_eq!(
            serde_json::to_value(&endpoints).expect("JSON"),
            json!({"apiVersion": "v1", "kind": "Endpoints",
                "metadata": {"name": "w", "namespace": "a", "labels": {MANAGER: CONTROLLER}},
                "subsets": [{
                    "addresses": [{"ip": "10.0.0.1", "targetRef": {"kind": "Pod", "name": "p"}}],
                    "notReadyAddresses": [{"ip": "10.0.0.1", "targetRef": {"kind": "Pod", "name": "q"}}],
                    "ports": [{"port": 80, "protocol": "TCP"}]}]})
        );
    }
}
