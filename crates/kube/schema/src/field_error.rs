//! Errors about one field of an object, in Kubernetes's words.
//!
//! Knows the wording (`spec.x: Invalid value: 3: must be …`) and the cause
//! reasons; does not know which fields are wrong.

use std::fmt;

use serde_json::Value;

use crate::gvk::quote;

/// Which rule was broken; decides the cause reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FieldErrorKind {
    NotFound,
    Required,
    Duplicate,
    Invalid,
    Unsupported,
    Forbidden,
    TooLong,
    TooMany,
    Internal,
    TypeInvalid,
}

impl FieldErrorKind {
    /// `Status.details.causes[].reason`.
    pub fn reason(self) -> &'static str {
        match self {
            FieldErrorKind::NotFound => "FieldValueNotFound",
            FieldErrorKind::Required => "FieldValueRequired",
            FieldErrorKind::Duplicate => "FieldValueDuplicate",
            FieldErrorKind::Invalid => "FieldValueInvalid",
            FieldErrorKind::Unsupported => "FieldValueNotSupported",
            FieldErrorKind::Forbidden => "FieldValueForbidden",
            FieldErrorKind::TooLong => "FieldValueTooLong",
            FieldErrorKind::TooMany => "FieldValueTooMany",
            FieldErrorKind::Internal => "InternalError",
            FieldErrorKind::TypeInvalid => "FieldValueTypeInvalid",
        }
    }
}

/// One cause of a 422. `Display` is `field: message`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    pub kind: FieldErrorKind,
    /// `spec.template.spec.containers[0].image`
    pub field: String,
    /// Without the field: `Invalid value: "x": must be y`.
    pub message: String,
}

impl FieldError {
    /// `Required value` with an optional detail (empty for none).
    pub fn required(field: impl Into<String>, detail: &str) -> FieldError {
        Self::build(FieldErrorKind::Required, field, "Required value".to_owned(), detail)
    }

    /// `Invalid value: <value>: <detail>`; strings are quoted, objects are printed as JSON.
    pub fn invalid(field: impl Into<String>, value: &Value, detail: &str) -> FieldError {
        let head = format!("Invalid value: {}", printed(value));
        Self::build(FieldErrorKind::Invalid, field, head, detail)
    }

    /// As [`FieldError::invalid`], with the reason for a wrong type.
    pub fn type_invalid(field: impl Into<String>, value: &Value, detail: &str) -> FieldError {
        let head = format!("Invalid value: {}", printed(value));
        Self::build(FieldErrorKind::TypeInvalid, field, head, detail)
    }

    /// `Unsupported value: "x": supported values: "a", "b"`.
    pub fn unsupported(field: impl Into<String>, value: &Value, allowed: &[&str]) -> FieldError {
        let head = format!("Unsupported value: {}", printed(value));
        let list: Vec<String> = allowed.iter().map(|a| quote(a)).collect();
        let detail = if list.is_empty() {
            String::new()
        } else {
            format!("supported values: {}", list.join(", "))
        };
        Self::build(FieldErrorKind::Unsupported, field, head, &detail)
    }

    /// `Forbidden: <detail>`.
    pub fn forbidden(field: impl Into<String>, detail: &str) -> FieldError {
        Self::build(FieldErrorKind::Forbidden, field, "Forbidden".to_owned(), detail)
    }

    /// `Duplicate value: <value>`.
    pub fn duplicate(field: impl Into<String>, value: &Value) -> FieldError {
        let head = format!("Duplicate value: {}", printed(value));
        Self::build(FieldErrorKind::Duplicate, field, head, "")
    }

    /// `Not found: <value>`.
    pub fn not_found(field: impl Into<String>, value: &Value) -> FieldError {
        let head = format!("Not found: {}", printed(value));
        Self::build(FieldErrorKind::NotFound, field, head, "")
    }

    /// `Too long: may not be more than <max> bytes`.
    pub fn too_long(field: impl Into<String>, max: usize) -> FieldError {
        let detail = format!("may not be more than {max} bytes");
        Self::build(FieldErrorKind::TooLong, field, "Too long".to_owned(), &detail)
    }

    /// `Too many: <actual>: must have at most <max> items`.
    pub fn too_many(field: impl Into<String>, actual: usize, max: usize) -> FieldError {
        let detail = format!("must have at most {max} items");
        Self::build(FieldErrorKind::TooMany, field, format!("Too many: {actual}"), &detail)
    }

    /// `Internal error: <detail>`.
    pub fn internal(field: impl Into<String>, detail: &str) -> FieldError {
        Self::build(FieldErrorKind::Internal, field, "Internal error".to_owned(), detail)
    }

    /// (reason, message, field) as in `Status.details.causes`.
    pub fn cause(&self) -> (String, String, String) {
        (self.kind.reason().to_owned(), self.message.clone(), self.field.clone())
    }

    fn build(
        kind: FieldErrorKind,
        field: impl Into<String>,
        head: String,
        detail: &str,
    ) -> FieldError {
        let message = if detail.is_empty() { head } else { format!("{head}: {detail}") };
        FieldError { kind, field: field.into(), message }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

/// The text after `is invalid: `: one error bare, several as `[a, b]`, repeated ones once.
pub fn aggregate(errors: &[FieldError]) -> String {
    let mut texts: Vec<String> = Vec::with_capacity(errors.len());
    for error in errors {
        let text = error.to_string();
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    match texts.as_slice() {
        [only] => only.clone(),
        _ => format!("[{}]", texts.join(", ")),
    }
}

fn printed(value: &Value) -> String {
    match value {
        Value::String(text) => quote(text),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn words_follow_kubernetes() {
        let required = FieldError::required("spec.x", "");
        assert_eq!(required.to_string(), "spec.x: Required value");
        let invalid = FieldError::invalid("a", &json!("b\"c"), "no");
        assert_eq!(invalid.to_string(), r#"a: Invalid value: "b\"c": no"#);
        assert_eq!(aggregate(&[required.clone(), required.clone()]), "spec.x: Required value");
        assert!(aggregate(&[required, invalid]).starts_with("[spec.x: Required value, a: "));
    }
}
