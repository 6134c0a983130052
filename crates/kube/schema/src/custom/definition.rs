//! CustomResourceDefinition objects themselves.
//!
//! [`default`] fills in, [`validate`] judges. What is said about names is in `names`,
//! about a version's columns, subresources and selectable fields in `versions`; a
//! schema is judged keyword by keyword in `keywords`, as a structural whole in
//! `structure`, by its own defaults in `defaults` and its rules in `rules`. Does not
//! know other definitions: whether names are free is the server's to find out.

mod defaults;
mod keywords;
mod names;
mod rules;
mod structure;
mod versions;

use serde_json::{Map, Value, json};

use crate::field_error::FieldError;

/// Fills in `spec.names.singular`, `listKind`, `spec.conversion` and
/// `status.storedVersions` as the real server does on create.
///
/// Also on update, where the version that is to be stored from now on joins
/// `status.storedVersions`. Idempotent.
pub fn default(definition: &mut Value) {
    let storage: Vec<Value> = items(definition, "/spec/versions")
        .iter()
        .filter(|version| flag(version, "/storage"))
        .map(|version| version["name"].clone())
        .collect();
    if let Some(spec) = definition.get_mut("spec").and_then(Value::as_object_mut) {
        default_spec(spec);
    }
    let Some(fields) = definition.as_object_mut() else { return };
    let status = fields.entry("status").or_insert_with(|| json!({}));
    let Some(status) = status.as_object_mut() else { return };
    status.entry("conditions").or_insert(Value::Null);
    status.entry("acceptedNames").or_insert_with(|| json!({"plural": "", "kind": ""}));
    let stored = status.entry("storedVersions").or_insert_with(|| json!([]));
    if stored.is_null() {
        *stored = json!([]);
    }
    let Some(stored) = stored.as_array_mut() else { return };
    for name in storage {
        if !stored.contains(&name) {
            stored.push(name);
        }
    }
}

fn default_spec(spec: &mut Map<String, Value>) {
    if spec.get("conversion").is_none_or(Value::is_null) {
        spec.insert("conversion".to_owned(), json!({"strategy": "None"}));
    }
    let Some(names) = spec.get_mut("names").and_then(Value::as_object_mut) else { return };
    let kind = names.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
    if kind.is_empty() {
        return;
    }
    for (field, name) in [("singular", kind.to_lowercase()), ("listKind", format!("{kind}List"))] {
        if names.get(field).and_then(Value::as_str).unwrap_or_default().is_empty() {
            names.insert(field.to_owned(), name.into());
        }
    }
}

/// Everything that is wrong with a definition, in the server's words.
pub fn validate(definition: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = names::object_name(definition);
    errors.extend(names::group(definition, old));
    errors.extend(scope(definition));
    errors.extend(versions::validate(definition));
    errors.extend(names::names(definition));
    errors.extend(conversion(definition));
    errors.extend(stored_versions(definition));
    if let Some(old) = old.filter(|old| is_established(old)) {
        errors.extend(unchanged(definition, old));
    }
    errors
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn flag(value: &Value, pointer: &str) -> bool {
    value.pointer(pointer) == Some(&Value::Bool(true))
}

fn items<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    value.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn scope(definition: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    match text(definition, "/spec/scope") {
        "" => errors.push(FieldError::required("spec.scope", "")),
        "Cluster" | "Namespaced" => {}
        other => errors.push(FieldError::unsupported(
            "spec.scope",
            &other.into(),
            &["Cluster", "Namespaced"],
        )),
    }
    if flag(definition, "/spec/preserveUnknownFields") {
        errors.push(FieldError::invalid(
            "spec.preserveUnknownFields",
            &true.into(),
            "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in \
             spec.versions[*].schema instead",
        ));
    }
    errors
}

fn conversion(definition: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let webhook = definition.pointer("/spec/conversion/webhook").filter(|hook| !hook.is_null());
    match text(definition, "/spec/conversion/strategy") {
        "" => errors.push(FieldError::required("spec.conversion.strategy", "")),
        "None" if webhook.is_some() => errors.push(FieldError::forbidden(
            "spec.conversion.webhookClientConfig",
            "should not be set when strategy is not set to Webhook",
        )),
        "None" => {}
        "Webhook" => {
            if webhook.is_none_or(|hook| !hook["clientConfig"].is_object()) {
                let detail = "required when strategy is set to Webhook";
                errors.push(FieldError::required("spec.conversion.webhookClientConfig", detail));
            }
            if webhook.is_none_or(|hook| items(hook, "/conversionReviewVersions").is_empty()) {
                errors.push(FieldError::required("spec.conversion.conversionReviewVersions", ""));
            }
        }
        other => errors.push(FieldError::unsupported(
            "spec.conversion.strategy",
            &other.into(),
            &["None", "Webhook"],
        )),
    }
    errors
}

/// What was ever stored must still be readable.
fn stored_versions(definition: &Value) -> Vec<FieldError> {
    const FIELD: &str = "status.storedVersions";
    let stored = items(definition, "/status/storedVersions");
    if stored.is_empty() {
        let detail = "must have at least one stored version";
        return vec![FieldError::invalid(FIELD, &Value::Null, detail)];
    }
    let mut errors = Vec::new();
    let mut left: Vec<&str> = stored.iter().filter_map(Value::as_str).collect();
    for version in items(definition, "/spec/versions") {
        let name = text(version, "/name");
        match left.iter().position(|one| *one == name) {
            Some(at) => {
                left.remove(at);
            }
            None if flag(version, "/storage") => {
                let detail = format!("must have the storage version {name}");
                errors.push(FieldError::invalid(FIELD, &stored.into(), &detail));
            }
            None => {}
        }
    }
    for (index, name) in stored.iter().filter_map(Value::as_str).enumerate() {
        if left.contains(&name) {
            let detail = format!(
                "missing from spec.versions; {name} was previously a storage version, and must \
                 remain in spec.versions until a storage migration ensures no data remains \
                 persisted in {name} and removes {name} from status.storedVersions"
            );
            let field = format!("{FIELD}[{index}]");
            errors.push(FieldError::invalid(field, &name.into(), &detail));
        }
    }
    errors
}

fn is_established(definition: &Value) -> bool {
    items(definition, "/status/conditions").iter().any(|condition| {
        text(condition, "/type") == "Established" && text(condition, "/status") == "True"
    })
}

/// Objects are stored under these.
fn unchanged(definition: &Value, old: &Value) -> Vec<FieldError> {
    ["/spec/group", "/spec/scope", "/spec/names/kind", "/spec/names/plural"]
        .into_iter()
        .filter(|pointer| definition.pointer(pointer) != old.pointer(pointer))
        .map(|pointer| {
            let value = definition.pointer(pointer).unwrap_or(&Value::Null);
            let field = pointer.trim_start_matches('/').replace('/', ".");
            FieldError::invalid(field, value, "field is immutable")
        })
        .collect()
}
