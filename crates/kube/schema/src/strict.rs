//! Reading objects: duplicate and unknown fields, and values of a wrong type.
//!
//! Gives lists of problems in the server's words; whether they become warnings or
//! an error (`fieldValidation`) is the caller's business.

mod decode;
mod mismatch;

use serde_json::Value;

pub use decode::{Decoded, decode_json};
pub use mismatch::check_types;
pub(crate) use mismatch::{TIME_HINT, is_rfc3339, is_time};

use crate::types::{Node, Schema};

/// Unknown fields of a value that is already parsed (a patched object):
/// `unknown field "spec.foo"` each.
pub fn unknown_fields(schema: &Schema, object: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    collect_unknown(schema, object, "", &mut problems);
    problems
}

fn collect_unknown(schema: &Schema, value: &Value, path: &str, problems: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let below = joined(path, name);
                match schema.field(name) {
                    Some(field) => collect_unknown(&field, value, &below, problems),
                    None if matches!(schema.node(), Node::Struct(_)) => {
                        problems.push(format!("unknown field \"{below}\""));
                    }
                    None => {}
                }
            }
        }
        Value::Array(items) => {
            let Some(schema) = schema.items() else { return };
            for (index, item) in items.iter().enumerate() {
                collect_unknown(&schema, item, &format!("{path}[{index}]"), problems);
            }
        }
        _ => {}
    }
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
