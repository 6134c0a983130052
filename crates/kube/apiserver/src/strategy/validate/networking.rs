//! Services, EndpointSlices, Ingresses.

use std::collections::HashSet;

use dais_schema::{FieldError, names};
use serde_json::Value;

use super::immutable;
use crate::object;
use crate::registry::Resource;

pub fn validate(resource: &Resource, new: &Value, old: Option<&Value>) -> Vec<FieldError> {
    match resource.plural.as_str() {
        "services" => service(new, old),
        "endpointslices" => endpoint_slice(new, old),
        _ => Vec::new(),
    }
}

fn service(new: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let kind = object::text(new, "/spec/type");
    let known = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
    if !known.contains(&kind) {
        errors.push(FieldError::unsupported("spec.type", &Value::from(kind), &known));
    }
    let headless = object::text(new, "/spec/clusterIP") == "None";
    let ports =
        new.pointer("/spec/ports").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if ports.is_empty() && !headless && kind != "ExternalName" {
        errors.push(FieldError::required("spec.ports", ""));
    }
    if kind == "ExternalName" && object::text(new, "/spec/externalName").is_empty() {
        errors.push(FieldError::required("spec.externalName", ""));
    }
    service_ports(ports, &mut errors);
    if let Some(selector) = new.pointer("/spec/selector") {
        errors.extend(names::validate_labels(selector, "spec.selector"));
    }
    let known = ["ClientIP", "None"];
    let affinity = object::text(new, "/spec/sessionAffinity");
    if !known.contains(&affinity) {
        errors.push(FieldError::unsupported(
            "spec.sessionAffinity",
            &Value::from(affinity),
            &known,
        ));
    }
    let was = old.map_or("", |old| object::text(old, "/spec/type"));
    if kind != "ExternalName" && !was.is_empty() && was != "ExternalName" {
        let (now, before) = (
            object::text(new, "/spec/clusterIP"),
            old.map_or("", |old| object::text(old, "/spec/clusterIP")),
        );
        if now != before && !before.is_empty() {
            let shown = new.pointer("/spec/clusterIPs").cloned().unwrap_or_default();
            errors.push(FieldError::invalid(
                "spec.clusterIPs[0]",
                &shown,
                "may not change once set",
            ));
        }
    }
    errors
}

fn service_ports(ports: &[Value], errors: &mut Vec<FieldError>) {
    let mut used = HashSet::new();
    let mut named = HashSet::new();
    for (index, port) in ports.iter().enumerate() {
        let at = format!("spec.ports[{index}]");
        let name = object::text(port, "/name");
        if name.is_empty() && ports.len() > 1 {
            errors.push(FieldError::required(format!("{at}.name"), ""));
        } else if !name.is_empty() {
            let field = format!("{at}.name");
            errors.extend(
                names::dns1123_label(name)
                    .into_iter()
                    .map(|why| FieldError::invalid(&field, &Value::from(name), &why)),
            );
            if !named.insert(name) {
                errors.push(FieldError::duplicate(&field, &Value::from(name)));
            }
        }
        let number = port.get("port").and_then(Value::as_i64).unwrap_or_default();
        if !(1..=65_535).contains(&number) {
            let why = "must be between 1 and 65535, inclusive";
            errors.push(FieldError::invalid(format!("{at}.port"), &Value::from(number), why));
        }
        let protocol = object::text(port, "/protocol");
        let known = ["SCTP", "TCP", "UDP"];
        if !known.contains(&protocol) {
            errors.push(FieldError::unsupported(
                format!("{at}.protocol"),
                &Value::from(protocol),
                &known,
            ));
        }
        if !used.insert((number, protocol.to_owned())) {
            errors.push(FieldError::duplicate(
                &at,
                &serde_json::json!({"protocol": protocol, "port": number}),
            ));
        }
    }
}

fn endpoint_slice(new: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let kind = object::text(new, "/addressType");
    let known = ["FQDN", "IPv4", "IPv6"];
    if kind.is_empty() {
        errors.push(FieldError::required("addressType", ""));
    } else if !known.contains(&kind) {
        errors.push(FieldError::unsupported("addressType", &Value::from(kind), &known));
    }
    errors.extend(immutable(new, old, "/addressType"));
    errors
}
