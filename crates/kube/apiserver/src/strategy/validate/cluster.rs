//! ConfigMaps, Secrets, claims, storage and priority classes, Leases.

use dais_schema::{FieldError, names};
use serde_json::Value;

use super::immutable;
use crate::object;
use crate::registry::Resource;

/// The most that a ConfigMap or Secret may hold.
const MAX_DATA: usize = 1024 * 1024;

pub fn validate(resource: &Resource, new: &Value, old: Option<&Value>) -> Vec<FieldError> {
    match resource.plural.as_str() {
        "configmaps" => data(new, old, &["data", "binaryData"]),
        "secrets" => secret(new, old),
        "namespaces" => crate::admission::pod_security::check_labels(new),
        "persistentvolumeclaims" => claim(new, old),
        "storageclasses" => storage_class(new, old),
        "priorityclasses" => ["/value", "/preemptionPolicy"]
            .iter()
            .filter_map(|field| immutable(new, old, field))
            .collect(),
        _ => Vec::new(),
    }
}

fn data(new: &Value, old: Option<&Value>, fields: &[&str]) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut size = 0;
    for field in fields {
        for (key, value) in new.get(field).and_then(Value::as_object).into_iter().flatten() {
            let at = format!("{field}[{key}]");
            let shown = Value::from(key.as_str());
            errors.extend(
                names::config_key(key)
                    .into_iter()
                    .map(|why| FieldError::invalid(&at, &shown, &why)),
            );
            size += value.as_str().map_or(0, str::len);
        }
    }
    if size > MAX_DATA {
        errors.push(FieldError::too_long("", MAX_DATA));
    }
    if let Some(old) = old.filter(|old| old.get("immutable") == Some(&Value::Bool(true))) {
        const WHY: &str = "field is immutable when `immutable` is set";
        if new.get("immutable") != Some(&Value::Bool(true)) {
            errors.push(FieldError::forbidden("immutable", WHY));
        }
        let changed = fields.iter().filter(|field| new.get(**field) != old.get(**field));
        errors.extend(changed.map(|field| FieldError::forbidden(*field, WHY)));
    }
    errors
}

fn secret(new: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = data(new, old, &["data"]);
    errors.extend(immutable(new, old, "/type"));
    let needed: &[&str] = match object::text(new, "/type") {
        "kubernetes.io/dockerconfigjson" => &[".dockerconfigjson"],
        "kubernetes.io/dockercfg" => &[".dockercfg"],
        "kubernetes.io/tls" => &["tls.crt", "tls.key"],
        "kubernetes.io/ssh-auth" => &["ssh-privatekey"],
        _ => &[],
    };
    let missing =
        needed.iter().filter(|key| new.get("data").and_then(|data| data.get(**key)).is_none());
    errors.extend(missing.map(|key| FieldError::required(format!("data[{key}]"), "")));
    errors
}

fn claim(new: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let modes = new.pointer("/spec/accessModes").and_then(Value::as_array);
    if modes.is_none_or(Vec::is_empty) {
        errors.push(FieldError::required("spec.accessModes", "at least 1 access mode is required"));
    }
    if new.pointer("/spec/resources/requests/storage").is_none() {
        errors.push(FieldError::required("spec.resources[storage]", ""));
    }
    if old.is_some() {
        for field in
            ["/spec/accessModes", "/spec/storageClassName", "/spec/volumeMode", "/spec/selector"]
        {
            errors.extend(immutable(new, old.filter(|old| old.pointer(field).is_some()), field));
        }
    }
    errors
}

fn storage_class(new: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if object::text(new, "/provisioner").is_empty() {
        errors.push(FieldError::required("provisioner", ""));
    }
    for field in ["/provisioner", "/parameters", "/reclaimPolicy", "/volumeBindingMode"] {
        errors.extend(immutable(new, old, field));
    }
    errors
}
