//! What is refused, in Kubernetes' words, one file for each family of kinds.

pub mod cluster;
pub mod networking;
pub mod pod;
pub mod rbac;
pub mod workload;

use dais_schema::FieldError;
use dais_schema::names::{self, NameRule};
use serde_json::Value;

use crate::registry::Resource;

fn name_rule(resource: &Resource) -> NameRule {
    match (resource.group.as_str(), resource.plural.as_str()) {
        ("rbac.authorization.k8s.io", _) => NameRule::PathSegment,
        ("", "namespaces" | "services") => NameRule::Label,
        _ => NameRule::Subdomain,
    }
}

pub fn create(resource: &Resource, object: &Value) -> Vec<FieldError> {
    let metadata = object.get("metadata").unwrap_or(&Value::Null);
    let mut errors =
        names::validate_metadata(metadata, resource.namespaced, name_rule(resource), "metadata");
    errors.extend(content(resource, object, None));
    errors
}

pub fn update(resource: &Resource, subresource: &str, new: &Value, old: &Value) -> Vec<FieldError> {
    let (metadata, before) =
        (new.get("metadata").unwrap_or(&Value::Null), old.get("metadata").unwrap_or(&Value::Null));
    let mut errors =
        names::validate_metadata(metadata, resource.namespaced, name_rule(resource), "metadata");
    errors.extend(names::validate_metadata_update(metadata, before, "metadata"));
    if subresource.is_empty() || resource.custom.is_some() {
        errors.extend(content(resource, new, Some(old)));
    }
    errors
}

fn content(resource: &Resource, new: &Value, old: Option<&Value>) -> Vec<FieldError> {
    if let Some(custom) = &resource.custom {
        return custom.schema.as_ref().map(|schema| schema.validate(new, old)).unwrap_or_default();
    }
    match (resource.group.as_str(), resource.plural.as_str()) {
        ("", "pods") => pod::validate(new, old),
        (
            "",
            "configmaps"
            | "secrets"
            | "namespaces"
            | "persistentvolumeclaims"
            | "resourcequotas"
            | "limitranges",
        )
        | ("storage.k8s.io" | "scheduling.k8s.io" | "coordination.k8s.io", _) => {
            cluster::validate(resource, new, old)
        }
        ("", "services") | ("discovery.k8s.io" | "networking.k8s.io", _) => {
            networking::validate(resource, new, old)
        }
        ("apps" | "batch" | "autoscaling", _) | ("", "replicationcontrollers") => {
            workload::validate(resource, new, old)
        }
        ("rbac.authorization.k8s.io", _) => rbac::validate(resource, new, old),
        ("apiextensions.k8s.io", _) => dais_schema::custom::definition::validate(new, old),
        _ => Vec::new(),
    }
}

/// A field that an update may not change.
pub(super) fn immutable(new: &Value, old: Option<&Value>, pointer: &str) -> Option<FieldError> {
    let old = old?;
    let (now, before) = (new.pointer(pointer), old.pointer(pointer));
    if now == before {
        return None;
    }
    let field = pointer.trim_start_matches('/').replace('/', ".");
    Some(FieldError::invalid(field, now.unwrap_or(&Value::Null), "field is immutable"))
}
