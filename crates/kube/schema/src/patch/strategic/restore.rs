//! Whether a patched object still has the server's types, in the words that the server
//! has for strategic patches.

use serde_json::Value;

use crate::types::{Node, Scalar, Schema};

/// The first value that can't be put into its type.
pub(super) fn mismatch(schema: &Schema, value: &Value) -> Option<String> {
    match (schema.node(), value) {
        (_, Value::Null) | (Node::Scalar(Scalar::Any), _) => None,
        (Node::Struct(_) | Node::Map { .. }, Value::Object(fields)) => fields
            .iter()
            .find_map(|(name, value)| schema.field(name).and_then(|below| mismatch(&below, value))),
        (Node::List { items, .. }, Value::Array(list)) => {
            let below = schema.at(*items);
            list.iter().find_map(|value| mismatch(&below, value))
        }
        (Node::Struct(_), other) => Some(format!("cannot restore struct from: {}", kind(other))),
        (Node::Map { .. }, other) => Some(format!("cannot restore map from {}", kind(other))),
        (Node::List { .. }, other) => Some(format!("cannot restore slice from {}", kind(other))),
        (Node::Scalar(scalar), other) => {
            let wanted = match scalar {
                Scalar::String | Scalar::Bytes if !other.is_string() => "string",
                Scalar::Bool if !other.is_boolean() => "bool",
                Scalar::Int32 if !other.is_number() => "int32",
                Scalar::Int64 if !other.is_number() => "int64",
                Scalar::Float if !other.is_number() => "float64",
                _ => return None,
            };
            Some(format!("cannot convert {} to {wanted}", kind(other)))
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nil",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "slice",
        Value::Object(_) => "map",
    }
}
