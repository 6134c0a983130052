//! Dropping what a schema doesn't know.

use serde_json::Value;

use super::structural::Structural;
use crate::builtin;
use crate::strict;

const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// Drops unknown fields of a whole object (or embedded resource) and returns their paths.
pub(super) fn prune_resource(schema: &Structural, object: &mut Value) -> Vec<String> {
    let mut dropped = Vec::new();
    prune(schema, object, "", true, &mut dropped);
    dropped
}

/// As [`prune_resource`], of a value inside an object.
pub(super) fn prune_value(schema: &Structural, value: &mut Value) -> Vec<String> {
    let mut dropped = Vec::new();
    prune(schema, value, "", schema.embedded, &mut dropped);
    dropped
}

fn prune(
    schema: &Structural,
    value: &mut Value,
    path: &str,
    is_resource: bool,
    dropped: &mut Vec<String>,
) {
    match value {
        Value::Object(fields) => {
            if let Some(metadata) = fields.get_mut("metadata").filter(|_| is_resource) {
                prune_metadata(metadata, path, dropped);
            }
            let open = schema.preserve || schema.any_additional;
            let system =
                |name: &str| is_resource && matches!(name, "apiVersion" | "kind" | "metadata");
            fields.retain(|name, value| {
                if system(name) {
                    return true;
                }
                let below = joined(path, name);
                match schema.field(name) {
                    Some(field) => prune(field, value, &below, field.embedded, dropped),
                    None if open => {}
                    None => {
                        dropped.push(below);
                        return false;
                    }
                }
                true
            });
        }
        Value::Array(items) => {
            let Some(below) = &schema.items else { return };
            for (index, item) in items.iter_mut().enumerate() {
                prune(below, item, &format!("{path}[{index}]"), below.embedded, dropped);
            }
        }
        _ => {}
    }
}

/// Metadata has the built-in type: its unknown fields go, its nulls and empty maps too.
fn prune_metadata(metadata: &mut Value, path: &str, dropped: &mut Vec<String>) {
    let Some(schema) = builtin::definition(OBJECT_META) else { return };
    for problem in strict::unknown_fields(&schema, metadata) {
        let name = problem.trim_start_matches("unknown field \"").trim_end_matches('"');
        dropped.push(joined(path, &format!("metadata.{name}")));
    }
    builtin::normalize(&schema, metadata);
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
