//! Services, EndpointSlices, Ingresses, NetworkPolicies.

use serde_json::{Map, Value, json};

use super::{field, items, set, set_text};
use crate::object;
use crate::registry::Resource;

pub fn defaults(resource: &Resource, object: &mut Value) {
    match resource.plural.as_str() {
        "endpointslices" => {
            let Some(map) = object.as_object_mut() else { return };
            for port in items(map, "ports") {
                set(port, "name", "");
                set_text(port, "protocol", "TCP");
            }
        }
        "networkpolicies" => network_policy(object),
        "ingresses" => set(field(object, "status"), "loadBalancer", json!({})),
        _ => {}
    }
}

fn network_policy(object: &mut Value) {
    let spec = field(object, "spec");
    let egress = spec
        .get("egress")
        .is_some_and(|rules| rules.as_array().is_some_and(|list| !list.is_empty()));
    set(
        spec,
        "policyTypes",
        if egress { json!(["Ingress", "Egress"]) } else { json!(["Ingress"]) },
    );
    for direction in ["ingress", "egress"] {
        for rule in items(spec, direction) {
            items(rule, "ports").for_each(|port| set_text(port, "protocol", "TCP"));
        }
    }
}

pub fn service(object: &mut Value) {
    let spec = field(object, "spec");
    set_text(spec, "sessionAffinity", "None");
    set_text(spec, "type", "ClusterIP");
    if spec["sessionAffinity"] == "ClientIP" {
        let config =
            object::entry_map(object::entry_map(spec, "sessionAffinityConfig"), "clientIP");
        set(config, "timeoutSeconds", 10_800);
    }
    for port in items(spec, "ports") {
        set_text(port, "protocol", "TCP");
        let same = port.get("port").cloned();
        let target = port.get("targetPort").cloned().unwrap_or_default();
        if (target.is_null() || target == 0 || target == "") && same.is_some() {
            port.insert("targetPort".into(), same.unwrap_or_default());
        }
    }
    let kind = spec["type"].as_str().unwrap_or_default().to_owned();
    if matches!(kind.as_str(), "NodePort" | "LoadBalancer") {
        set_text(spec, "externalTrafficPolicy", "Cluster");
    }
    if kind == "LoadBalancer" {
        set(spec, "allocateLoadBalancerNodePorts", true);
    }
    if kind != "ExternalName" {
        set_text(spec, "internalTrafficPolicy", "Cluster");
    }
}

/// There is one family of addresses.
pub fn families(object: &mut Value) {
    let spec = field(object, "spec");
    if spec.get("type").is_none_or(|kind| kind != "ExternalName") {
        set(spec, "ipFamilies", json!(["IPv4"]));
        set_text(spec, "ipFamilyPolicy", "SingleStack");
    }
}

/// An update that does not name the addresses keeps them.
pub fn keep_addresses(object: &mut Value, old: &Value) {
    let Some(before) = old.get("spec").and_then(Value::as_object) else { return };
    let spec = field(object, "spec");
    if spec["type"] != "ExternalName"
        && before.get("type").is_some_and(|kind| kind != "ExternalName")
    {
        for name in ["clusterIP", "clusterIPs"] {
            if let Some(value) = before.get(name)
                && spec.get(name).is_none_or(|now| now.is_null() || now == "")
            {
                spec.insert(name.into(), value.clone());
            }
        }
    }
    keep_node_ports(spec, before);
}

fn keep_node_ports(spec: &mut Map<String, Value>, before: &Map<String, Value>) {
    if spec["type"] == "ClusterIP" || spec["type"] == "ExternalName" {
        for port in items(spec, "ports") {
            port.shift_remove("nodePort");
        }
        return;
    }
    let known: Vec<Value> =
        before.get("ports").and_then(Value::as_array).cloned().unwrap_or_default();
    for port in items(spec, "ports") {
        let same = known.iter().find(|one| {
            one.get("port") == port.get("port") && one.get("protocol") == port.get("protocol")
        });
        if let Some(number) = same.and_then(|one| one.get("nodePort")) {
            set(port, "nodePort", number.clone());
        }
    }
}
