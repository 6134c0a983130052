//! The columns that a CustomResourceDefinition declares.

use serde_json::{Value, json};

use super::age;
use crate::custom::CustomKind;
use crate::custom::kind::Column;
use crate::object;

pub fn definitions(kind: &CustomKind) -> Vec<Value> {
    let mut list = vec![
        json!({"name": "Name", "type": "string", "format": "name", "description": "The name of the object.", "priority": 0}),
    ];
    if kind.columns.is_empty() {
        list.push(json!({"name": "Age", "type": "date", "format": "", "description": "How long ago the object was made.", "priority": 0}));
    }
    list.extend(kind.columns.iter().map(|column| {
        let description = if column.description.is_empty() {
            format!("Custom resource definition column (in JSONPath format): {}", column.source)
        } else {
            column.description.clone()
        };
        json!({"name": column.name, "type": column.kind, "format": column.format, "description": description, "priority": column.priority})
    }));
    list
}

pub fn cells(kind: &CustomKind, object: &Value) -> Vec<Value> {
    let mut cells = vec![Value::from(object::name(object))];
    if kind.columns.is_empty() {
        cells.push(age::since(object.pointer("/metadata/creationTimestamp")).into());
    }
    cells.extend(kind.columns.iter().map(|column| cell(column, object)));
    cells
}

/// A value as its declared type; null where it is missing or of another type.
fn cell(column: &Column, object: &Value) -> Value {
    let found = column.path.find(object);
    let Some(value) = found.first() else { return Value::Null };
    match column.kind.as_str() {
        "integer" => value
            .as_i64()
            .or_else(|| value.as_f64().map(|number| number as i64))
            .map_or(Value::Null, Value::from),
        "number" => value.as_f64().map_or(Value::Null, Value::from),
        "boolean" => value.as_bool().map_or(Value::Null, Value::from),
        "date" => age::moment(Some(value)).map_or(Value::Null, |_| age::since(Some(value)).into()),
        _ => match value {
            Value::String(text) => text.as_str().into(),
            Value::Null => Value::Null,
            other => other.to_string().into(),
        },
    }
}
