//! Judging objects by the OpenAPI keywords of their schema, in the words of the real
//! server's validator.

use serde_json::Value;

use super::format;
use super::graph::item_keys;
use super::structural::{Kind, Structural};
use crate::builtin::whole;
use crate::field_error::{FieldError, FieldErrorKind};
use crate::strict::{TIME_HINT, is_rfc3339};
use crate::types::ListKind;

/// All violations below a value.
pub(super) fn validate(schema: &Structural, value: &Value, path: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    visit(schema, value, path, &mut errors);
    errors
}

fn visit(schema: &Structural, value: &Value, path: &str, errors: &mut Vec<FieldError>) {
    if value.is_null() && (schema.nullable || (schema.kind.is_none() && !schema.int_or_string)) {
        return;
    }
    if !check_kind(schema, value, path, errors) {
        return;
    }
    check_allowed(schema, value, path, errors);
    match value {
        Value::String(text) => check_string(schema, text, path, errors),
        Value::Number(number) => check_number(schema, number, path, errors),
        Value::Array(items) => check_list(schema, items, path, errors),
        Value::Object(_) => check_object(schema, value, path, errors),
        Value::Null | Value::Bool(_) => {}
    }
    check_junctors(schema, value, path, errors);
}

/// The type's name as the validator has it; a whole number is an integer.
fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if is_whole(number) => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn is_whole(number: &serde_json::Number) -> bool {
    number.is_i64() || number.is_u64() || number.as_f64().is_some_and(|n| n.fract() == 0.0)
}

fn wrong_type(path: &str, wanted: &str, got: &str) -> FieldError {
    let detail = format!("{path} in body must be of type {wanted}: \"{got}\"");
    FieldError::type_invalid(path, &Value::from(got), &detail)
}

/// An error that the validator can't place: the field is `<nil>`.
fn placeless(detail: &str) -> FieldError {
    FieldError::invalid("<nil>", &Value::from(""), detail)
}

fn check_kind(
    schema: &Structural,
    value: &Value,
    path: &str,
    errors: &mut Vec<FieldError>,
) -> bool {
    let got = type_name(value);
    if schema.int_or_string {
        let fits = matches!(got, "integer" | "string");
        if !fits {
            errors.push(wrong_type(path, "integer,string", got));
        }
        return fits;
    }
    let Some(kind) = schema.kind else { return true };
    let wanted = kind.name();
    let fits = got == wanted || (kind == Kind::Number && got == "integer");
    if !fits {
        errors.push(wrong_type(path, wanted, got));
        if kind == Kind::Integer && got == "number" {
            let detail =
                format!("Checked value must be of type integer (default format) in {path}");
            errors.push(placeless(&detail));
        }
    }
    fits
}

fn check_allowed(schema: &Structural, value: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let Some(allowed) = schema.checks.allowed.as_ref().filter(|a| !a.contains(value)) else {
        return;
    };
    let shown: Vec<String> =
        allowed.iter().map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned)).collect();
    let shown: Vec<&str> = shown.iter().map(String::as_str).collect();
    errors.push(FieldError::unsupported(path, value, &shown));
}

fn check_string(schema: &Structural, text: &str, path: &str, errors: &mut Vec<FieldError>) {
    let value = Value::from(text);
    let length = text.chars().count() as u64;
    let checks = &schema.checks;
    match checks.lengths {
        (_, Some(max)) if length > max => {
            errors.push(FieldError::too_long(path, usize::try_from(max).unwrap_or(usize::MAX)));
        }
        (Some(min), _) if length < min => {
            let detail = format!("{path} in body should be at least {min} chars long");
            errors.push(FieldError::invalid(path, &value, &detail));
        }
        _ => {
            if let Some((pattern, Some(regex))) = &checks.pattern
                && !regex.is_match(text)
            {
                let detail = format!("{path} in body should match '{pattern}'");
                errors.push(FieldError::invalid(path, &value, &detail));
            }
        }
    }
    if !format::fits(&checks.format, text) {
        let wanted = &checks.format;
        let mut detail = format!("{path} in body must be of type {wanted}: \"{text}\"");
        if wanted == "date-time" && is_rfc3339(text, false) {
            detail.push_str(&format!("; {TIME_HINT}"));
        }
        errors.push(FieldError::type_invalid(path, &value, &detail));
    }
}

fn check_number(
    schema: &Structural,
    number: &serde_json::Number,
    path: &str,
    errors: &mut Vec<FieldError>,
) {
    let value = Value::Number(number.clone());
    let exact = number.as_f64().unwrap_or_default();
    let checks = &schema.checks;
    let mut refuse = |detail: String| errors.push(FieldError::invalid(path, &value, &detail));
    if let Some((step, shown)) = &checks.multiple_of {
        let times = exact / step;
        if (times - times.round()).abs() > 1e-9 {
            refuse(format!("{path} in body should be a multiple of {shown}"));
        }
    }
    if let Some((max, shown, exclusive)) = &checks.maximum {
        if *exclusive && exact >= *max {
            refuse(format!("{path} in body should be less than {shown}"));
        } else if exact > *max {
            refuse(format!("{path} in body should be less than or equal to {shown}"));
        }
    }
    if let Some((min, shown, exclusive)) = &checks.minimum {
        if *exclusive && exact <= *min {
            refuse(format!("{path} in body should be greater than {shown}"));
        } else if exact < *min {
            refuse(format!("{path} in body should be greater than or equal to {shown}"));
        }
    }
    if schema.kind == Some(Kind::Integer) || schema.int_or_string {
        let fits = match checks.format.as_str() {
            "int32" => exact >= f64::from(i32::MIN) && exact <= f64::from(i32::MAX),
            _ => whole(number).is_some(),
        };
        if !fits && !matches!(checks.format.as_str(), "int32" | "int64") {
            let (min, max) = (i64::MIN, i64::MAX);
            refuse(format!(
                "{path} in body must fit 64 bits; use a whole number from {min} to {max}"
            ));
        } else if !fits {
            let format = &checks.format;
            let detail =
                format!("Checked value must be of type integer with format {format} in {path}");
            errors.push(placeless(&detail));
        }
    }
}

fn too_many(path: &str, actual: usize, max: u64) -> FieldError {
    FieldError::too_many(path, actual, usize::try_from(max).unwrap_or(usize::MAX))
}

fn check_list(schema: &Structural, items: &[Value], path: &str, errors: &mut Vec<FieldError>) {
    let count = items.len();
    let (min, max) = schema.checks.items;
    if let Some(min) = min.filter(|min| (count as u64) < *min) {
        let detail = format!("{path} in body should have at least {min} items");
        errors.push(FieldError::invalid(path, &Value::from(count), &detail));
    }
    if let Some(max) = max.filter(|max| count as u64 > *max) {
        errors.push(too_many(path, count, max));
    }
    if let Some(below) = &schema.items {
        for (index, item) in items.iter().enumerate() {
            visit(below, item, &format!("{path}[{index}]"), errors);
        }
    }
    check_duplicates(schema, items, path, errors);
}

fn check_duplicates(
    schema: &Structural,
    items: &[Value],
    path: &str,
    errors: &mut Vec<FieldError>,
) {
    let mut seen = std::collections::HashSet::new();
    for (index, item) in items.iter().enumerate() {
        let Some(key) = item_keys(&schema.list.0, item) else { return };
        if !seen.insert(key) {
            let shown = match &schema.list.0 {
                ListKind::Map(keys) => {
                    let mut keys: Vec<&str> = keys.iter().map(|k| &**k).collect();
                    keys.sort_unstable();
                    let fields = keys
                        .into_iter()
                        .filter_map(|key| Some((key.to_owned(), item.get(key)?.clone())));
                    Value::Object(fields.collect())
                }
                ListKind::Set | ListKind::Atomic => item.clone(),
            };
            errors.push(FieldError::duplicate(format!("{path}[{index}]"), &shown));
        }
    }
}

fn check_object(schema: &Structural, value: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let Some(fields) = value.as_object() else { return };
    let (min, max) = schema.checks.properties;
    if let Some(min) = min.filter(|min| (fields.len() as u64) < *min) {
        let detail = format!("{path} in body should have at least {min} properties");
        errors.push(FieldError::invalid(path, &Value::from(fields.len()), &detail));
    }
    if let Some(max) = max.filter(|max| fields.len() as u64 > *max) {
        errors.push(too_many(path, fields.len(), max));
    }
    let embedded: &[&str] = if schema.embedded { &["apiVersion", "kind"] } else { &[] };
    let required =
        schema.checks.required.iter().map(String::as_str).chain(embedded.iter().copied());
    for name in required.filter(|name| !fields.contains_key(*name)) {
        errors.push(FieldError::required(joined(path, name), ""));
    }
    for (name, value) in fields {
        if let Some(below) = schema.field(name) {
            visit(below, value, &joined(path, name), errors);
        }
    }
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn check_junctors(schema: &Structural, value: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let checks = &schema.checks;
    let tried = |list: &[Structural]| -> Vec<Vec<FieldError>> {
        list.iter().map(|schema| validate(schema, value, path)).collect()
    };
    let any = tried(&checks.any_of);
    if !any.is_empty() && !any.iter().any(Vec::is_empty) {
        let detail = format!("\"{path}\" must validate at least one schema (anyOf)");
        errors.push(placeless(&detail));
        errors.extend(best(any));
    }
    let one = tried(&checks.one_of);
    let fitting = one.iter().filter(|errors| errors.is_empty()).count();
    if !one.is_empty() && fitting != 1 {
        let found = match fitting {
            0 => "Found none valid".to_owned(),
            many => format!("Found {many} valid alternatives"),
        };
        let detail = format!("\"{path}\" must validate one and only one schema (oneOf). {found}");
        errors.push(placeless(&detail));
        if fitting == 0 {
            errors.extend(best(one));
        }
    }
    let all = tried(&checks.all_of);
    if all.iter().any(|errors| !errors.is_empty()) {
        errors.extend(all.into_iter().flatten());
        let detail = format!("\"{path}\" must validate all the schemas (allOf)");
        errors.push(placeless(&detail));
    }
    if let Some(not) = &checks.not
        && validate(not, value, path).is_empty()
    {
        let detail = format!("\"{path}\" must not validate the schema (not)");
        errors.push(placeless(&detail));
    }
}

/// The errors of the alternative that came nearest.
fn best(tried: Vec<Vec<FieldError>>) -> Vec<FieldError> {
    tried.into_iter().min_by_key(Vec::len).unwrap_or_default()
}

/// Whether errors are such that rules can't be run on the value.
pub(super) fn blocks_rules(errors: &[FieldError]) -> bool {
    errors.iter().any(|error| {
        matches!(
            error.kind,
            FieldErrorKind::Unsupported
                | FieldErrorKind::Required
                | FieldErrorKind::TooLong
                | FieldErrorKind::TooMany
                | FieldErrorKind::TypeInvalid
        )
    })
}
