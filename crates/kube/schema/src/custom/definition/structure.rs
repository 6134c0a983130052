//! Whether a schema is structural
//! (<https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema>):
//! every value has a type where it is declared, and `allOf`, `anyOf`, `oneOf`, `not`
//! only restrict what is declared.

use serde_json::Value;

use super::keywords::{nested, restricting};
use super::{flag, text};
use crate::field_error::FieldError;

/// Where a schema stands: the words for a missing type differ.
#[derive(Clone, Copy, PartialEq)]
enum Level {
    Root,
    Field,
    Item,
}

pub(super) fn check(schema: &Value, at: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    visit(schema, at, Level::Root, &mut errors);
    errors
}

fn visit(schema: &Value, at: &str, level: Level, errors: &mut Vec<FieldError>) {
    for (at, part) in nested(schema, at) {
        let level = if at.ends_with(".items") { Level::Item } else { Level::Field };
        visit(part, &at, level, errors);
    }
    for (part_at, part) in restricting(schema, at) {
        restriction(part, (&part_at, schema), at, errors);
    }
    kind(schema, at, level, errors);
    if level == Level::Root || flag(schema, "/x-kubernetes-embedded-resource") {
        resource(schema, at, level, errors);
    }
}

fn kind(schema: &Value, at: &str, level: Level, errors: &mut Vec<FieldError>) {
    let kind = text(schema, "/type");
    let typeless = flag(schema, "/x-kubernetes-int-or-string")
        || flag(schema, "/x-kubernetes-preserve-unknown-fields");
    let field = format!("{at}.type");
    match (kind, level) {
        ("", Level::Root) => {
            errors.push(FieldError::required(field, "must not be empty at the root"));
        }
        ("object", Level::Root) => {}
        (other, Level::Root) => {
            errors.push(FieldError::invalid(field, &other.into(), "must be object at the root"));
        }
        ("", Level::Field) if !typeless => errors
            .push(FieldError::required(field, "must not be empty for specified object fields")),
        ("", Level::Item) if !typeless => {
            errors.push(FieldError::required(field, "must not be empty for specified array items"))
        }
        _ => {}
    }
}

/// An object of its own, with metadata that nobody may declare anew.
fn resource(schema: &Value, at: &str, level: Level, errors: &mut Vec<FieldError>) {
    if level != Level::Root {
        if text(schema, "/type") != "object" {
            let detail = "must be object if x-kubernetes-embedded-resource is true";
            let kind = Value::from(text(schema, "/type"));
            errors.push(FieldError::invalid(format!("{at}.type"), &kind, detail));
        }
        let empty = schema.get("properties").is_none_or(|properties| !properties.is_object());
        if empty && !flag(schema, "/x-kubernetes-preserve-unknown-fields") {
            let detail = "must not be empty if x-kubernetes-embedded-resource is true without \
                          x-kubernetes-preserve-unknown-fields";
            errors.push(FieldError::required(format!("{at}.properties"), detail));
        }
    }
    let metadata = schema.pointer("/properties/metadata").and_then(Value::as_object);
    let allowed = |name: &str| matches!(name, "name" | "generateName");
    let fits = metadata.is_none_or(|metadata| {
        metadata.iter().all(|(keyword, value)| match (keyword.as_str(), value) {
            ("type", kind) => kind == "object",
            ("description", _) => true,
            ("properties", Value::Object(properties)) => {
                properties.keys().all(|name| allowed(name))
            }
            ("required", Value::Array(names)) => {
                names.iter().all(|name| name.as_str().is_some_and(allowed))
            }
            _ => false,
        })
    });
    if !fits {
        let detail = "must not specify anything other than name and generateName, but metadata \
                      is implicitly specified";
        errors.push(FieldError::forbidden(format!("{at}.properties[metadata]"), detail));
    }
}

/// A schema that only restricts: declares nothing, and speaks of nothing undeclared.
fn restriction(
    part: &Value,
    (part_at, declared): (&str, &Value),
    at: &str,
    errors: &mut Vec<FieldError>,
) {
    let given = |keyword: &str| part.get(keyword).is_some_and(|value| !value.is_null());
    let either = flag(declared, "/x-kubernetes-int-or-string");
    for (keyword, detail) in [
        ("description", "must be empty to be structural"),
        ("type", "must be empty to be structural"),
        ("title", "must be empty to be structural"),
        ("default", "must be undefined to be structural"),
        ("additionalProperties", "must be undefined to be structural"),
        ("x-kubernetes-preserve-unknown-fields", "must be undefined to be structural"),
        ("x-kubernetes-list-type", "must be undefined to be structural"),
        ("x-kubernetes-list-map-keys", "must be empty to be structural"),
        ("x-kubernetes-map-type", "must be undefined to be structural"),
        ("x-kubernetes-validations", "must be empty to be structural"),
    ] {
        // The one exception: the two types of an integer or string may be spelt out.
        let spelt = either && keyword == "type";
        if given(keyword) && !spelt {
            errors.push(FieldError::forbidden(format!("{part_at}.{keyword}"), detail));
        }
    }
    for keyword in ["nullable", "x-kubernetes-embedded-resource", "x-kubernetes-int-or-string"] {
        if flag(part, &format!("/{keyword}")) {
            let detail = "must be false to be structural";
            errors.push(FieldError::forbidden(format!("{part_at}.{keyword}"), detail));
        }
    }
    for (below_at, below_part) in nested(part, part_at) {
        let place = &below_at[part_at.len()..];
        let path = format!("{at}{place}");
        match counterpart(declared, place) {
            Some(below) => restriction(below_part, (&below_at, below), &path, errors),
            None => {
                let detail = format!("because it is defined in {below_at}");
                errors.push(FieldError::required(path, &detail));
            }
        }
    }
    for (inner_at, inner) in restricting(part, part_at) {
        restriction(inner, (&inner_at, declared), at, errors);
    }
}

/// What is declared at `.properties[x]`, `.items` or `.additionalProperties`.
fn counterpart<'v>(declared: &'v Value, place: &str) -> Option<&'v Value> {
    let property = place.strip_prefix(".properties[").and_then(|rest| rest.strip_suffix(']'));
    match property {
        Some(name) => declared.get("properties")?.get(name),
        None => declared.get(place.trim_start_matches('.')),
    }
    .filter(|schema| schema.is_object())
}
