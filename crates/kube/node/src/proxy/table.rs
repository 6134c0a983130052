//! Which addresses are listened on, and which endpoints stand behind each.
//! Pure.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Service, ServicePort};
use k8s_openapi::api::discovery::v1::EndpointSlice;

/// The label by which a slice belongs to its Service.
const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// What stands behind each listening address.
pub(super) type Table = BTreeMap<SocketAddr, Behind>;

/// Endpoints, all of one project.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Behind {
    pub(super) namespace: String,
    pub(super) endpoints: Vec<SocketAddr>,
}

/// The whole table.
pub(super) fn table(services: &[Arc<Service>], slices: &[Arc<EndpointSlice>]) -> Table {
    let mut table = Table::new();
    for service in services {
        let Some(spec) = &service.spec else { continue };
        let addresses = spec.cluster_ips.iter().flatten().chain(&spec.cluster_ip);
        let addresses: Vec<IpAddr> =
            addresses.filter_map(|ip| ip.parse().ok()).filter(|ip| is_virtual(*ip)).collect();
        for port in spec
            .ports
            .iter()
            .flatten()
            .filter(|port| port.protocol.as_deref().unwrap_or("TCP") == "TCP")
        {
            let Ok(number) = u16::try_from(port.port) else { continue };
            for address in &addresses {
                let behind = Behind {
                    namespace: service.metadata.namespace.clone().unwrap_or_default(),
                    endpoints: endpoints(service, port, slices),
                };
                table.insert(SocketAddr::new(*address, number), behind);
            }
        }
    }
    table
}

/// 127.64.0.0/12: addresses of this machine that nothing else uses.
fn is_virtual(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => u32::from(ip) & 0xFFF0_0000 == u32::from(Ipv4Addr::new(127, 64, 0, 0)),
        IpAddr::V6(_) => false,
    }
}

fn endpoints(
    service: &Service,
    port: &ServicePort,
    slices: &[Arc<EndpointSlice>],
) -> Vec<SocketAddr> {
    let of_service = |slice: &&Arc<EndpointSlice>| {
        let named = slice.metadata.labels.as_ref().and_then(|labels| labels.get(SERVICE_NAME));
        named == service.metadata.name.as_ref()
            && slice.metadata.namespace == service.metadata.namespace
    };
    let mut found = Vec::new();
    for slice in slices.iter().filter(of_service) {
        let name = port.name.as_deref().unwrap_or_default();
        let target = slice
            .ports
            .iter()
            .flatten()
            .find(|target| target.name.as_deref().unwrap_or_default() == name);
        let Some(number) = target.and_then(|target| u16::try_from(target.port?).ok()) else {
            continue;
        };
        for endpoint in slice.endpoints.iter().flatten() {
            let ready = endpoint
                .conditions
                .as_ref()
                .and_then(|conditions| conditions.ready)
                .unwrap_or(true);
            let addresses = endpoint.addresses.iter().filter(|_| ready);
            found
                .extend(addresses.filter_map(|ip| Some(SocketAddr::new(ip.parse().ok()?, number))));
        }
    }
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn service(ip: &str) -> Arc<Service> {
        Arc::new(
            serde_json::from_value(json!({"metadata": {"name": "s", "namespace": "n"}, "spec": {
            "clusterIP": ip, "ports": [{"name": "http", "port": 80, "targetPort": 8080},
            {"name": "dns", "port": 53, "protocol": "UDP"}]}}))
            .unwrap(),
        )
    }

    fn slice(namespace: &str) -> Arc<EndpointSlice> {
        Arc::new(serde_json::from_value(json!({"metadata": {"name": "s-1", "namespace": namespace,
            "labels": {SERVICE_NAME: "s"}}, "addressType": "IPv4",
            "ports": [{"name": "http", "port": 8080}],
            "endpoints": [{"addresses": ["127.80.0.2"], "conditions": {"ready": true}},
                {"addresses": ["127.80.0.3"], "conditions": {"ready": false}}, {"addresses": ["127.80.0.4"]}]})).unwrap())
    }

    #[test]
    fn ready_endpoints_of_the_same_port_name() {
        let table = table(&[service("127.64.0.9")], &[slice("n"), slice("other")]);
        let wanted = Behind {
            namespace: "n".to_owned(),
            endpoints: ["127.80.0.2:8080", "127.80.0.4:8080"].map(|at| at.parse().unwrap()).into(),
        };
        assert_eq!(table, Table::from([("127.64.0.9:80".parse().unwrap(), wanted)]));
    }

    #[test]
    fn only_virtual_addresses_are_listened_on() {
        for ip in ["None", "", "10.0.0.1", "127.0.0.1", "127.80.0.1"] {
            assert!(table(&[service(ip)], &[slice("n")]).is_empty(), "{ip}");
        }
    }
}
