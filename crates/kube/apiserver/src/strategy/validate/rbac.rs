//! Roles and bindings.

use dais_schema::FieldError;
use serde_json::Value;

use crate::object;
use crate::registry::Resource;

pub fn validate(resource: &Resource, new: &Value, old: Option<&Value>) -> Vec<FieldError> {
    match resource.plural.as_str() {
        "roles" | "clusterroles" => role(resource, new),
        _ => binding(resource, new, old),
    }
}

fn role(resource: &Resource, role: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let filled = |rule: &Value, field: &str| {
        rule.get(field).and_then(Value::as_array).is_some_and(|list| !list.is_empty())
    };
    for (index, rule) in
        role.get("rules").and_then(Value::as_array).into_iter().flatten().enumerate()
    {
        let at = format!("rules[{index}]");
        if !filled(rule, "verbs") {
            errors.push(FieldError::required(
                format!("{at}.verbs"),
                "verbs must contain at least one value",
            ));
        }
        if filled(rule, "nonResourceURLs") {
            if resource.namespaced {
                let why = "namespaced rules cannot apply to non-resource URLs";
                errors.push(FieldError::invalid(
                    format!("{at}.nonResourceURLs"),
                    &rule["nonResourceURLs"],
                    why,
                ));
            }
            continue;
        }
        if !filled(rule, "apiGroups") {
            errors.push(FieldError::required(
                format!("{at}.apiGroups"),
                "resource rules must supply at least one api group",
            ));
        }
        if !filled(rule, "resources") {
            errors.push(FieldError::required(
                format!("{at}.resources"),
                "resource rules must supply at least one resource",
            ));
        }
    }
    errors
}

fn binding(resource: &Resource, binding: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let kind = object::text(binding, "/roleRef/kind");
    let known: &[&str] =
        if resource.namespaced { &["Role", "ClusterRole"] } else { &["ClusterRole"] };
    if !known.contains(&kind) {
        errors.push(FieldError::unsupported("roleRef.kind", &Value::from(kind), known));
    }
    if object::text(binding, "/roleRef/name").is_empty() {
        errors.push(FieldError::required("roleRef.name", ""));
    }
    for (index, subject) in
        binding.get("subjects").and_then(Value::as_array).into_iter().flatten().enumerate()
    {
        let at = format!("subjects[{index}]");
        if object::text(subject, "/name").is_empty() {
            errors.push(FieldError::required(format!("{at}.name"), ""));
        }
        let kind = object::text(subject, "/kind");
        let known = ["ServiceAccount", "User", "Group"];
        if !known.contains(&kind) {
            errors.push(FieldError::unsupported(format!("{at}.kind"), &Value::from(kind), &known));
        }
        if kind == "ServiceAccount" && object::text(subject, "/namespace").is_empty() {
            errors.push(FieldError::required(format!("{at}.namespace"), ""));
        }
    }
    if old.is_some_and(|old| old.get("roleRef") != binding.get("roleRef")) {
        let shown = binding.get("roleRef").cloned().unwrap_or_default();
        errors.push(FieldError::invalid("roleRef", &shown, "cannot change roleRef"));
    }
    errors
}
