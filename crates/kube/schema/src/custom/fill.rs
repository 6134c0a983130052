//! Defaults of custom resources.

use serde_json::Value;

use super::structural::Structural;

/// Fills in defaults: absent fields, and null ones that may not be null, get their
/// default; a null that may not be and has no default goes. In a nullable field null stays.
pub(super) fn fill(schema: &Structural, value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, value| {
                !value.is_null()
                    || schema.field(name).is_none_or(|s| s.nullable || s.default.is_some())
            });
            for (name, below) in &schema.properties {
                let Some(default) = &below.default else { continue };
                match fields.get_mut(name) {
                    None => {
                        fields.insert(name.clone(), default.clone());
                    }
                    Some(value) if value.is_null() && !below.nullable => *value = default.clone(),
                    Some(_) => {}
                }
            }
            for (name, value) in fields.iter_mut() {
                if let Some(below) = schema.field(name) {
                    fill(below, value);
                }
            }
        }
        Value::Array(items) => {
            if let Some(below) = &schema.items {
                items.iter_mut().for_each(|item| fill(below, item));
            }
        }
        _ => {}
    }
}
