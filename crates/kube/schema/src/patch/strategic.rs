//! Strategic merge patch: a merge patch that knows how lists of built-in kinds merge.
//!
//! Directives: `$patch: replace|delete|merge` in maps and list items, `$retainKeys`,
//! `$setElementOrder/<list>` and `$deleteFromPrimitiveList/<list>` beside lists
//! (Kubernetes documentation, "Strategic merge patch").

mod list;
mod restore;

use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::strict::decode_json;
use crate::types::{Node, Schema, Strategy};

const PATCH: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const ELEMENT_ORDER: &str = "$setElementOrder/";
const DELETE_PLAIN: &str = "$deleteFromPrimitiveList/";

/// Applies a patch body to an object of a built-in kind; the second value is the
/// warnings (duplicate fields of the patch; unknown ones are found afterwards with
/// [`crate::strict::unknown_fields`]).
///
/// Errors: a body that isn't an object is 400, an unknown directive or an item without
/// its merge key 500, a value of a wrong type where a list should be 422.
pub fn apply(schema: &Schema, object: &Value, patch: &[u8]) -> Result<(Value, Vec<String>)> {
    let decoded = decode_json(patch, None)?;
    super::must_be_object(&decoded.value, "")?;
    let (Value::Object(mut target), Value::Object(changes)) = (object.clone(), &decoded.value)
    else {
        return Err(Error::Internal("the stored object is not a map".to_owned()));
    };
    merge_map(Some(schema), &mut target, changes)?;
    let result = Value::Object(target);
    match restore::mismatch(schema, &result) {
        Some(detail) => Err(Error::invalid_patch(&go_printed(&decoded.value), &detail)),
        None => Ok((result, decoded.problems)),
    }
}

fn merge_map(
    schema: Option<&Schema>,
    target: &mut Map<String, Value>,
    patch: &Map<String, Value>,
) -> Result<()> {
    match patch.get(PATCH).map(|d| d.as_str().unwrap_or_default()) {
        None | Some("merge") => {}
        Some("replace") => {
            let mut rest = patch.clone();
            rest.shift_remove(PATCH);
            *target = rest;
            return Ok(());
        }
        Some("delete") => {
            target.clear();
            return Ok(());
        }
        Some(other) => {
            let printed = go_printed(&Value::Object(patch.clone()));
            let text = format!("unknown patch type: {other} in map: {printed}");
            return Err(Error::Internal(text));
        }
    }
    retain_keys(target, patch)?;
    let original = lists_to_order(target, patch);
    for (name, change) in patch {
        if let Some(field) = name.strip_prefix(DELETE_PLAIN) {
            delete_plain(target, field, change);
        }
    }
    for (name, change) in patch.iter().filter(|(name, _)| !name.starts_with('$')) {
        merge_field(schema, target, name, change)?;
    }
    for (name, order) in patch {
        if let Some(field) = name.strip_prefix(ELEMENT_ORDER) {
            set_order(schema, target, field, order, original.get(field));
        }
    }
    Ok(())
}

/// The lists that `$setElementOrder` names, as they are on the server.
fn lists_to_order(target: &Map<String, Value>, patch: &Map<String, Value>) -> Map<String, Value> {
    patch
        .keys()
        .filter_map(|name| name.strip_prefix(ELEMENT_ORDER))
        .filter_map(|field| Some((field.to_owned(), target.get(field)?.clone())))
        .collect()
}

fn merge_field(
    schema: Option<&Schema>,
    target: &mut Map<String, Value>,
    name: &str,
    change: &Value,
) -> Result<()> {
    if change.is_null() {
        target.shift_remove(name);
        return Ok(());
    }
    let below = schema.and_then(|schema| schema.field(name));
    let strategy = strategy(schema, name);
    let Some(value) = target.get_mut(name).filter(|value| !value.is_null()) else {
        let new = match change {
            Value::Array(items) if strategy.merge => {
                let key = strategy.merge_key.as_deref();
                let items_type = below.as_ref().and_then(Schema::items);
                Value::Array(list::merge_list(items_type.as_ref(), key, &[], items)?)
            }
            _ => cleaned(change),
        };
        target.insert(name.to_owned(), new);
        return Ok(());
    };
    match (value, change) {
        (Value::Object(fields), Value::Object(changes)) if !strategy.replace => {
            merge_map(below.as_ref(), fields, changes)?;
        }
        (Value::Array(items), Value::Array(changes)) if strategy.merge => {
            let items_type = below.as_ref().and_then(Schema::items);
            let key = strategy.merge_key.as_deref();
            *items = list::merge_list(items_type.as_ref(), key, items, changes)?;
        }
        (slot, change) => *slot = cleaned(change),
    }
    Ok(())
}

fn strategy(schema: Option<&Schema>, name: &str) -> Strategy {
    match schema.map(Schema::node) {
        Some(Node::Struct(structure)) => {
            structure.fields.get(name).map(|f| f.strategy.clone()).unwrap_or_default()
        }
        _ => Strategy::default(),
    }
}

/// `$retainKeys`: fields that aren't named go. The patch may not set any other.
fn retain_keys(target: &mut Map<String, Value>, patch: &Map<String, Value>) -> Result<()> {
    let Some(keys) = patch.get(RETAIN_KEYS) else { return Ok(()) };
    let Some(keys) = keys.as_array() else {
        return Err(Error::Internal("invalid patch format of retainKeys directive".to_owned()));
    };
    let kept = |name: &String| keys.iter().any(|key| key.as_str() == Some(name));
    let sets_another =
        patch.iter().any(|(name, value)| !name.starts_with('$') && !value.is_null() && !kept(name));
    if sets_another {
        let printed = go_printed(&Value::Array(keys.clone()));
        return Err(Error::Internal(format!(
            "retainKeys list is missing a key that is in the patch: {printed}"
        )));
    }
    target.retain(|name, _| kept(name));
    Ok(())
}

fn delete_plain(target: &mut Map<String, Value>, field: &str, values: &Value) {
    let values = values.as_array().map(Vec::as_slice).unwrap_or_default();
    if let Some(Value::Array(items)) = target.get_mut(field) {
        items.retain(|item| !values.contains(item));
    }
}

fn set_order(
    schema: Option<&Schema>,
    target: &mut Map<String, Value>,
    field: &str,
    order: &Value,
    server: Option<&Value>,
) {
    let order = order.as_array().map(Vec::as_slice).unwrap_or_default();
    let strategy = strategy(schema, field);
    if let Some(Value::Array(items)) = target.get_mut(field) {
        let server = server.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let merged = std::mem::take(items);
        *items = list::ordered(merged, order, server, strategy.merge_key.as_deref());
    }
}

/// A value that is new on the server: without nulls and directives.
fn cleaned(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(name, value)| {
                let directive = *name == PATCH
                    || *name == RETAIN_KEYS
                    || name.starts_with(ELEMENT_ORDER)
                    || name.starts_with(DELETE_PLAIN);
                !directive && !value.is_null()
            });
            Value::Object(kept.map(|(name, value)| (name.clone(), cleaned(value))).collect())
        }
        Value::Array(items) => {
            let is_directive = |item: &Value| item.get(PATCH).is_some();
            Value::Array(items.iter().filter(|i| !is_directive(i)).map(cleaned).collect())
        }
        plain => plain.clone(),
    }
}

/// As the real server prints a patch in a 422: Go's `map[spec:map[nope:1]]`.
/// For `Error::invalid_patch` after a strict decoding error of a strategic patch.
pub fn go_printed(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(go_printed).collect();
            format!("[{}]", items.join(" "))
        }
        Value::Object(fields) => {
            let mut parts: Vec<String> = fields
                .iter()
                .map(|(name, value)| format!("{name}:{}", go_printed(value)))
                .collect();
            parts.sort();
            format!("map[{}]", parts.join(" "))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::builtin;
    use crate::gvk::Gvk;

    fn pod(containers: Value) -> Value {
        json!({"spec": {"containers": containers}})
    }

    fn patched(object: &Value, patch: Value) -> Result<Value> {
        let schema = builtin::schema(&Gvk::new("", "v1", "Pod")).expect("Pod");
        apply(&schema, object, patch.to_string().as_bytes()).map(|(object, _)| object)
    }

    #[test]
    fn lists_merge_by_key_and_new_items_come_first() {
        let object = pod(json!([{"name": "a", "image": "x"}, {"name": "b"}]));
        let patch = pod(json!([{"name": "c"}, {"name": "a", "image": "y"}]));
        let wanted = pod(json!([{"name": "c"}, {"name": "a", "image": "y"}, {"name": "b"}]));
        assert_eq!(patched(&object, patch), Ok(wanted));
    }

    #[test]
    fn a_selector_of_disruption_budgets_is_replaced() {
        let schema = builtin::schema(&Gvk::new("policy", "v1", "PodDisruptionBudget"));
        let object = json!({"spec": {"selector": {"matchLabels": {"a": "b"}}}});
        let patch = json!({"spec": {"selector": {"matchLabels": {"c": "d"}}}}).to_string();
        let patched = apply(&schema.expect("a kind"), &object, patch.as_bytes());
        let wanted = json!({"spec": {"selector": {"matchLabels": {"c": "d"}}}});
        assert_eq!(patched.map(|(object, _)| object), Ok(wanted));
    }

    #[test]
    fn directives_delete_replace_and_order() {
        let object = pod(json!([{"name": "a"}, {"name": "b"}]));
        let delete = pod(json!([{"$patch": "delete", "name": "a"}]));
        assert_eq!(patched(&object, delete), Ok(pod(json!([{"name": "b"}]))));
        let replace = pod(json!([{"$patch": "replace"}, {"name": "z"}]));
        assert_eq!(patched(&object, replace), Ok(pod(json!([{"name": "z"}]))));
        let order =
            json!({"spec": {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}});
        assert_eq!(patched(&object, order), Ok(pod(json!([{"name": "b"}, {"name": "a"}]))));
        let plain = json!({"metadata": {"finalizers": ["a/x", "b/y"]}});
        let gone = json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["a/x"]}});
        assert_eq!(patched(&plain, gone), Ok(json!({"metadata": {"finalizers": ["b/y"]}})));
        let volumes = json!({"spec": {"volumes": [{"name": "v", "emptyDir": {}}]}});
        let retain = json!({"spec": {"volumes": [{"name": "v", "$retainKeys": ["name", "hostPath"],
            "hostPath": {"path": "/"}}]}});
        let wanted = json!({"spec": {"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}});
        assert_eq!(patched(&volumes, retain), Ok(wanted));
    }

    #[test]
    fn mistakes_have_the_servers_words() {
        let object = pod(json!([{"name": "a"}]));
        let message = |patch| patched(&object, patch).expect_err("refused").to_string();
        assert_eq!(
            message(json!({"spec": {"$patch": "bogus"}})),
            "unknown patch type: bogus in map: map[$patch:bogus]"
        );
        assert_eq!(
            message(pod(json!([{"image": "noname"}]))),
            "map: map[image:noname] does not contain declared merge key: name"
        );
        assert_eq!(
            message(pod(json!("str"))),
            " \"\" is invalid: patch: Invalid value: \"map[spec:map[containers:str]]\": cannot restore slice from string"
        );
    }
}
