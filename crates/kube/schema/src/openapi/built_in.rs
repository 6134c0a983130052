//! Definitions of the built-in types, from the type graph.

use std::collections::HashMap;
use std::sync::OnceLock;

use serde_json::{Map, Value, json};

use super::{META, descriptions, labelled, reference};
use crate::builtin;
use crate::gvk::Gvk;
use crate::types::{Field, ListKind, Node, Scalar, Schema, Struct};

const INT_OR_STRING: &str = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";
const QUANTITY: &str = "io.k8s.apimachinery.pkg.api.resource.Quantity";
/// Types that may hold any JSON value, not only an object.
const FREE: [&str; 4] =
    ["JSON", "JSONSchemaPropsOrArray", "JSONSchemaPropsOrBool", "JSONSchemaPropsOrStringArray"];

/// The definition's name of a built-in kind.
pub(super) fn name(gvk: &Gvk) -> Option<String> {
    match builtin::schema(gvk)?.node() {
        Node::Struct(structure) => Some(structure.name.to_string()),
        _ => None,
    }
}

/// A definition by name. Those that every group version has are labelled with the one that
/// is asked for.
pub(super) fn definition(name: &str, (group, version): (&str, &str)) -> Option<Value> {
    let Some(schema) = builtin::definition(name) else { return scalar_definition(name) };
    let Node::Struct(structure) = schema.node() else { return None };
    let mut definition = object(&schema, structure);
    let short = name.strip_prefix(META).unwrap_or_default();
    let kinds: Vec<Value> = if matches!(short, "DeleteOptions" | "WatchEvent") {
        vec![labelled(&Gvk::new(group, version, short))]
    } else {
        kinds_of(name).iter().map(|gvk| labelled(gvk)).collect()
    };
    if !kinds.is_empty() {
        definition.insert("x-kubernetes-group-version-kind".to_owned(), kinds.into());
    }
    Some(Value::Object(definition))
}

fn kinds_of(name: &str) -> &'static [&'static Gvk] {
    static KINDS: OnceLock<HashMap<String, Vec<&Gvk>>> = OnceLock::new();
    let kinds = KINDS.get_or_init(|| {
        let mut kinds: HashMap<String, Vec<&Gvk>> = HashMap::new();
        for gvk in builtin::kinds() {
            kinds.entry(self::name(gvk).unwrap_or_default()).or_default().push(gvk);
        }
        kinds.values_mut().for_each(|gvks| gvks.sort());
        kinds
    });
    kinds.get(name).map(Vec::as_slice).unwrap_or_default()
}

/// The types that have a name but no fields.
fn scalar_definition(name: &str) -> Option<Value> {
    let short = name.rsplit('.').next().unwrap_or_default();
    let mut definition = match name {
        INT_OR_STRING => json!({
            "format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]}),
        QUANTITY => json!({"oneOf": [{"type": "string"}, {"type": "number"}]}),
        _ if matches!(short, "Time" | "MicroTime") => {
            json!({"type": "string", "format": "date-time"})
        }
        _ if FREE.contains(&short) => json!({}),
        _ if name.starts_with("io.k8s.") => json!({"type": "object"}),
        _ => return None,
    };
    if let Some(description) = descriptions::of(name) {
        definition["description"] = description.into();
    }
    Some(definition)
}

fn object(schema: &Schema, structure: &Struct) -> Map<String, Value> {
    let mut fields: Vec<(&str, &Field)> =
        structure.fields.iter().map(|(name, field)| (&**name, field)).collect();
    fields.sort_by_key(|(name, _)| *name);
    let mut definition = Map::new();
    if let Some(description) = descriptions::of(&structure.name) {
        definition.insert("description".to_owned(), description.into());
    }
    definition.insert("type".to_owned(), "object".into());
    let required: Vec<&str> =
        fields.iter().filter(|(_, field)| field.required).map(|(name, _)| *name).collect();
    if !required.is_empty() {
        definition.insert("required".to_owned(), required.into());
    }
    let properties: Map<String, Value> = fields
        .into_iter()
        .map(|(name, field)| {
            let described = descriptions::of_field(&structure.name, name);
            (name.to_owned(), property(schema, field, described))
        })
        .collect();
    definition.insert("properties".to_owned(), properties.into());
    if structure.atomic {
        definition.insert("x-kubernetes-map-type".to_owned(), "atomic".into());
    }
    definition
}

fn property(schema: &Schema, field: &Field, described: Option<&Value>) -> Value {
    let kind = type_of(&schema.at(field.node), described);
    let mut property = Map::new();
    if let Some(description) = described.and_then(|described| described.get("description")) {
        property.insert("description".to_owned(), description.clone());
    }
    let default = match (&field.default, field.inline_struct) {
        (_, true) => Some(json!({})),
        (default, false) => default.clone(),
    };
    if let Some(default) = default {
        property.insert("default".to_owned(), default);
    }
    if !field.allowed.is_empty() {
        property.insert("enum".to_owned(), field.allowed.split('|').collect());
    }
    let strategy = &field.strategy;
    let strategies: Vec<&str> = [
        ("merge", strategy.merge),
        ("replace", strategy.replace),
        ("retainKeys", strategy.retain_keys),
    ]
    .into_iter()
    .filter_map(|(name, applies)| applies.then_some(name))
    .collect();
    if !strategies.is_empty() {
        let strategies = strategies.join(",");
        property.insert("x-kubernetes-patch-strategy".to_owned(), strategies.into());
    }
    if let Some(key) = &strategy.merge_key {
        property.insert("x-kubernetes-patch-merge-key".to_owned(), (&**key).into());
    }
    match kind {
        // In v3 a reference may have nothing beside it.
        Value::Object(kind) if kind.contains_key("$ref") && !property.is_empty() => {
            property.insert("allOf".to_owned(), json!([kind]));
        }
        Value::Object(kind) => property.extend(kind),
        _ => {}
    }
    Value::Object(property)
}

fn type_of(schema: &Schema, described: Option<&Value>) -> Value {
    match schema.node() {
        Node::Scalar(scalar) => scalar_type(*scalar, described),
        Node::Struct(structure) => reference(&structure.name),
        Node::Map { values, atomic } => {
            let described = described.and_then(|described| described.get("additionalProperties"));
            let mut map = json!({
                "type": "object",
                "additionalProperties": type_of(&schema.at(*values), described),
            });
            if *atomic {
                map["x-kubernetes-map-type"] = "atomic".into();
            }
            map
        }
        Node::List { items, kind } => {
            let described = described.and_then(|described| described.get("items"));
            let mut list =
                json!({"type": "array", "items": type_of(&schema.at(*items), described)});
            let kind = match kind {
                ListKind::Atomic => "atomic",
                ListKind::Set => "set",
                ListKind::Map(keys) => {
                    let keys: Vec<&str> = keys.iter().map(|key| &**key).collect();
                    list["x-kubernetes-list-map-keys"] = keys.into();
                    "map"
                }
            };
            list["x-kubernetes-list-type"] = kind.into();
            list
        }
    }
}

fn scalar_type(scalar: Scalar, described: Option<&Value>) -> Value {
    match scalar {
        Scalar::String => json!({"type": "string"}),
        Scalar::Int32 => json!({"type": "integer", "format": "int32"}),
        Scalar::Int64 => json!({"type": "integer", "format": "int64"}),
        Scalar::Float => json!({"type": "number", "format": "double"}),
        Scalar::Bool => json!({"type": "boolean"}),
        Scalar::Bytes => json!({"type": "string", "format": "byte"}),
        Scalar::Time => reference(&format!("{META}Time")),
        Scalar::MicroTime => reference(&format!("{META}MicroTime")),
        Scalar::Quantity => reference(QUANTITY),
        Scalar::IntOrString => reference(INT_OR_STRING),
        Scalar::Any => described.and_then(descriptions::referred).map_or(json!({}), reference),
    }
}
