//! What objects use, in the names of quota: `pods`, `requests.cpu`,
//! `count/deployments.apps`, `requests.nvidia.com/gpu`.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::object;
use crate::registry::{Catalog, Resource};
use crate::server::Server;
use crate::status::{Failure, qualified};
use dais_schema::quantity::Quantity;

pub type Usage = BTreeMap<String, Quantity>;

/// Plain names of quota that count objects of the core group.
const COUNTED: [&str; 8] = [
    "configmaps",
    "persistentvolumeclaims",
    "pods",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "serviceaccounts",
    "services",
];

pub fn counts(resource: &Resource) -> bool {
    resource.namespaced
        && resource.verbs.contains(crate::registry::Verb::List)
        && !resource.is("", "events")
}

/// What one object uses.
pub fn of_object(resource: &Resource, object: &Value) -> Usage {
    let mut usage = Usage::new();
    let one = || Quantity::from_int(1);
    usage.insert(format!("count/{}", qualified(&resource.plural, &resource.group)), one());
    if resource.group.is_empty() {
        if resource.plural == "pods" {
            if matches!(object::text(object, "/status/phase"), "Succeeded" | "Failed") {
                return usage;
            }
            pod(object, &mut usage);
        }
        if COUNTED.contains(&resource.plural.as_str()) {
            usage.insert(resource.plural.clone(), one());
        }
        match resource.plural.as_str() {
            "persistentvolumeclaims" => claim(object, &mut usage),
            "services" => service(object, &mut usage),
            _ => {}
        }
    }
    usage
}

fn add(usage: &mut Usage, key: String, amount: &Quantity) {
    let total = usage.get(&key).map_or_else(|| amount.clone(), |there| there.add(amount));
    usage.insert(key, total);
}

/// The containers together, or the greediest init container where that is more.
fn pod(pod: &Value, usage: &mut Usage) {
    for kind in ["requests", "limits"] {
        let mut sum = Usage::new();
        for container in list(pod, "/spec/containers") {
            for (name, amount) in amounts(container, kind) {
                add(&mut sum, name, &amount);
            }
        }
        for container in list(pod, "/spec/initContainers") {
            for (name, amount) in amounts(container, kind) {
                if sum.get(&name).is_none_or(|there| *there < amount) {
                    sum.insert(name, amount);
                }
            }
        }
        for (name, amount) in sum {
            if kind == "requests" && matches!(name.as_str(), "cpu" | "memory") {
                usage.insert(name.clone(), amount.clone());
            }
            usage.insert(format!("{kind}.{name}"), amount);
        }
    }
}

fn amounts(container: &Value, kind: &str) -> Vec<(String, Quantity)> {
    let map = container.pointer(&format!("/resources/{kind}")).and_then(Value::as_object);
    map.into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.clone(), Quantity::parse(value.as_str()?).ok()?)))
        .collect()
}

fn list<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    object.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn claim(claim: &Value, usage: &mut Usage) {
    let Some(amount) = claim.pointer("/spec/resources/requests/storage").and_then(Value::as_str)
    else {
        return;
    };
    let Ok(amount) = Quantity::parse(amount) else { return };
    usage.insert("requests.storage".into(), amount.clone());
    let class = object::text(claim, "/spec/storageClassName");
    if !class.is_empty() {
        let prefix = format!("{class}.storageclass.storage.k8s.io");
        usage.insert(format!("{prefix}/requests.storage"), amount);
        usage.insert(format!("{prefix}/persistentvolumeclaims"), Quantity::from_int(1));
    }
}

fn service(service: &Value, usage: &mut Usage) {
    let ports = i64::try_from(list(service, "/spec/ports").len()).unwrap_or(i64::MAX);
    match object::text(service, "/spec/type") {
        "NodePort" => {
            usage.insert("services.nodeports".into(), Quantity::from_int(ports));
        }
        "LoadBalancer" => {
            usage.insert("services.nodeports".into(), Quantity::from_int(ports));
            usage.insert("services.loadbalancers".into(), Quantity::from_int(1));
        }
        _ => {}
    }
}

/// Whether a quota is about this object at all.
pub fn in_scope(quota: &Value, resource: &Resource, object: &Value) -> bool {
    let scopes = list(quota, "/spec/scopes").iter().filter_map(Value::as_str);
    let mut scopes = scopes.peekable();
    if scopes.peek().is_none() {
        return true;
    }
    if !resource.is("", "pods") {
        return false;
    }
    let ends = object.pointer("/spec/activeDeadlineSeconds").is_some_and(Value::is_number);
    let best_effort = object::text(object, "/status/qosClass") == "BestEffort";
    scopes.all(|scope| match scope {
        "Terminating" => ends,
        "NotTerminating" => !ends,
        "BestEffort" => best_effort,
        "NotBestEffort" => !best_effort,
        _ => true,
    })
}

/// Whether a resource is another program's to count, as its domain says: its use is left as
/// that program told it.
pub fn is_foreign(name: &str) -> bool {
    let ours = ["requests.", "limits.", "count/"].iter().any(|start| name.starts_with(start));
    name.contains('/') && !ours && !name.contains(".storageclass.storage.k8s.io/")
}

/// What a namespace uses of what a quota limits.
pub async fn of_namespace(
    server: &Server,
    catalog: &Arc<Catalog>,
    namespace: &str,
    quota: &Value,
) -> Result<Usage, Failure> {
    let hard: Vec<&String> = quota
        .pointer("/spec/hard")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(key, _)| key)
        .filter(|key| !is_foreign(key))
        .collect();
    let mut total: Usage = hard.iter().map(|key| ((*key).clone(), Quantity::from_int(0))).collect();
    let mut seen = std::collections::HashSet::new();
    for resource in catalog.resources().iter().filter(|one| counts(one) && limits(&hard, one)) {
        if !seen.insert(resource.prefix()) {
            continue;
        }
        for entry in server.objects.all(resource, namespace).await? {
            if in_scope(quota, resource, &entry.object) {
                for (key, amount) in of_object(resource, &entry.object) {
                    if total.contains_key(&key) {
                        add(&mut total, key, &amount);
                    }
                }
            }
        }
    }
    Ok(total)
}

/// Whether any of these names of quota is about a resource.
fn limits(hard: &[&String], resource: &Resource) -> bool {
    let count = format!("count/{}", qualified(&resource.plural, &resource.group));
    hard.iter().any(|key| {
        **key == count
            || resource.group.is_empty()
                && match resource.plural.as_str() {
                    "pods" => {
                        matches!(key.as_str(), "pods" | "cpu" | "memory")
                            || key.starts_with("limits.")
                            || key.starts_with("requests.") && *key != "requests.storage"
                    }
                    "persistentvolumeclaims" => {
                        matches!(key.as_str(), "persistentvolumeclaims" | "requests.storage")
                            || key.contains(".storageclass.storage.k8s.io/")
                    }
                    "services" => key.starts_with("services"),
                    other => *key == other,
                }
    })
}
