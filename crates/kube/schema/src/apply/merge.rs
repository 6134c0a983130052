//! The applied configuration on top of the live object.

use serde_json::{Map, Value};

use super::walk::{Shape, item_element, shape};
use crate::managed::PathElement;
use crate::types::Schema;

/// Merges: fields of the configuration win, lists merge by their keys.
pub(super) fn merge(schema: &Schema, live: &Value, config: &Value) -> Value {
    match (shape(schema, live), shape(schema, config)) {
        (Shape::Fields(live), Shape::Fields(config)) => {
            let mut merged = live.clone();
            for (name, value) in config {
                let value = match (schema.field(name), live.get(name)) {
                    (Some(below), Some(live)) => merge(&below, live, value),
                    _ => value.clone(),
                };
                merged.insert(name.clone(), value);
            }
            Value::Object(merged)
        }
        (Shape::Items(live), Shape::Items(config)) => {
            Value::Array(merge_items(schema, live, config))
        }
        // An empty container applied where nothing is written differently is kept as applied.
        (_, _) => config.clone(),
    }
}

/// Items of the configuration keep their order; items of the live list alone keep
/// their place before what follows them.
fn merge_items(schema: &Schema, live: &[Value], config: &[Value]) -> Vec<Value> {
    let Some(below) = schema.items() else { return config.to_vec() };
    let element = |item: &Value| item_element(schema, item).ok();
    let left: Vec<Option<PathElement>> = live.iter().map(element).collect();
    let right: Vec<Option<PathElement>> = config.iter().map(element).collect();
    let mut merged = Vec::with_capacity(live.len().max(config.len()));
    let (mut l, mut r) = (0, 0);
    while l < left.len() || r < right.len() {
        if l < left.len() {
            if r < right.len() && left[l] == right[r] {
                merged.push(merge(&below, &live[l], &config[r]));
                l += 1;
                r += 1;
                continue;
            }
            if !right.contains(&left[l]) {
                merged.push(live[l].clone());
                l += 1;
                continue;
            }
            if r >= right.len() || left.contains(&right[r]) && right[..r].contains(&left[l]) {
                // Came already where the configuration has it.
                l += 1;
                continue;
            }
        }
        match left.iter().position(|e| *e == right[r]) {
            Some(at) => merged.push(merge(&below, &live[at], &config[r])),
            None => merged.push(config[r].clone()),
        }
        r += 1;
    }
    merged
}

/// The value without the members of a set; containers that become empty go too.
pub(super) fn remove(
    schema: &Schema,
    value: &Value,
    set: &crate::managed::FieldSet,
) -> Option<Value> {
    match shape(schema, value) {
        Shape::Leaf => Some(value.clone()),
        Shape::Fields(fields) => {
            let mut kept = Map::new();
            for (name, value) in fields {
                let (gone, below) = set.at(&super::walk::field_element(name));
                if gone {
                    continue;
                }
                let value = match (below, schema.field(name)) {
                    (Some(below), Some(schema)) => match remove(&schema, value, below) {
                        Some(value) => value,
                        None => continue,
                    },
                    _ => value.clone(),
                };
                kept.insert(name.clone(), value);
            }
            (!kept.is_empty() || fields.is_empty()).then_some(Value::Object(kept))
        }
        Shape::Items(items) => {
            let below = schema.items()?;
            let mut kept = Vec::with_capacity(items.len());
            for item in items {
                let Ok(element) = item_element(schema, item) else {
                    kept.push(item.clone());
                    continue;
                };
                match set.at(&element) {
                    (true, _) => {}
                    (false, Some(set)) => kept.extend(remove(&below, item, set)),
                    (false, None) => kept.push(item.clone()),
                }
            }
            (!kept.is_empty() || items.is_empty()).then_some(Value::Array(kept))
        }
    }
}
