//! Definitions of custom resources, from the schemas that people wrote.

use serde_json::{Map, Value, json};

use super::{CustomKind, META, definition_name, labelled, list_of, reference};
use crate::gvk::Gvk;

/// The kind and its list, each with its name.
pub(super) fn definitions(kind: &CustomKind<'_>) -> [(String, Value); 2] {
    let name = definition_name(&kind.gvk);
    let own = match kind.schema {
        Some(schema) => completed(schema, true),
        None => resource(Map::from_iter([
            ("type".to_owned(), "object".into()),
            ("x-kubernetes-preserve-unknown-fields".to_owned(), true.into()),
        ])),
    };
    let list_gvk = list_of(&kind.gvk);
    let list = list(&kind.gvk, &name);
    [(name, marked(own, &kind.gvk)), (definition_name(&list_gvk), marked(list, &list_gvk))]
}

fn marked(mut definition: Value, gvk: &Gvk) -> Value {
    definition["x-kubernetes-group-version-kind"] = json!([labelled(gvk)]);
    definition
}

fn list(item: &Gvk, item_name: &str) -> Value {
    let mut properties = system(&format!("{META}ListMeta"));
    properties.insert(
        "items".to_owned(),
        json!({
            "description": format!("The {} objects.", item.kind),
            "type": "array",
            "items": reference(item_name),
        }),
    );
    json!({
        "description": format!("{0}List is a list of {0}.", item.kind),
        "type": "object",
        "required": ["items"],
        "properties": properties,
    })
}

/// A schema with what every resource has, wherever there is one.
fn completed(schema: &Value, is_resource: bool) -> Value {
    let Value::Object(fields) = schema else { return schema.clone() };
    let mut fields = fields.clone();
    if let Some(Value::Object(properties)) = fields.get_mut("properties") {
        for property in properties.values_mut() {
            *property = completed(property, false);
        }
    }
    for keyword in ["items", "additionalProperties"] {
        if let Some(part) = fields.get_mut(keyword) {
            *part = completed(part, false);
        }
    }
    let embedded = fields.get("x-kubernetes-embedded-resource") == Some(&Value::Bool(true));
    if is_resource || embedded { resource(fields) } else { Value::Object(fields) }
}

fn resource(mut fields: Map<String, Value>) -> Value {
    let declared = match fields.shift_remove("properties") {
        Some(Value::Object(declared)) => declared,
        _ => Map::new(),
    };
    let mut properties = system(&format!("{META}ObjectMeta"));
    for (name, property) in declared {
        properties.entry(name).or_insert(property);
    }
    fields.insert("properties".to_owned(), properties.into());
    Value::Object(fields)
}

fn system(metadata: &str) -> Map<String, Value> {
    let text = |description: &str| json!({"description": description, "type": "string"});
    Map::from_iter([
        (
            "apiVersion".to_owned(),
            text("The group and version of the schema that this object follows."),
        ),
        ("kind".to_owned(), text("The kind of object, in CamelCase. Cannot be changed.")),
        (
            "metadata".to_owned(),
            json!({"description": "Standard metadata.", "allOf": [reference(metadata)]}),
        ),
    ])
}
