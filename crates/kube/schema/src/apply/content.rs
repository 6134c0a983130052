//! The set of fields that a value sets.

use serde_json::Value;

use super::walk::{Shape, declares, field_element, item_element, shape};
use crate::managed::{FieldSet, PathElement};
use crate::types::Schema;

/// All fields of a value: leaves, empty maps, list items and map entries.
pub(super) fn content(schema: &Schema, value: &Value) -> FieldSet {
    let mut set = FieldSet::default();
    visit(schema, value, &mut Vec::new(), &mut set);
    set
}

fn visit(schema: &Schema, value: &Value, path: &mut Vec<PathElement>, set: &mut FieldSet) {
    match shape(schema, value) {
        Shape::Leaf => set.insert(path),
        Shape::Fields(fields) => {
            for (name, value) in fields {
                let Some(below) = schema.field(name) else { continue };
                path.push(field_element(name));
                visit(&below, value, path, set);
                let empty = value.is_null() || value.as_object().is_some_and(|o| o.is_empty());
                if empty || !declares(schema, name) {
                    set.insert(path);
                }
                path.pop();
            }
        }
        Shape::Items(items) => {
            let Some(below) = schema.items() else { return };
            for item in items {
                let Ok(element) = item_element(schema, item) else { continue };
                path.push(element);
                set.insert(path);
                if item.is_object() {
                    visit(&below, item, path, set);
                }
                path.pop();
            }
        }
    }
}
