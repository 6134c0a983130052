//! The round trip of an object through the server's own types.

use serde_json::{Map, Number, Value};

use crate::quantity;
use crate::types::{Field, Node, Scalar, Schema, Struct};

/// What the real server's own types do to an object on its way through them:
/// unknown fields and nulls go, quantities become canonical, empty optional lists
/// and maps go, structs by value (`resources`, `strategy`, `status`) appear as `{}`,
/// and so do required texts and numbers as `""` and `0`.
/// `metadata.managedFields` is left alone: an empty list there has a meaning.
/// Expects a value that passed [`crate::strict::check_types`]. Idempotent.
pub fn normalize(schema: &Schema, object: &mut Value) {
    match (schema.node(), object) {
        (Node::Struct(structure), Value::Object(fields)) => {
            structure_fields(schema, structure, fields)
        }
        (Node::Map { values, .. }, Value::Object(entries)) => {
            let values = schema.at(*values);
            entries.retain(|_, value| !value.is_null());
            for value in entries.values_mut() {
                normalize(&values, value);
            }
        }
        (Node::List { items, .. }, Value::Array(list)) => {
            let items = schema.at(*items);
            for item in list {
                normalize(&items, item);
            }
        }
        (Node::Scalar(scalar), value) => normalize_scalar(*scalar, value),
        _ => {}
    }
}

fn structure_fields(schema: &Schema, structure: &Struct, fields: &mut Map<String, Value>) {
    fields.retain(|name, value| structure.fields.contains_key(&**name) && !value.is_null());
    for (name, value) in fields.iter_mut() {
        let field = &structure.fields[&**name];
        if name != "managedFields" {
            normalize(&schema.at(field.node), value);
        }
    }
    fields.retain(|name, value| {
        let field = &structure.fields[&**name];
        name == "managedFields" || field.required || !is_empty_container(schema, field, value)
    });
    let mut missing: Vec<(&str, Value)> = structure
        .fields
        .iter()
        .filter(|(name, _)| !fields.contains_key(&***name))
        .filter_map(|(name, field)| Some((&**name, zero(schema, field)?)))
        .collect();
    missing.sort_by_key(|(name, _)| *name);
    for (name, value) in missing {
        fields.insert(name.to_owned(), value);
    }
}

/// The value that Go encodes for a field that nobody set; `None` if it leaves it out.
fn zero(schema: &Schema, field: &Field) -> Option<Value> {
    if field.inline_struct {
        let node = schema.at(field.node);
        let mut value = Value::Object(Map::new());
        return match node.node() {
            Node::Struct(_) => {
                normalize(&node, &mut value);
                Some(value)
            }
            _ => None,
        };
    }
    match &field.default {
        Some(Value::String(text)) if field.required && text.is_empty() => Some(Value::from("")),
        Some(Value::Number(number)) if field.required && number.as_i64() == Some(0) => {
            Some(Value::from(0))
        }
        Some(Value::Bool(false)) if field.required => Some(Value::Bool(false)),
        _ => None,
    }
}

fn is_empty_container(schema: &Schema, field: &Field, value: &Value) -> bool {
    match (schema.at(field.node).node(), value) {
        (Node::List { .. }, Value::Array(list)) => list.is_empty(),
        (Node::Map { .. }, Value::Object(entries)) => entries.is_empty(),
        _ => false,
    }
}

fn normalize_scalar(scalar: Scalar, value: &mut Value) {
    match (scalar, &*value) {
        (Scalar::Quantity, Value::String(text)) => {
            let canonical = quantity::canonical(text);
            if canonical != *text {
                *value = Value::String(canonical);
            }
        }
        (Scalar::Quantity, Value::Number(number)) => {
            *value = Value::String(quantity::canonical(&number.to_string()));
        }
        (Scalar::Int32 | Scalar::Int64 | Scalar::IntOrString, Value::Number(number)) => {
            if let Some(integer) = whole(number).filter(|_| !number.is_i64()) {
                *value = integer.into();
            }
        }
        _ => {}
    }
}

/// The integer that a number is, also one written `1.0`. The limit is a round number within
/// int64, at whose end doubles are too coarse to tell.
pub(crate) fn whole(number: &Number) -> Option<i64> {
    number.as_i64().or_else(|| {
        number.as_f64().filter(|n| n.fract() == 0.0 && n.abs() < 9e18).map(|n| n as i64)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::builtin::schema;
    use crate::gvk::Gvk;

    #[test]
    fn whole_numbers_are_integers() {
        let service = schema(&Gvk::new("", "v1", "Service")).expect("Service");
        let mut object = json!({"spec": {"ports": [{"port": 80.0, "targetPort": 8080.0}]}});
        normalize(&service, &mut object);
        assert_eq!(object["spec"]["ports"], json!([{"port": 80, "targetPort": 8080}]));
    }

    #[test]
    fn a_pod_comes_out_as_the_server_stores_it() {
        let pod = schema(&Gvk::new("", "v1", "Pod")).expect("Pod");
        let mut object = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "labels": {}},
            "bogus": 1, "spec": {"nodeName": null, "containers": [{"name": "c", "args": [],
            "resources": {"limits": {"cpu": 0.1, "memory": "1024Mi"}}}], "volumes": [{"name": "v",
            "emptyDir": {}}]}});
        normalize(&pod, &mut object);
        let wanted = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
            "spec": {"containers": [{"name": "c",
            "resources": {"limits": {"cpu": "100m", "memory": "1Gi"}}}], "volumes": [{"name": "v",
            "emptyDir": {}}]}, "status": {}});
        assert_eq!(object, wanted);
        normalize(&pod, &mut object);
        assert_eq!(object, wanted);
    }
}
