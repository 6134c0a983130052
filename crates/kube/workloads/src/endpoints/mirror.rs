//! Endpoints that people wrote for a Service without selector, as slices: what
//! reads slices alone sees them too.

use std::net::IpAddr;

use k8s_openapi::api::core::v1::{EndpointAddress, EndpointSubset, Endpoints, Service};
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointConditions, EndpointPort};
use kube::ResourceExt;

use super::build::{Slice, Source};
use super::{MIRRORING_CONTROLLER, legacy, slices};
use crate::context::Context;
use crate::error::Result;
use crate::ownership::controller_reference;

const SKIP: &str = "endpointslice.kubernetes.io/skip-mirror";

/// Mirrors the Endpoints of the Service's name, if there are any.
pub async fn reconcile(service: &Service, context: &Context) -> Result<()> {
    let namespace = service.namespace().unwrap_or_default();
    let name = service.name_any();
    // Slices of vanished Endpoints go with their owner.
    let Some(endpoints) = context.feeds.endpoints.get(Some(&namespace), &name) else {
        return Ok(());
    };
    let labels = endpoints.labels();
    if labels.contains_key(legacy::MANAGER)
        || labels.get(SKIP).map(String::as_str) == Some("true")
        || endpoints.metadata.deletion_timestamp.is_some()
    {
        return Ok(());
    }
    let source = Source {
        name,
        namespace,
        manager: MIRRORING_CONTROLLER,
        labels: labels.clone(),
        owner: controller_reference(&*endpoints)?,
    };
    slices::write(context, &source, mirrored(&endpoints)).await
}

fn mirrored(endpoints: &Endpoints) -> Vec<Slice> {
    let mut slices = Vec::new();
    for subset in endpoints.subsets.iter().flatten() {
        for address_type in ["IPv4", "IPv6"] {
            let ready = of_type(subset.addresses.as_deref(), address_type, true);
            let unready = of_type(subset.not_ready_addresses.as_deref(), address_type, false);
            let endpoints: Vec<Endpoint> = ready.into_iter().chain(unready).collect();
            if !endpoints.is_empty() {
                slices.push(Slice {
                    address_type,
                    ports: Some(ports(subset)),
                    endpoints: Some(endpoints),
                });
            }
        }
    }
    slices
}

fn of_type(addresses: Option<&[EndpointAddress]>, wanted: &str, ready: bool) -> Vec<Endpoint> {
    let fits = |address: &&EndpointAddress| match address.ip.parse() {
        Ok(IpAddr::V4(_)) => wanted == "IPv4",
        Ok(IpAddr::V6(_)) => wanted == "IPv6",
        Err(_) => false,
    };
    let addresses = addresses.unwrap_or_default().iter().filter(fits);
    addresses
        .map(|address| Endpoint {
            addresses: vec![address.ip.clone()],
            conditions: Some(EndpointConditions {
                ready: Some(ready),
                ..EndpointConditions::default()
            }),
            hostname: address.hostname.clone(),
            node_name: address.node_name.clone(),
            target_ref: address.target_ref.clone(),
            ..Endpoint::default()
        })
        .collect()
}

fn ports(subset: &EndpointSubset) -> Vec<EndpointPort> {
    let ports = subset.ports.iter().flatten().map(|port| EndpointPort {
        name: Some(port.name.clone().unwrap_or_default()),
        port: Some(port.port),
        protocol: Some(port.protocol.clone().unwrap_or_else(|| "TCP".to_owned())),
        app_protocol: port.app_protocol.clone(),
    });
    ports.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn addresses_become_endpoints() {
        let endpoints: Endpoints = serde_json::from_value(json!({"metadata": {"name": "nosel"},
            "subsets": [{"addresses": [{"ip": "10.1.1.1"}], "notReadyAddresses": [{"ip": "::1"}], "ports": [{"port": 80}]}]}))
        .expect("endpoints");
        let slices = mirrored(&endpoints);
        assert_eq!(slices.len(), 2);
        assert_eq!(
            serde_json::to_value(&slices[0].endpoints).expect("JSON"),
            json!([{"addresses": ["10.1.1.1"], "conditions": {"ready": true}}])
        );
        assert_eq!(
            serde_json::to_value(&slices[0].ports).expect("JSON"),
            json!([{"name": "", "port": 80, "protocol": "TCP"}])
        );
    }
}
