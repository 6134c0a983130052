//! Whether an applied configuration fits its type, in the words of the real server's
//! structured merge.

use serde_json::Value;

use super::walk::item_element;
use crate::managed::PathElement;
use crate::types::{ListKind, Node, Scalar, Schema};

/// All complaints, joined; `Err` is the part after `failed to create typed patch object (…): `.
pub(super) fn check(schema: &Schema, value: &Value) -> std::result::Result<(), String> {
    let mut complaints = Vec::new();
    visit(schema, value, "", &mut complaints);
    match complaints.as_slice() {
        [] => Ok(()),
        [only] => Err(only.clone()),
        many => Err(format!("errors:\n  {}", many.join("\n  "))),
    }
}

fn visit(schema: &Schema, value: &Value, path: &str, complaints: &mut Vec<String>) {
    match (schema.node(), value) {
        (_, Value::Null) | (Node::Scalar(Scalar::Any), _) => {}
        (Node::Struct(_) | Node::Map { .. }, Value::Object(fields)) => {
            for (name, value) in fields {
                let path = format!("{path}.{name}");
                match schema.field(name) {
                    Some(below) => visit(&below, value, &path, complaints),
                    None => complaints.push(format!("{path}: field not declared in schema")),
                }
            }
        }
        (Node::Struct(_) | Node::Map { .. }, other) => {
            complaints.push(format!("{path}: expected map, got {}", shown(other)));
        }
        (Node::List { items, kind }, Value::Array(list)) => {
            let below = schema.at(*items);
            let mut seen: Vec<PathElement> = Vec::with_capacity(list.len());
            for (index, item) in list.iter().enumerate() {
                let element = match kind {
                    ListKind::Atomic => PathElement::Index(index),
                    ListKind::Set | ListKind::Map(_) => match item_element(schema, item) {
                        Ok(element) => element,
                        Err(complaint) => {
                            complaints.push(format!("{path}: element {index}: {complaint}"));
                            continue;
                        }
                    },
                };
                let shown = element.shown();
                if seen.contains(&element) {
                    complaints.push(format!("{path}: duplicate entries for key {shown}"));
                }
                visit(&below, item, &format!("{path}{shown}"), complaints);
                seen.push(element);
            }
        }
        (Node::List { .. }, other) => {
            complaints.push(format!("{path}: expected list, got {}", shown(other)));
        }
        (Node::Scalar(scalar), value) => {
            if let Some(wanted) = misfit(*scalar, value) {
                complaints.push(format!("{path}: expected {wanted}, got {}", shown(value)));
            }
        }
    }
}

fn misfit(scalar: Scalar, value: &Value) -> Option<&'static str> {
    match scalar {
        Scalar::Int32 | Scalar::Int64 | Scalar::Float => {
            (!value.is_number()).then_some("numeric (int or float)")
        }
        Scalar::String | Scalar::Bytes | Scalar::Time | Scalar::MicroTime => {
            (!value.is_string()).then_some("string")
        }
        Scalar::Bool => (!value.is_boolean()).then_some("boolean"),
        Scalar::Quantity | Scalar::IntOrString => {
            (value.is_array() || value.is_object()).then_some("scalar")
        }
        Scalar::Any => None,
    }
}

/// The kind of a value, as Go prints its type.
fn shown(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "map",
    }
}
