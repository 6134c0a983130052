//! Defaults and whole numbers of custom resources.

use serde_json::Value;

use super::structural::{Kind, Structural};
use crate::builtin::whole;

/// Fills in defaults: absent fields, and null ones that may not be null, get their
/// default; a null that may not be and has no default goes. In a nullable field null stays.
/// Whole numbers become integers as in [`whole_numbers`].
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
                match schema.field(name) {
                    Some(below) => fill(below, value),
                    None => whole_numbers(value),
                }
            }
        }
        Value::Array(items) => {
            items.iter_mut().for_each(|item| match &schema.items {
                Some(below) => fill(below, item),
                None => whole_numbers(item),
            });
        }
        Value::Number(_) if schema.kind != Some(Kind::Number) => whole_numbers(value),
        _ => {}
    }
}

/// Writes `1.0` as `1`, as Go does, also where no schema says what a value is. Clients read
/// such numbers into integers, and one that they can't read costs them the whole list.
fn whole_numbers(value: &mut Value) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(whole_numbers),
        Value::Array(items) => items.iter_mut().for_each(whole_numbers),
        Value::Number(number) => {
            if let Some(integer) = whole(number) {
                *value = integer.into();
            }
        }
        _ => {}
    }
}
