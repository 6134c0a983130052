//! Names in a definition: its own, its group's, and those of what it defines.

use serde_json::Value;

use super::{items, text};
use crate::field_error::FieldError;
use crate::names::{dns1035_label, dns1123_subdomain};

/// The annotation by which Kubernetes' own groups are told from imitations
/// (<https://github.com/kubernetes/enhancements/pull/1111>).
const APPROVAL: &str = "api-approved.kubernetes.io";

/// A definition is called `<plural>.<group>`.
pub(super) fn object_name(definition: &Value) -> Vec<FieldError> {
    let name = text(definition, "/metadata/name");
    let wanted =
        format!("{}.{}", text(definition, "/spec/names/plural"), text(definition, "/spec/group"));
    if name == wanted {
        return Vec::new();
    }
    let detail = "must be spec.names.plural+\".\"+spec.group";
    vec![FieldError::invalid("metadata.name", &name.into(), detail)]
}

pub(super) fn group(definition: &Value, old: Option<&Value>) -> Vec<FieldError> {
    const FIELD: &str = "spec.group";
    let group = text(definition, "/spec/group");
    if group.is_empty() {
        return vec![FieldError::required(FIELD, "")];
    }
    let mut errors = refused(FIELD, group, dns1123_subdomain(group));
    if errors.is_empty() && !group.contains('.') {
        let detail = "should be a domain with at least one dot";
        errors.push(FieldError::invalid(FIELD, &group.into(), detail));
    }
    let is_protected = ["k8s.io", "kubernetes.io"]
        .into_iter()
        .any(|domain| group == domain || group.ends_with(&format!(".{domain}")));
    if is_protected && !is_approved(definition) && old.is_none_or(is_approved) {
        let detail = format!(
            "protected groups must have approval annotation \"{APPROVAL}\", see \
             https://github.com/kubernetes/enhancements/pull/1111"
        );
        errors.push(FieldError::required(format!("metadata.annotations[{APPROVAL}]"), &detail));
    }
    errors
}

fn is_approved(definition: &Value) -> bool {
    let annotations = definition.pointer("/metadata/annotations");
    annotations.and_then(|all| all.get(APPROVAL)).is_some_and(|value| value != "")
}

pub(super) fn names(definition: &Value) -> Vec<FieldError> {
    let names = definition.pointer("/spec/names").unwrap_or(&Value::Null);
    let mut errors = Vec::new();
    for field in ["plural", "singular"] {
        let path = format!("spec.names.{field}");
        match text(names, &format!("/{field}")) {
            "" if field == "plural" => errors.push(FieldError::required(path, "")),
            "" => {}
            name => errors.extend(refused(&path, name, dns1035_label(name))),
        }
    }
    for field in ["kind", "listKind"] {
        let path = format!("spec.names.{field}");
        match text(names, &format!("/{field}")) {
            "" => errors.push(FieldError::required(path, "")),
            name => {
                let reasons = dns1035_label(&name.to_lowercase()).into_iter().map(|reason| {
                    format!("may have mixed case, but should otherwise match: {reason}")
                });
                errors.extend(refused(&path, name, reasons));
            }
        }
    }
    let kind = text(names, "/kind");
    if !kind.is_empty() && kind == text(names, "/listKind") {
        let detail = "kind and listKind may not be the same";
        errors.push(FieldError::invalid("spec.names.listKind", &kind.into(), detail));
    }
    for field in ["shortNames", "categories"] {
        for (index, name) in items(names, &format!("/{field}")).iter().enumerate() {
            let name = name.as_str().unwrap_or_default();
            let path = format!("spec.names.{field}[{index}]");
            errors.extend(refused(&path, name, dns1035_label(name)));
        }
    }
    errors
}

/// One error for each reason.
pub(super) fn refused(
    field: &str,
    value: &str,
    reasons: impl IntoIterator<Item = String>,
) -> Vec<FieldError> {
    let error = |reason: String| FieldError::invalid(field, &value.into(), &reason);
    reasons.into_iter().map(error).collect()
}
