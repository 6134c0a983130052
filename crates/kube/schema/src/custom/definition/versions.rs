//! The versions of a definition: their names, and what each declares beside its schema.

use std::collections::HashSet;

use serde_json::Value;

use super::names::refused;
use super::{defaults, flag, items, keywords, rules, structure, text};
use crate::field_error::{FieldError, FieldErrorKind};
use crate::jsonpath::JsonPath;
use crate::names::dns1035_label;

/// Types of a column, as OpenAPI has them and `date`.
const COLUMN_TYPES: [&str; 5] = ["boolean", "date", "integer", "number", "string"];
const COLUMN_FORMATS: [&str; 8] =
    ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];
/// The most selectable fields of a version (Kubernetes API reference).
const MAX_SELECTABLE: usize = 8;

/// A part of a version and where errors say that it is.
struct Part<'v> {
    at: String,
    value: &'v Value,
    version: &'v Value,
}

pub(super) fn validate(definition: &Value) -> Vec<FieldError> {
    let versions = items(definition, "/spec/versions");
    let schemas = parts(versions, "schema", "validation");
    let mut errors = missing_schemas(versions);
    errors.extend(version_names(versions));
    errors.extend(schemas.iter().flat_map(schema));
    errors.extend(
        parts(versions, "subresources", "subresources")
            .iter()
            .flat_map(|part| scale(part.value, &part.at)),
    );
    errors.extend(
        parts(versions, "selectableFields", "selectableFields").iter().flat_map(selectable),
    );
    errors.extend(
        parts(versions, "additionalPrinterColumns", "additionalPrinterColumns")
            .iter()
            .flat_map(columns),
    );
    errors
}

/// A part that is the same in all versions is told of once, as if it were a part of
/// the spec: so the real server's own types have it.
fn parts<'v>(versions: &'v [Value], field: &str, shared: &str) -> Vec<Part<'v>> {
    let given = |version: &'v Value| version.get(field).filter(|value| !value.is_null());
    let Some(first) = versions.first() else { return Vec::new() };
    if versions.iter().all(|version| given(version) == given(first)) {
        let value = given(first);
        let part = |value| Part { at: format!("spec.{shared}"), value, version: first };
        return value.map(part).into_iter().collect();
    }
    let part = |(index, version)| {
        Some(Part {
            at: format!("spec.versions[{index}].{field}"),
            value: given(version)?,
            version,
        })
    };
    versions.iter().enumerate().filter_map(part).collect()
}

fn missing_schemas(versions: &[Value]) -> Vec<FieldError> {
    let missing = |version: &Value| {
        version.pointer("/schema/openAPIV3Schema").is_none_or(|schema| !schema.is_object())
    };
    let positions = versions.iter().enumerate().filter(|(_, version)| missing(version));
    positions
        .map(|(index, _)| {
            FieldError::required(format!("spec.versions[{index}].schema.openAPIV3Schema"), "")
        })
        .collect()
}

fn version_names(versions: &[Value]) -> Vec<FieldError> {
    const FIELD: &str = "spec.versions";
    let mut errors = Vec::new();
    let mut seen = HashSet::new();
    for (index, version) in versions.iter().enumerate() {
        let name = text(version, "/name");
        errors.extend(refused(&format!("{FIELD}[{index}].name"), name, dns1035_label(name)));
        seen.insert(name);
    }
    let all = Value::from(versions);
    if seen.len() < versions.len() {
        errors.push(FieldError::invalid(FIELD, &all, "must contain unique version names"));
    }
    if versions.iter().filter(|version| flag(version, "/storage")).count() != 1 {
        let detail = "must have exactly one version marked as storage version";
        errors.push(FieldError::invalid(FIELD, &all, detail));
    }
    errors
}

/// Rules are only looked at in a schema that is otherwise right.
fn schema(part: &Part<'_>) -> Vec<FieldError> {
    let Some(schema) = part.value.get("openAPIV3Schema").filter(|s| s.is_object()) else {
        return Vec::new();
    };
    let at = format!("{}.openAPIV3Schema", part.at);
    let mut errors = keywords::check(schema, &at);
    // What is made of keywords that may not be there has no structure to judge.
    if !errors.iter().any(|error| error.kind == FieldErrorKind::Forbidden) {
        errors.extend(structure::check(schema, &at));
    }
    if errors.is_empty() {
        errors.extend(defaults::check(schema, &at));
    }
    if errors.is_empty() {
        errors.extend(rules::check(schema, &at));
    }
    errors
}

fn scale(subresources: &Value, at: &str) -> Vec<FieldError> {
    let Some(scale) = subresources.get("scale").filter(|scale| scale.is_object()) else {
        return Vec::new();
    };
    let below = |roots: &[&str], field: &str, detail: &str| {
        let path = text(scale, &format!("/{field}"));
        let field = format!("{at}.scale.{field}");
        match dotted(path) {
            Err(detail) => Some(FieldError::invalid(field, &path.into(), detail)),
            Ok(()) if roots.iter().any(|root| path.starts_with(root)) => None,
            Ok(()) => Some(FieldError::invalid(field, &path.into(), detail)),
        }
    };
    let mut errors = Vec::new();
    errors.extend(below(&[".spec."], "specReplicasPath", "should be a json path under .spec"));
    errors.extend(below(
        &[".status."],
        "statusReplicasPath",
        "should be a json path under .status",
    ));
    if !text(scale, "/labelSelectorPath").is_empty() {
        errors.extend(below(
            &[".spec.", ".status."],
            "labelSelectorPath",
            "should be a json path under either .spec or .status",
        ));
    }
    errors
}

/// Whether a path at least looks like one: the real server asks no more of a column.
fn dotted(path: &str) -> Result<(), &'static str> {
    match path.chars().next() {
        None => Err("must not be empty"),
        Some('.') => Ok(()),
        Some(_) => Err("must be a simple json path starting with ."),
    }
}

fn columns(part: &Part<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (index, column) in part.value.as_array().into_iter().flatten().enumerate() {
        let at = format!("{}[{index}]", part.at);
        if text(column, "/name").is_empty() {
            errors.push(FieldError::required(format!("{at}.name"), ""));
        }
        let (kind, format) = (text(column, "/type"), text(column, "/format"));
        if kind.is_empty() {
            let detail = format!("must be one of {}", COLUMN_TYPES.join(","));
            errors.push(FieldError::required(format!("{at}.type"), &detail));
        }
        for (field, value, known) in
            [("type", kind, &COLUMN_TYPES[..]), ("format", format, &COLUMN_FORMATS[..])]
        {
            if !value.is_empty() && !known.contains(&value) {
                let detail = format!("must be one of {}", known.join(","));
                let field = format!("{at}.{field}");
                errors.push(FieldError::invalid(field, &value.into(), &detail));
            }
        }
        let path = text(column, "/jsonPath");
        if let Err(detail) = dotted(path) {
            errors.push(FieldError::invalid(format!("{at}.JSONPath"), &path.into(), detail));
        }
    }
    errors
}

fn selectable(part: &Part<'_>) -> Vec<FieldError> {
    let fields = part.value.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut errors = Vec::new();
    let mut seen = HashSet::new();
    let schema = part.version.pointer("/schema/openAPIV3Schema").unwrap_or(&Value::Null);
    for (index, field) in fields.iter().enumerate() {
        let path = text(field, "/jsonPath");
        let at = format!("{}[{index}].jsonPath", part.at);
        if let Some(detail) = unselectable(schema, path) {
            let detail = format!("is an invalid path: {detail}");
            errors.push(FieldError::invalid(at, &path.into(), &detail));
        } else if !seen.insert(path) {
            errors.push(FieldError::duplicate(at, &path.into()));
        }
    }
    if fields.len() > MAX_SELECTABLE {
        errors.push(FieldError::too_many(part.at.as_str(), fields.len(), MAX_SELECTABLE));
    }
    errors
}

/// Why nothing can be selected by a path.
fn unselectable(schema: &Value, path: &str) -> Option<String> {
    let path = match JsonPath::parse(path) {
        Ok(path) => path,
        Err(detail) => return Some(detail),
    };
    let Some(names) = path.fields() else {
        return Some("must consist of field names alone".to_owned());
    };
    let mut at = Some(schema);
    for name in &names {
        at = at.and_then(|schema| schema.get("properties")?.get(*name));
    }
    let Some(field) = at else { return Some("does not refer to a valid field".to_owned()) };
    if names.first() == Some(&"metadata") {
        return Some("must not point to fields in metadata".to_owned());
    }
    let plain = matches!(text(field, "/type"), "string" | "boolean" | "integer");
    (!plain).then(|| "must point to a field of type string, boolean or integer".to_owned())
}
