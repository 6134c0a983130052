//! A schema's keywords, one node at a time: which may stand there, and with what value.

use regex::Regex;
use serde_json::Value;

use super::{flag, items, text};
use crate::field_error::FieldError;

const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];
/// Keywords of JSON Schema that definitions may not use.
const UNSUPPORTED: [&str; 6] =
    ["$ref", "additionalItems", "definitions", "dependencies", "id", "patternProperties"];

/// What is wrong with the keywords of a schema and of those below it.
pub(super) fn check(schema: &Value, at: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    visit(schema, at, &mut errors);
    errors
}

/// The schemas that restrict the same value, with their paths.
pub(super) fn restricting<'v>(schema: &'v Value, at: &str) -> Vec<(String, &'v Value)> {
    let mut found = Vec::new();
    for keyword in ["allOf", "anyOf", "oneOf"] {
        for (index, part) in items(schema, &format!("/{keyword}")).iter().enumerate() {
            found.push((format!("{at}.{keyword}[{index}]"), part));
        }
    }
    if let Some(not) = schema.get("not").filter(|not| not.is_object()) {
        found.push((format!("{at}.not"), not));
    }
    found
}

/// The schemas of what a value contains, with their paths.
pub(super) fn nested<'v>(schema: &'v Value, at: &str) -> Vec<(String, &'v Value)> {
    let mut found = Vec::new();
    for (name, property) in
        schema.get("properties").and_then(Value::as_object).into_iter().flatten()
    {
        found.push((format!("{at}.properties[{name}]"), property));
    }
    for keyword in ["items", "additionalProperties"] {
        if let Some(part) = schema.get(keyword).filter(|part| part.is_object()) {
            found.push((format!("{at}.{keyword}"), part));
        }
    }
    found
}

fn visit(schema: &Value, at: &str, errors: &mut Vec<FieldError>) {
    unsupported(schema, at, errors);
    kind(schema, at, errors);
    pattern(schema, at, errors);
    list(schema, at, errors);
    map(schema, at, errors);
    for (at, part) in nested(schema, at).into_iter().chain(restricting(schema, at)) {
        visit(part, &at, errors);
    }
}

fn unsupported(schema: &Value, at: &str, errors: &mut Vec<FieldError>) {
    for keyword in UNSUPPORTED {
        if schema.get(keyword).is_some_and(|value| !value.is_null()) {
            let detail = format!("{keyword} is not supported");
            errors.push(FieldError::forbidden(format!("{at}.{keyword}"), &detail));
        }
    }
    if flag(schema, "/uniqueItems") {
        let detail =
            "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
        errors.push(FieldError::forbidden(format!("{at}.uniqueItems"), detail));
    }
    if schema.get("x-kubernetes-preserve-unknown-fields") == Some(&Value::Bool(false)) {
        let field = format!("{at}.x-kubernetes-preserve-unknown-fields");
        errors.push(FieldError::invalid(field, &false.into(), "must be true or undefined"));
    }
}

fn kind(schema: &Value, at: &str, errors: &mut Vec<FieldError>) {
    match text(schema, "/type") {
        "" => {}
        "null" => errors.push(FieldError::forbidden(
            format!("{at}.type"),
            "type cannot be set to null, use nullable as an alternative",
        )),
        "array" => match schema.get("items") {
            Some(Value::Array(_)) => errors.push(FieldError::forbidden(
                format!("{at}.items"),
                "items must be a schema object and not an array",
            )),
            Some(Value::Object(_)) => {}
            _ => errors.push(FieldError::required(format!("{at}.items"), "must be specified")),
        },
        known if TYPES.contains(&known) => {}
        other => {
            errors.push(FieldError::unsupported(format!("{at}.type"), &other.into(), &TYPES));
        }
    }
}

fn pattern(schema: &Value, at: &str, errors: &mut Vec<FieldError>) {
    let pattern = text(schema, "/pattern");
    let Err(error) = Regex::new(pattern) else { return };
    let error = error.to_string();
    let reason = error.rsplit("error: ").next().unwrap_or_default().trim();
    let reason = match (reason, pattern.rfind('[')) {
        ("unclosed character class", Some(open)) => {
            format!("missing closing ]: `{}`", &pattern[open..])
        }
        _ => reason.to_owned(),
    };
    let detail =
        format!("must be a valid regular expression, but isn't: error parsing regexp: {reason}");
    errors.push(FieldError::invalid(format!("{at}.pattern"), &pattern.into(), &detail));
}

fn list(schema: &Value, at: &str, errors: &mut Vec<FieldError>) {
    let kind = text(schema, "/x-kubernetes-list-type");
    let keys = items(schema, "/x-kubernetes-list-map-keys");
    let keys_at = format!("{at}.x-kubernetes-list-map-keys");
    if !kind.is_empty() && text(schema, "/type") != "array" {
        let value = schema.get("type").cloned().unwrap_or_else(|| "".into());
        let detail = "must be array if x-kubernetes-list-type is specified";
        errors.push(FieldError::invalid(format!("{at}.type"), &value, detail));
    }
    match kind {
        "map" => {
            if keys.is_empty() {
                let detail = "must not be empty if x-kubernetes-list-type is map";
                errors.push(FieldError::required(keys_at, detail));
            }
            for (index, key) in keys.iter().filter_map(Value::as_str).enumerate() {
                list_key(schema, at, (index, key), errors);
            }
            return;
        }
        "set" => set(schema, at, errors),
        "" | "atomic" => {}
        other => errors.push(FieldError::unsupported(
            format!("{at}.x-kubernetes-list-type"),
            &other.into(),
            &["atomic", "map", "set"],
        )),
    }
    if !keys.is_empty() {
        let detail = "must be empty if x-kubernetes-list-type is not map";
        errors.push(FieldError::forbidden(keys_at, detail));
    }
}

/// A key must be a plain property that each item has.
fn list_key(schema: &Value, at: &str, (index, key): (usize, &str), errors: &mut Vec<FieldError>) {
    let property = schema.pointer("/items/properties").and_then(|all| all.get(key));
    let Some(property) = property else {
        let field = format!("{at}.x-kubernetes-list-map-keys[{index}]");
        let detail = "entries must all be names of item properties";
        errors.push(FieldError::invalid(field, &key.into(), detail));
        return;
    };
    let property_at = format!("{at}.items.properties[{key}]");
    if matches!(text(property, "/type"), "array" | "object") {
        let detail = "must be a scalar type if parent array's x-kubernetes-list-type is map";
        errors.push(FieldError::invalid(
            format!("{property_at}.type"),
            &text(property, "/type").into(),
            detail,
        ));
    }
    let is_required = items(schema, "/items/required").iter().any(|name| name == key);
    if !is_required && property.get("default").is_none_or(Value::is_null) {
        let detail = "this property is in x-kubernetes-list-map-keys, so it must have a default \
                      or be a required property";
        errors.push(FieldError::required(format!("{property_at}.default"), detail));
    }
}

/// Items of a set are compared as a whole.
fn set(schema: &Value, at: &str, errors: &mut Vec<FieldError>) {
    let item = &schema["items"];
    let (field, wanted) = match text(item, "/type") {
        "object" => ("x-kubernetes-map-type", &["atomic"][..]),
        "array" => ("x-kubernetes-list-type", &["atomic", ""][..]),
        _ => return,
    };
    let given = item.get(field).cloned().unwrap_or(Value::Null);
    if !wanted.contains(&given.as_str().unwrap_or_default()) {
        let detail = "must be atomic as item of a list with x-kubernetes-list-type=set";
        errors.push(FieldError::invalid(format!("{at}.items.{field}"), &given, detail));
    }
}

fn map(schema: &Value, at: &str, errors: &mut Vec<FieldError>) {
    match text(schema, "/x-kubernetes-map-type") {
        "" | "atomic" | "granular" => {}
        other => errors.push(FieldError::unsupported(
            format!("{at}.x-kubernetes-map-type"),
            &other.into(),
            &["atomic", "granular"],
        )),
    }
    let has_properties = schema
        .get("properties")
        .and_then(Value::as_object)
        .is_some_and(|properties| !properties.is_empty());
    let additional = schema.get("additionalProperties");
    if has_properties && additional.is_some_and(|additional| !additional.is_null()) {
        let detail = if additional == Some(&Value::Bool(false)) {
            "additionalProperties cannot be set to false"
        } else {
            "additionalProperties and properties are mutual exclusive"
        };
        errors.push(FieldError::forbidden(format!("{at}.additionalProperties"), detail));
    }
}
