//! The values that Kubernetes fills in, one file for each family of kinds.

pub mod cluster;
pub mod networking;
pub mod pod;
pub mod workload;

use serde_json::{Map, Value};

use crate::registry::Resource;

/// What a new object begins with, beyond its defaults.
pub fn on_create(resource: &Resource, object: &mut Value) {
    match (resource.group.as_str(), resource.plural.as_str()) {
        ("", "pods") => pod::status(object),
        ("", "namespaces") => cluster::namespace(object),
        ("batch", "jobs") => workload::tie_to_pods(object),
        ("", "persistentvolumeclaims" | "persistentvolumes") => {
            set_in(object, "status", "phase", "Pending")
        }
        ("", "services") => {
            networking::families(object);
            set_default_map(object, "status", "loadBalancer");
        }
        _ => {}
    }
}

/// What an update cannot change or leave out.
pub fn on_update(resource: &Resource, object: &mut Value, old: &Value) {
    match (resource.group.as_str(), resource.plural.as_str()) {
        ("", "services") => {
            networking::keep_addresses(object, old);
            networking::families(object);
        }
        ("", "namespaces") => cluster::keep_namespace_finalizers(object, old),
        ("batch", "jobs") => workload::tie_to_pods(object),
        _ => {}
    }
}

/// The defaults of each kind.
pub fn always(resource: &Resource, object: &mut Value) {
    match (resource.group.as_str(), resource.plural.as_str()) {
        ("", "pods") => {
            pod::spec(field(object, "spec"));
            pod::own(field(object, "spec"));
        }
        ("", "limitranges") => cluster::limit_range(object),
        ("", "podtemplates") => pod::template(object),
        ("", "services") => networking::service(object),
        ("", "secrets") => cluster::secret(object),
        ("", "persistentvolumeclaims") => cluster::claim(object),
        ("", "persistentvolumes") => cluster::volume(object),
        ("apps" | "batch" | "autoscaling", _) | ("", "replicationcontrollers") => {
            workload::defaults(resource, object)
        }
        ("networking.k8s.io" | "discovery.k8s.io", _) => networking::defaults(resource, object),
        ("storage.k8s.io" | "scheduling.k8s.io" | "rbac.authorization.k8s.io" | "policy", _) => {
            cluster::defaults(resource, object)
        }
        _ => {}
    }
}

/// An object-valued field, made when missing.
pub(super) fn field<'a>(object: &'a mut Value, name: &str) -> &'a mut Map<String, Value> {
    crate::object::child_mut(object, name)
}

/// Sets a field that is missing or null.
pub(super) fn set(map: &mut Map<String, Value>, name: &str, value: impl Into<Value>) {
    if map.get(name).is_none_or(Value::is_null) {
        map.insert(name.to_owned(), value.into());
    }
}

/// Sets a field that is missing, null or an empty text.
pub(super) fn set_text(map: &mut Map<String, Value>, name: &str, value: &str) {
    if map.get(name).is_none_or(|present| present.is_null() || present == "") {
        map.insert(name.to_owned(), value.into());
    }
}

fn set_in(object: &mut Value, parent: &str, name: &str, value: &str) {
    set(field(object, parent), name, value);
}

fn set_default_map(object: &mut Value, parent: &str, name: &str) {
    set(field(object, parent), name, Value::Object(Map::new()));
}

/// The maps in a list-valued field.
pub(super) fn items<'a>(
    map: &'a mut Map<String, Value>,
    name: &str,
) -> impl Iterator<Item = &'a mut Map<String, Value>> + use<'a> {
    map.get_mut(name)
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
        .filter_map(Value::as_object_mut)
}
