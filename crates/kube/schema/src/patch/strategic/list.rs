//! Lists in strategic merge patches: items with a merge key, and lists of plain values.

use serde_json::{Map, Value};

use super::{PATCH, cleaned, go_printed, merge_map};
use crate::error::{Error, Result};
use crate::types::Schema;

/// The list after merging, in the order that the server gives it.
pub(super) fn merge_list(
    items: Option<&Schema>,
    key: Option<&str>,
    original: &[Value],
    patch: &[Value],
) -> Result<Vec<Value>> {
    if original.iter().chain(patch).any(Value::is_object) {
        return merge_keyed(items, key, original, patch);
    }
    let mut merged: Vec<Value> = Vec::with_capacity(original.len() + patch.len());
    for value in original.iter().chain(patch) {
        if !merged.contains(value) {
            merged.push(value.clone());
        }
    }
    Ok(ordered(merged, patch, original, None))
}

fn merge_keyed(
    items: Option<&Schema>,
    key: Option<&str>,
    original: &[Value],
    patch: &[Value],
) -> Result<Vec<Value>> {
    let Some(key) = key else {
        return Err(Error::Internal("cannot merge lists without merge key".to_owned()));
    };
    let (original, patch) = directives(key, original, patch)?;
    let mut merged = original.clone();
    for item in &patch {
        let Some(fields) = item.as_object() else {
            return Err(Error::Internal(
                "expected all elements of the list to be objects".to_owned(),
            ));
        };
        let wanted = required_key(fields, key)?;
        match merged.iter().position(|m| m.get(key) == Some(wanted)) {
            Some(at) => {
                let mut whole = merged[at].take();
                if let Value::Object(target) = &mut whole {
                    merge_map(items, target, fields)?;
                }
                merged[at] = whole;
            }
            None => merged.push(cleaned(item)),
        }
    }
    Ok(ordered(merged, &patch, &original, Some(key)))
}

/// Carries out `$patch: delete` and `$patch: replace` items and takes them out.
fn directives(key: &str, original: &[Value], patch: &[Value]) -> Result<(Vec<Value>, Vec<Value>)> {
    let mut original = original.to_vec();
    let mut rest = Vec::with_capacity(patch.len());
    let mut replace = false;
    for item in patch {
        let Some(fields) = item.as_object() else {
            rest.push(item.clone());
            continue;
        };
        match fields.get(PATCH).map(|d| d.as_str().unwrap_or_default()) {
            None => rest.push(item.clone()),
            Some("delete") => {
                let wanted = required_key(fields, key)?;
                original.retain(|item| item.get(key) != Some(wanted));
            }
            Some("replace") => replace = true,
            Some("merge") => {
                return Err(Error::Internal(
                    "merging lists of type map with merge directive is not supported".to_owned(),
                ));
            }
            Some(other) => {
                let printed = go_printed(item);
                return Err(Error::Internal(format!(
                    "unknown patch type: {other} in map: {printed}"
                )));
            }
        }
    }
    if replace {
        let rest: Vec<Value> = rest.iter().map(cleaned).collect();
        return Ok((rest, Vec::new()));
    }
    Ok((original, rest))
}

fn required_key<'a>(fields: &'a Map<String, Value>, key: &str) -> Result<&'a Value> {
    fields.get(key).ok_or_else(|| {
        let printed = go_printed(&Value::Object(fields.clone()));
        Error::Internal(format!("map: {printed} does not contain declared merge key: {key}"))
    })
}

/// Puts items in order: those of `order` (the patch, or `$setElementOrder`) as given there,
/// the others as on the server; where the server knows no order between two, those of
/// `order` come first. That is why new items go to the front.
pub(super) fn ordered(
    merged: Vec<Value>,
    order: &[Value],
    server: &[Value],
    key: Option<&str>,
) -> Vec<Value> {
    let place = |list: &[Value], item: &Value| match key {
        Some(key) => list.iter().position(|other| other.get(key) == item.get(key)),
        None => list.iter().position(|other| other == item),
    };
    let (mut named, mut others): (Vec<Value>, Vec<Value>) =
        merged.into_iter().partition(|item| place(order, item).is_some());
    named.sort_by_key(|item| place(order, item));
    others.sort_by_key(|item| place(server, item).unwrap_or(usize::MAX));
    let mut result = Vec::with_capacity(named.len() + others.len());
    let (mut named, mut others) = (named.into_iter().peekable(), others.into_iter().peekable());
    loop {
        let other_first = match (others.peek(), named.peek()) {
            (None, None) => return result,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (Some(other), Some(name)) => match (place(server, other), place(server, name)) {
                (Some(o), Some(n)) => o < n,
                _ => false,
            },
        };
        result.extend(if other_first { others.next() } else { named.next() });
    }
}
