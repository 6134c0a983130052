//! Services, endpoints, ingresses, network policies.

use dais_schema::selector::LabelSelector;
use serde_json::Value;

use super::{AGE, Column, NAME, list, number, or_none, text, wide};
use crate::object;

pub(super) const SERVICES: &[Column] = &[
    NAME,
    text("Type", |one| object::text(one, "/spec/type").into()),
    text("Cluster-IP", |one| or_none(object::text(one, "/spec/clusterIP"))),
    text("External-IP", |one| external(one).into()),
    text("Port(s)", ports),
    AGE,
    wide("Selector", |one| {
        let selector = one.pointer("/spec/selector").map(LabelSelector::from_labels);
        or_none(&selector.map(|selector| selector.to_string()).unwrap_or_default())
    }),
];

fn external(service: &Value) -> String {
    let listed: Vec<&str> =
        list(service, "/spec/externalIPs").iter().filter_map(Value::as_str).collect();
    match object::text(service, "/spec/type") {
        "ExternalName" => object::text(service, "/spec/externalName").to_owned(),
        "LoadBalancer" => {
            let given = list(service, "/status/loadBalancer/ingress").iter();
            let mut all: Vec<&str> =
                given.map(|one| object::text(one, "/ip")).filter(|ip| !ip.is_empty()).collect();
            all.extend(listed);
            if all.is_empty() { "<pending>".into() } else { all.join(",") }
        }
        _ if listed.is_empty() => "<none>".into(),
        _ => listed.join(","),
    }
}

fn ports(service: &Value) -> Value {
    let shown: Vec<String> = list(service, "/spec/ports")
        .iter()
        .map(|port| {
            let node = number(port, "/nodePort");
            let node = if node > 0 { format!(":{node}") } else { String::new() };
            format!("{}{node}/{}", number(port, "/port"), object::text(port, "/protocol"))
        })
        .collect();
    or_none(&shown.join(","))
}

pub(super) const ENDPOINTS: &[Column] = &[
    NAME,
    text("Endpoints", |one| {
        let mut all = Vec::new();
        for subset in list(one, "/subsets") {
            for port in list(subset, "/ports") {
                for address in list(subset, "/addresses") {
                    all.push(format!("{}:{}", object::text(address, "/ip"), number(port, "/port")));
                }
            }
        }
        first_three(&all)
    }),
    AGE,
];

pub(super) const SLICES: &[Column] = &[
    NAME,
    text("AddressType", |one| object::text(one, "/addressType").into()),
    text("Ports", |one| {
        let all: Vec<String> =
            list(one, "/ports").iter().map(|port| number(port, "/port").to_string()).collect();
        if all.is_empty() { "<unset>".into() } else { first_three(&all) }
    }),
    text("Endpoints", |one| {
        let endpoints =
            list(one, "/endpoints").iter().flat_map(|endpoint| list(endpoint, "/addresses"));
        let all: Vec<String> = endpoints.filter_map(Value::as_str).map(str::to_owned).collect();
        if all.is_empty() { "<unset>".into() } else { first_three(&all) }
    }),
    AGE,
];

fn first_three(all: &[String]) -> Value {
    match all.len() {
        0 => "<none>".into(),
        1..=3 => all.join(",").into(),
        count => format!("{} + {} more...", all[..3].join(","), count - 3).into(),
    }
}

pub(super) const INGRESSES: &[Column] = &[
    NAME,
    text("Class", |one| or_none(object::text(one, "/spec/ingressClassName"))),
    text("Hosts", |one| {
        let hosts: Vec<String> = list(one, "/spec/rules")
            .iter()
            .map(|rule| object::text(rule, "/host").to_owned())
            .filter(|host| !host.is_empty())
            .collect();
        if hosts.is_empty() { "*".into() } else { first_three(&hosts) }
    }),
    text("Address", |one| {
        let ips: Vec<&str> = list(one, "/status/loadBalancer/ingress")
            .iter()
            .map(|one| object::text(one, "/ip"))
            .collect();
        ips.join(",").into()
    }),
    text("Ports", |one| if list(one, "/spec/tls").is_empty() { "80" } else { "80, 443" }.into()),
    AGE,
];

pub(super) const POLICIES: &[Column] = &[
    NAME,
    text("Pod-Selector", |one| {
        let selector = LabelSelector::from_object(one.pointer("/spec/podSelector")).ok();
        or_none(&selector.map(|selector| selector.to_string()).unwrap_or_default())
    }),
    AGE,
];
