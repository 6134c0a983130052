//! `metadata` of objects, on create and on update.

use serde_json::Value;

use super::rules::{
    dns1035_label, dns1123_label, dns1123_subdomain, label_value, path_segment, qualified_name,
};
use crate::field_error::{FieldError, FieldErrorKind};

/// Most bytes in all annotations together.
const MAX_ANNOTATIONS: usize = 256 * 1024;

/// How a kind's names are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameRule {
    Subdomain,
    Label,
    Label1035,
    PathSegment,
}

impl NameRule {
    /// Reasons why the name is refused. A `generateName` prefix may end in `-`.
    pub fn check(self, name: &str, is_prefix: bool) -> Vec<String> {
        let masked;
        let name = match name.strip_suffix('-').filter(|rest| is_prefix && !rest.is_empty()) {
            Some(rest) => {
                masked = format!("{rest}a");
                masked.as_str()
            }
            None => name,
        };
        match self {
            NameRule::Subdomain => dns1123_subdomain(name),
            NameRule::Label => dns1123_label(name),
            NameRule::Label1035 => dns1035_label(name),
            NameRule::PathSegment => path_segment(name),
        }
    }
}

/// Checks `metadata` on create and update: name or generateName, namespace (required or
/// forbidden), generation, labels, annotations (256 KiB), ownerReferences, finalizers.
/// Fields are prefixed with `prefix` (`metadata`, `spec.template.metadata` …).
pub fn validate_metadata(
    metadata: &Value,
    namespaced: bool,
    rule: NameRule,
    prefix: &str,
) -> Vec<FieldError> {
    let text = |key: &str| metadata.get(key).and_then(Value::as_str).unwrap_or_default();
    let at = |key: &str| format!("{prefix}.{key}");
    let mut errors = Vec::new();
    let mut refuse = |field: String, value: &str, reasons: Vec<String>| {
        let value = Value::from(value);
        errors.extend(reasons.iter().map(|r| FieldError::invalid(field.clone(), &value, r)));
    };
    let (name, generate, namespace) = (text("name"), text("generateName"), text("namespace"));
    if !generate.is_empty() {
        refuse(at("generateName"), generate, rule.check(generate, true));
    }
    if !name.is_empty() {
        refuse(at("name"), name, rule.check(name, false));
    }
    if namespaced && !namespace.is_empty() {
        refuse(at("namespace"), namespace, dns1123_label(namespace));
    }
    if name.is_empty() && generate.is_empty() {
        errors.push(FieldError::required(at("name"), "name or generateName is required"));
    }
    if namespaced && namespace.is_empty() {
        errors.push(FieldError::required(at("namespace"), ""));
    }
    if !namespaced && !namespace.is_empty() {
        errors.push(FieldError::forbidden(at("namespace"), "not allowed on this type"));
    }
    if let Some(generation) =
        metadata.get("generation").filter(|g| g.as_i64().is_some_and(|g| g < 0))
    {
        let detail = "must be greater than or equal to 0";
        errors.push(FieldError::invalid(at("generation"), generation, detail));
    }
    errors.extend(validate_labels(&metadata["labels"], &at("labels")));
    errors.extend(validate_annotations(&metadata["annotations"], &at("annotations")));
    errors.extend(validate_owners(&metadata["ownerReferences"], &at("ownerReferences")));
    errors.extend(validate_finalizers(&metadata["finalizers"], &at("finalizers")));
    errors
}

/// Labels alone: `field` is e.g. `spec.selector.matchLabels`.
pub fn validate_labels(labels: &Value, field: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (key, value) in labels.as_object().into_iter().flatten() {
        for reason in qualified_name(key) {
            errors.push(FieldError::invalid(field, &Value::from(key.as_str()), &reason));
        }
        for reason in label_value(value.as_str().unwrap_or_default()) {
            errors.push(FieldError::invalid(field, value, &reason));
        }
    }
    errors
}

fn validate_annotations(annotations: &Value, field: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut bytes = 0;
    for (key, value) in annotations.as_object().into_iter().flatten() {
        for reason in qualified_name(&key.to_lowercase()) {
            errors.push(FieldError::invalid(field, &Value::from(key.as_str()), &reason));
        }
        bytes += key.len() + value.as_str().map_or(0, str::len);
    }
    if bytes > MAX_ANNOTATIONS {
        errors.push(FieldError::too_long(field, MAX_ANNOTATIONS));
    }
    errors
}

fn validate_owners(owners: &Value, field: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut controllers: Vec<&str> = Vec::new();
    for owner in owners.as_array().into_iter().flatten() {
        let text = |key: &str| owner.get(key).and_then(Value::as_str).unwrap_or_default();
        if text("apiVersion").is_empty() {
            let detail = "version must not be empty";
            errors.push(FieldError::invalid(
                format!("{field}.apiVersion"),
                &Value::from(""),
                detail,
            ));
        }
        for (key, detail) in [
            ("kind", "kind must not be empty"),
            ("name", "name must not be empty"),
            ("uid", "uid must not be empty"),
        ] {
            if text(key).is_empty() {
                errors.push(FieldError::invalid(
                    format!("{field}.{key}"),
                    &Value::from(""),
                    detail,
                ));
            }
        }
        if owner.get("controller").and_then(Value::as_bool) == Some(true) {
            controllers.push(text("name"));
        }
    }
    if let [first, second, ..] = controllers.as_slice() {
        let detail = format!(
            "Only one reference can have Controller set to true. Found \"true\" in references for {first} and {second}"
        );
        errors.push(FieldError::invalid(field, owners, &detail));
    }
    errors
}

fn validate_finalizers(finalizers: &Value, field: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for finalizer in finalizers.as_array().into_iter().flatten() {
        let name = finalizer.as_str().unwrap_or_default();
        for reason in qualified_name(name) {
            errors.push(FieldError::invalid(field, finalizer, &reason));
        }
        let standard = ["orphan", "foregroundDeletion", "kubernetes"].contains(&name);
        if !name.contains('/') && !standard && qualified_name(name).is_empty() {
            let detail = "name is neither a standard finalizer name nor is it fully qualified";
            errors.push(FieldError::invalid(field, finalizer, detail));
        }
    }
    errors
}

/// Checks what an update may not change: name, namespace, uid, creationTimestamp,
/// deletion fields; and no new finalizers while an object is being deleted.
pub fn validate_metadata_update(new: &Value, old: &Value, prefix: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let immutable = [
        "name",
        "namespace",
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
    ];
    if old.get("deletionTimestamp").is_some_and(|time| !time.is_null()) {
        let had = old["finalizers"].as_array().cloned().unwrap_or_default();
        let added: Vec<String> = new["finalizers"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|f| !had.contains(f))
            .map(ToString::to_string)
            .collect();
        if !added.is_empty() {
            let detail = format!(
                "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
                added.join(", ")
            );
            errors.push(FieldError::forbidden(format!("{prefix}.finalizers"), &detail));
        }
    }
    for key in immutable {
        if new.get(key) != old.get(key) {
            let value = new.get(key).cloned().unwrap_or(Value::Null);
            let error =
                FieldError::invalid(format!("{prefix}.{key}"), &value, "field is immutable");
            errors.push(FieldError { kind: FieldErrorKind::Invalid, ..error });
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_name_or_a_prefix_is_needed() {
        let errors = validate_metadata(&json!({}), false, NameRule::Subdomain, "metadata");
        assert_eq!(
            crate::aggregate(&errors),
            "metadata.name: Required value: name or generateName is required"
        );
        let good = json!({"generateName": "a-", "namespace": "n"});
        assert!(validate_metadata(&good, true, NameRule::Label, "metadata").is_empty());
    }

    #[test]
    fn labels_finalizers_and_owners() {
        let bad = json!({"name": "a", "labels": {"a b": "-"}, "finalizers": ["x"],
            "ownerReferences": [{"apiVersion": "v1", "kind": "K", "name": ""}]});
        let fields: Vec<String> = validate_metadata(&bad, false, NameRule::Subdomain, "metadata")
            .into_iter()
            .map(|e| e.field)
            .collect();
        assert_eq!(
            fields,
            [
                "metadata.labels",
                "metadata.labels",
                "metadata.ownerReferences.name",
                "metadata.ownerReferences.uid",
                "metadata.finalizers"
            ]
        );
    }

    #[test]
    fn identity_never_changes() {
        let old = json!({"name": "a", "uid": "1", "deletionTimestamp": "t"});
        let new = json!({"name": "a", "uid": "2", "deletionTimestamp": "t", "finalizers": ["a/b"]});
        let errors = validate_metadata_update(&new, &old, "metadata");
        assert_eq!(errors.len(), 2);
        assert_eq!(errors[1].to_string(), "metadata.uid: Invalid value: \"2\": field is immutable");
    }
}
