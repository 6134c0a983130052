//! What a write changed: the paths that differ, with their old and new values.
//!
//! Paths are written as Kubernetes writes those of fields, `spec.replicas`; items of
//! a list that have names are told apart by them, `containers[main].image`, so that
//! one more at the front does not look like a change of all.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Bytes of JSON that the changes of one write take at most: that of a usual object
/// whole, and a year of them on one disk.
const MOST: usize = 16 * 1024;
/// Written by every write and said elsewhere.
const NOISE: [&str; 3] = ["managedFields", "resourceVersion", "generation"];

/// One path that differs. What is not there on one side is left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldChange {
    /// Empty: the whole object.
    pub path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<Value>,
}

/// What differs between two states.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Changes {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldChange>,
    /// Whether it was too much to keep all of it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
}

impl Changes {
    /// What differs between objects that have been masked.
    pub(crate) fn between(old: Option<&Value>, new: Option<&Value>) -> Self {
        let (old, new) = (old.map(without_noise), new.map(without_noise));
        let mut fields = Vec::new();
        compare("", old.as_ref(), new.as_ref(), &mut fields);
        bound(fields)
    }
}

fn without_noise(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|name, _| !NOISE.contains(&name.as_str()));
    }
    object
}

fn compare(path: &str, old: Option<&Value>, new: Option<&Value>, out: &mut Vec<FieldChange>) {
    match (old, new) {
        (old, new) if old == new => {}
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for name in names {
                compare(&below(path, name), old.get(name), new.get(name), out);
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) => {
            compare_lists(path, (old, new), out);
        }
        (old, new) => {
            out.push(FieldChange { path: path.to_owned(), old: old.cloned(), new: new.cloned() })
        }
    }
}

fn compare_lists(path: &str, (old, new): (&[Value], &[Value]), out: &mut Vec<FieldChange>) {
    if let (Some(old), Some(new)) = (by_name(old), by_name(new)) {
        let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        let before = out.len();
        for name in names {
            compare(&format!("{path}[{name}]"), old.get(name), new.get(name), out);
        }
        if out.len() > before {
            return;
        }
    } else if old.len() == new.len() {
        for (position, (old, new)) in old.iter().zip(new).enumerate() {
            compare(&format!("{path}[{position}]"), Some(old), Some(new), out);
        }
        return;
    }
    // Another order of the same, or lists without names that grew.
    let whole = |items: &[Value]| Some(Value::from(items.to_vec()));
    out.push(FieldChange { path: path.to_owned(), old: whole(old), new: whole(new) });
}

/// Items by what they call themselves, if each does and no two alike.
fn by_name(items: &[Value]) -> Option<Map<String, Value>> {
    let mut named = Map::new();
    for item in items {
        let name = ["name", "type", "mountPath"].iter().find_map(|key| item.get(key)?.as_str())?;
        if named.insert(name.to_owned(), item.clone()).is_some() {
            return None;
        }
    }
    Some(named)
}

fn below(path: &str, name: &str) -> String {
    match (path.is_empty(), name.contains(['.', '/', '['])) {
        (_, true) => format!("{path}[{name:?}]"),
        (true, false) => name.to_owned(),
        (false, false) => format!("{path}.{name}"),
    }
}

/// Keeps what fits; a value that is too long is cut to its beginning.
fn bound(fields: Vec<FieldChange>) -> Changes {
    let mut left = MOST;
    let mut kept = Changes::default();
    for mut field in fields {
        for side in [&mut field.old, &mut field.new] {
            let Some(value) = side else { continue };
            let text = value.to_string();
            let room = left.min(MOST / 2);
            if text.len() > room {
                *side = Some(format!("{}…", beginning(&text, room)).into());
                kept.truncated = true;
            }
            left = left.saturating_sub(text.len());
        }
        left = left.saturating_sub(field.path.len() + 20);
        kept.fields.push(field);
        if left == 0 {
            kept.truncated = true;
            break;
        }
    }
    kept
}

fn beginning(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn changes(old: Value, new: Value) -> Value {
        serde_json::to_value(Changes::between(Some(&old), Some(&new))).unwrap()
    }

    #[test]
    fn paths_that_differ_are_listed_with_both_values() {
        let old = json!({"metadata": {"generation": 1, "labels": {"a/b": "1"}}, "spec": {
            "replicas": 1, "containers": [{"name": "main", "image": "a"}], "args": ["x", "y"]}});
        let new = json!({"metadata": {"generation": 2, "labels": {"a/b": "2"}}, "spec": {
            "replicas": 3, "args": ["x", "z"],
            "containers": [{"name": "side", "image": "s"}, {"name": "main", "image": "b"}]}});
        assert_eq!(
            changes(old, new),
            json!({"fields": [
                {"path": "metadata.labels[\"a/b\"]", "old": "1", "new": "2"},
                {"path": "spec.args[1]", "old": "y", "new": "z"},
                {"path": "spec.containers[main].image", "old": "a", "new": "b"},
                {"path": "spec.containers[side]", "new": {"name": "side", "image": "s"}},
                {"path": "spec.replicas", "old": 1, "new": 3},
            ]})
        );
    }

    #[test]
    fn lists_that_only_moved_or_grew_are_told_whole() {
        let moved = changes(
            json!({"l": [{"name": "a"}, {"name": "b"}]}),
            json!({"l": [{"name": "b"}, {"name": "a"}]}),
        );
        assert_eq!(moved["fields"][0]["path"], "l");
        let grown = changes(json!({"l": [1]}), json!({"l": [1, 2]}));
        assert_eq!(grown, json!({"fields": [{"path": "l", "old": [1], "new": [1, 2]}]}));
        assert_eq!(changes(json!({"l": [1]}), json!({"l": [1]})), json!({}));
    }

    #[test]
    fn what_is_too_much_is_cut_and_says_so() {
        let long = "é".repeat(MOST);
        let cut = Changes::between(None, Some(&json!({"data": long})));
        assert!(cut.truncated);
        let many: Map<String, Value> =
            (0..5000).map(|n| (format!("key{n}"), Value::from("v"))).collect();
        let cut = Changes::between(Some(&json!({})), Some(&Value::Object(many)));
        assert!(cut.truncated);
        assert!(serde_json::to_string(&cut).unwrap().len() < 3 * MOST);
    }
}
