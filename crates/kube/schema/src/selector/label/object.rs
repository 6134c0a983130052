//! LabelSelector objects: `matchLabels` and `matchExpressions`.

use serde_json::Value;

use super::{Requirement, Test};
use crate::field_error::FieldError;
use crate::names::{label_value, qualified_name, validate_labels};

pub(super) fn equalities(labels: &Value) -> Vec<Requirement> {
    let equality = |(key, value): (&String, &Value)| Requirement {
        key: key.clone(),
        test: Test::In(vec![value.as_str().unwrap_or_default().to_owned()]),
    };
    labels.as_object().into_iter().flatten().map(equality).collect()
}

pub(super) fn requirements(selector: &Value) -> std::result::Result<Vec<Requirement>, String> {
    let mut requirements = equalities(&selector["matchLabels"]);
    for expression in selector["matchExpressions"].as_array().into_iter().flatten() {
        let key = expression["key"].as_str().unwrap_or_default().to_owned();
        let mut values = texts(&expression["values"]);
        values.sort();
        let test = match expression["operator"].as_str().unwrap_or_default() {
            "In" => Test::In(values),
            "NotIn" => Test::NotIn(values),
            "Exists" => Test::Exists,
            "DoesNotExist" => Test::Missing,
            other => return Err(format!("\"{other}\" is not a valid label selector operator")),
        };
        requirements.push(Requirement { key, test });
    }
    Ok(requirements)
}

fn texts(values: &Value) -> Vec<String> {
    let list = values.as_array().into_iter().flatten();
    list.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Checks a LabelSelector object: operators, values, keys; `field` is its path.
pub fn validate(selector: &Value, field: &str) -> Vec<FieldError> {
    let mut errors = validate_labels(&selector["matchLabels"], &format!("{field}.matchLabels"));
    let expressions = selector["matchExpressions"].as_array().into_iter().flatten();
    for (index, expression) in expressions.enumerate() {
        let field = format!("{field}.matchExpressions[{index}]");
        errors.extend(validate_expression(expression, &field));
    }
    errors
}

fn validate_expression(expression: &Value, field: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let values = texts(&expression["values"]);
    let at_values = format!("{field}.values");
    match expression["operator"].as_str().unwrap_or_default() {
        "In" | "NotIn" if values.is_empty() => {
            let detail = "must be specified when `operator` is 'In' or 'NotIn'";
            errors.push(FieldError::required(at_values.as_str(), detail));
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => {
            let detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
            errors.push(FieldError::forbidden(at_values.as_str(), detail));
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
        _ => {
            let operator = expression.get("operator").cloned().unwrap_or_else(|| "".into());
            let detail = "not a valid selector operator";
            errors.push(FieldError::invalid(format!("{field}.operator"), &operator, detail));
        }
    }
    let key = expression["key"].as_str().unwrap_or_default();
    for reason in qualified_name(key) {
        errors.push(FieldError::invalid(format!("{field}.key"), &key.into(), &reason));
    }
    for (index, value) in values.iter().enumerate() {
        for reason in label_value(value) {
            let field = format!("{at_values}[{index}]");
            errors.push(FieldError::invalid(field, &value.as_str().into(), &reason));
        }
    }
    errors
}
