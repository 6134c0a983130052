//! Defaults in a schema must be values that the schema itself would accept.

use serde_json::Value;

use super::keywords::nested;
use crate::custom::structural::Structural;
use crate::custom::{prune, validate};
use crate::field_error::FieldError;

pub(super) fn check(schema: &Value, at: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if let Some(default) = schema.get("default").filter(|default| !default.is_null()) {
        errors.extend(judge(schema, default, &format!("{at}.default")));
    }
    errors.extend(nested(schema, at).into_iter().flat_map(|(at, part)| check(part, &at)));
    errors
}

fn judge(schema: &Value, default: &Value, at: &str) -> Vec<FieldError> {
    let structural = Structural::parse(schema);
    let mut pruned = default.clone();
    if !prune::prune_value(&structural, &mut pruned).is_empty() {
        return vec![FieldError::invalid(at, default, "must not have unknown fields")];
    }
    let mut errors = validate::validate(&structural, default, "");
    for error in &mut errors {
        error.field = match error.field.as_str() {
            "" => at.to_owned(),
            below if below.starts_with(['[', '<']) => format!("{at}{below}"),
            below => format!("{at}.{below}"),
        };
    }
    errors
}
