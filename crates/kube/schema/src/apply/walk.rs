//! What every walk over a value and its type needs: items of lists as path elements.

use serde_json::Value;

use crate::managed::PathElement;
use crate::types::{ListKind, Node, Scalar, Schema};

/// How a value merges with another of its kind.
pub(super) enum Shape<'v> {
    /// As a whole.
    Leaf,
    /// Field by field.
    Fields(&'v serde_json::Map<String, Value>),
    /// Item by item.
    Items(&'v [Value]),
}

/// The shape of a value under its type. A value that doesn't fit its type is a leaf.
pub(super) fn shape<'v>(schema: &Schema, value: &'v Value) -> Shape<'v> {
    match (schema.node(), value) {
        (Node::Struct(s), Value::Object(fields)) if !s.atomic => Shape::Fields(fields),
        (Node::Map { atomic: false, .. }, Value::Object(fields)) => Shape::Fields(fields),
        (Node::Scalar(Scalar::Any), Value::Object(fields)) => Shape::Fields(fields),
        (Node::List { kind: ListKind::Set | ListKind::Map(_), .. }, Value::Array(items)) => {
            Shape::Items(items)
        }
        _ => Shape::Leaf,
    }
}

/// How a list item is named in paths. `Err` is the complaint about an item that can't be.
pub(super) fn item_element(
    schema: &Schema,
    item: &Value,
) -> std::result::Result<PathElement, String> {
    let Node::List { items, kind } = schema.node() else {
        return Err("not a list".to_owned());
    };
    match kind {
        ListKind::Atomic => Err("an atomic list has no items of its own".to_owned()),
        ListKind::Set => Ok(PathElement::Value(item.to_string().into())),
        ListKind::Map(keys) => {
            let items = schema.at(*items);
            let Some(fields) = item.as_object() else {
                return Err("associative list with keys may not have non-map elements".to_owned());
            };
            let mut found = Vec::with_capacity(keys.len());
            for key in keys {
                let text = match fields.get(&**key).filter(|value| !value.is_null()) {
                    Some(value) => value.to_string(),
                    None => match key_default(&items, key) {
                        Some(default) => default.to_string(),
                        None if keys.len() > 1 => continue,
                        None => {
                            return Err(format!(
                                "associative list with keys has an element that omits key field \
                                 \"{key}\" (and doesn't have default value)"
                            ));
                        }
                    },
                };
                found.push((key.clone(), text.into()));
            }
            if found.is_empty() {
                return Err("associative list with keys has an element that omits all key fields \
                            (and doesn't have default values for any key fields)"
                    .to_owned());
            }
            found.sort();
            Ok(PathElement::Key(found))
        }
    }
}

fn key_default<'s>(items: &'s Schema, key: &str) -> Option<&'s Value> {
    match items.node() {
        Node::Struct(structure) => structure.fields.get(key)?.default.as_ref(),
        _ => None,
    }
}

/// A field's path element.
pub(super) fn field_element(name: &str) -> PathElement {
    PathElement::Field(name.into())
}

/// Whether the type declares the field by name.
pub(super) fn declares(schema: &Schema, name: &str) -> bool {
    matches!(schema.node(), Node::Struct(structure) if structure.fields.contains_key(name))
}

/// Whether a field counts as present although it is absent.
pub(super) fn always_there(schema: &Schema, name: &str) -> bool {
    match schema.node() {
        Node::Struct(structure) => structure.fields.get(name).is_some_and(|f| f.always_there),
        _ => false,
    }
}
