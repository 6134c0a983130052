//! Reading and writing the parts that every Kubernetes object has.
//!
//! Objects travel as `serde_json::Value`: what a kind means is in `dais-schema`
//! and in `strategy`; here is only `metadata` and the order of its fields.

use serde_json::{Map, Value};

/// The order in which Kubernetes writes the fields of `metadata`.
const METADATA_ORDER: [&str; 15] = [
    "name",
    "generateName",
    "namespace",
    "selfLink",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "labels",
    "annotations",
    "ownerReferences",
    "finalizers",
    "managedFields",
];

pub fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn meta<'a>(object: &'a Value, field: &str) -> Option<&'a Value> {
    object.get("metadata")?.get(field)
}

fn meta_text<'a>(object: &'a Value, field: &str) -> &'a str {
    meta(object, field).and_then(Value::as_str).unwrap_or_default()
}

pub fn name(object: &Value) -> &str {
    meta_text(object, "name")
}

pub fn namespace(object: &Value) -> &str {
    meta_text(object, "namespace")
}

pub fn uid(object: &Value) -> &str {
    meta_text(object, "uid")
}

pub fn resource_version(object: &Value) -> &str {
    meta_text(object, "resourceVersion")
}

pub fn is_deleting(object: &Value) -> bool {
    meta(object, "deletionTimestamp").is_some_and(|time| !time.is_null())
}

pub fn generation(object: &Value) -> i64 {
    meta(object, "generation").and_then(Value::as_i64).unwrap_or_default()
}

pub fn grace_period(object: &Value) -> Option<i64> {
    meta(object, "deletionGracePeriodSeconds").and_then(Value::as_i64)
}

pub fn finalizers(object: &Value) -> Vec<&str> {
    let list = meta(object, "finalizers").and_then(Value::as_array);
    list.map(|list| list.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
}

/// `metadata` to write to; made when it is missing or not an object.
pub fn metadata_mut(object: &mut Value) -> &mut Map<String, Value> {
    child_mut(object, "metadata")
}

/// An object-valued field to write to; made when it is missing or not an object.
pub fn child_mut<'a>(object: &'a mut Value, field: &str) -> &'a mut Map<String, Value> {
    if !object.is_object() {
        *object = Value::Object(Map::new());
    }
    let map = object.as_object_mut().expect("made an object just above");
    entry_map(map, field)
}

/// The same for a map.
pub fn entry_map<'a>(map: &'a mut Map<String, Value>, field: &str) -> &'a mut Map<String, Value> {
    let slot = map.entry(field).or_insert_with(|| Value::Object(Map::new()));
    if !slot.is_object() {
        *slot = Value::Object(Map::new());
    }
    slot.as_object_mut().expect("made an object just above")
}

pub fn set_meta(object: &mut Value, field: &str, value: impl Into<Value>) {
    metadata_mut(object).insert(field.to_owned(), value.into());
}

pub fn remove_meta(object: &mut Value, field: &str) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.shift_remove(field);
    }
}

/// Copies one metadata field from `source`, or removes it where `source` has none.
pub fn keep_meta(object: &mut Value, source: &Value, field: &str) {
    match meta(source, field) {
        Some(value) => set_meta(object, field, value.clone()),
        None => remove_meta(object, field),
    }
}

/// Sets the list of finalizers; an empty list leaves no field.
pub fn set_finalizers(object: &mut Value, finalizers: Vec<String>) {
    if finalizers.is_empty() {
        remove_meta(object, "finalizers");
    } else {
        set_meta(object, "finalizers", finalizers);
    }
}

/// Puts `kind`, `apiVersion`, `metadata` first and orders the metadata, and
/// drops what Kubernetes would not have written: empty maps and lists, nulls.
pub fn canonical(object: Value) -> Value {
    let Value::Object(mut fields) = object else { return object };
    let mut ordered = Map::with_capacity(fields.len());
    for field in ["kind", "apiVersion"] {
        if let Some(value) = fields.shift_remove(field) {
            ordered.insert(field.into(), value);
        }
    }
    let metadata = fields.shift_remove("metadata").unwrap_or_default();
    ordered.insert("metadata".into(), canonical_metadata(metadata));
    ordered.extend(fields);
    Value::Object(ordered)
}

fn canonical_metadata(metadata: Value) -> Value {
    let Value::Object(mut fields) = metadata else { return Value::Object(Map::new()) };
    let mut ordered = Map::with_capacity(fields.len());
    for field in METADATA_ORDER {
        if let Some(value) = fields.shift_remove(field)
            && !is_empty(&value)
        {
            ordered.insert(field.into(), value);
        }
    }
    Value::Object(ordered)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Puts `resourceVersion` where Kubernetes writes it, behind `uid`.
pub fn set_resource_version(object: &mut Value, revision: u64) {
    let metadata = metadata_mut(object);
    metadata.shift_remove("resourceVersion");
    let before = ["name", "generateName", "namespace", "selfLink", "uid"];
    let at = metadata.keys().take_while(|key| before.contains(&key.as_str())).count();
    metadata.shift_insert(at, "resourceVersion".into(), Value::String(revision.to_string()));
}

/// The present moment as Kubernetes writes it: RFC 3339, whole seconds, UTC.
pub fn now() -> String {
    format!(
        "{:.0}",
        jiff::Timestamp::from_second(jiff::Timestamp::now().as_second()).unwrap_or_default()
    )
}

/// A moment some seconds from now, in the same form.
pub fn seconds_from_now(seconds: i64) -> String {
    let at = jiff::Timestamp::now().as_second().saturating_add(seconds);
    format!("{:.0}", jiff::Timestamp::from_second(at).unwrap_or_default())
}

/// Replaces `apiVersion` in its place.
pub fn set_api_version(object: &mut Value, api_version: &str) {
    if let Some(map) = object.as_object_mut() {
        map.insert("apiVersion".into(), api_version.into());
    }
}
