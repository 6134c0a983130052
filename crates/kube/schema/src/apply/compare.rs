//! What changed between two values of one type.

use serde_json::{Map, Value};

use super::walk::{Shape, always_there, field_element, item_element, shape};
use crate::managed::{FieldSet, PathElement};
use crate::types::Schema;

/// Changes from an old to a new value.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Added or with another value.
    pub set: FieldSet,
    pub removed: FieldSet,
}

impl Changes {
    pub(super) fn without(&self, ignored: &FieldSet) -> Changes {
        Changes {
            set: self.set.recursive_difference(ignored),
            removed: self.removed.recursive_difference(ignored),
        }
    }
}

/// Compares two objects.
pub(super) fn compare(schema: &Schema, old: &Value, new: &Value) -> Changes {
    let mut walker = Walker { changes: Changes::default(), path: Vec::new() };
    walker.visit(schema, Some(old), Some(new));
    walker.changes
}

struct Walker {
    changes: Changes,
    path: Vec<PathElement>,
}

impl Walker {
    fn visit(&mut self, schema: &Schema, old: Option<&Value>, new: Option<&Value>) {
        if old.is_some() && old == new {
            return;
        }
        let leaf = |value: Option<&Value>| {
            value.is_some_and(|v| !v.is_null() && matches!(shape(schema, v), Shape::Leaf))
        };
        match (old, new) {
            (None, None) => return,
            (None, Some(_)) => self.changes.set.insert(&self.path),
            (Some(_), None) => self.changes.removed.insert(&self.path),
            // Containers are compared inside; null counts as an empty one.
            (Some(_), Some(_)) if leaf(old) || leaf(new) => {
                self.changes.set.insert(&self.path);
                return;
            }
            (Some(_), Some(_)) => {}
        }
        let container = [old, new].into_iter().flatten().find(|v| !v.is_null() && !leaf(Some(v)));
        match container.map(|value| shape(schema, value)) {
            Some(Shape::Items(_)) => self.items(schema, old, new),
            Some(Shape::Fields(_)) => self.fields(schema, old, new),
            Some(Shape::Leaf) | None => {}
        }
    }

    fn fields(&mut self, schema: &Schema, old: Option<&Value>, new: Option<&Value>) {
        let none = Map::new();
        let before = old.and_then(Value::as_object).unwrap_or(&none);
        let after = new.and_then(Value::as_object).unwrap_or(&none);
        let gone = before.keys().filter(|name| !after.contains_key(*name));
        for name in after.keys().chain(gone) {
            let Some(below) = schema.field(name) else { continue };
            let lasting = always_there(schema, name);
            let stand_in =
                |parent: Option<&Value>| (lasting && parent.is_some()).then_some(&Value::Null);
            self.path.push(field_element(name));
            let old = before.get(name).or(stand_in(old));
            let new = after.get(name).or(stand_in(new));
            self.visit(&below, old, new);
            self.path.pop();
        }
    }

    fn items(&mut self, schema: &Schema, old: Option<&Value>, new: Option<&Value>) {
        let Some(below) = schema.items() else { return };
        let before = keyed(schema, old);
        let after = keyed(schema, new);
        let find = |list: &[(PathElement, &Value)], wanted: &PathElement| -> Option<usize> {
            list.iter().position(|(element, _)| element == wanted)
        };
        for (position, (element, item)) in after.iter().enumerate() {
            // Lists mostly keep their order: look at the same place first.
            let same_place = before.get(position).filter(|(e, _)| e == element);
            let old = same_place
                .or_else(|| find(&before, element).map(|at| &before[at]))
                .map(|(_, item)| *item);
            self.path.push(element.clone());
            self.visit(&below, old, Some(item));
            self.path.pop();
        }
        for (element, item) in &before {
            if find(&after, element).is_none() {
                self.path.push(element.clone());
                self.visit(&below, Some(item), None);
                self.path.pop();
            }
        }
    }
}

fn keyed<'v>(schema: &Schema, list: Option<&'v Value>) -> Vec<(PathElement, &'v Value)> {
    let items = list.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(|item| Some((item_element(schema, item).ok()?, item))).collect()
}
