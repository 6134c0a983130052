//! Ordinary writes: who gains and who loses fields.

use serde_json::{Value, json};

use super::UNOWNED;
use super::compare::{Changes, compare};
use crate::error::Conflict;
use crate::managed::entries::{Entries, Owned};
use crate::managed::{FieldSet, Manager, PathElement};
use crate::types::Schema;

/// One create, update or patch, after all changes to the object.
#[derive(Clone, Debug)]
pub struct Update<'a> {
    /// The stored object; `None` on create.
    pub live: Option<&'a Value>,
    pub manager: Manager<'a>,
    /// As in [`super::Apply`].
    pub ignored: &'a FieldSet,
}

/// Sets `metadata.managedFields` of `object` for an ordinary write. Honours what the
/// client sent in `managedFields` as the real server does: `[]` or `[{}]` clears them
/// (and stops tracking until somebody applies); a missing or malformed list leaves the
/// live one. Through a subresource the client's list is never looked at.
/// Never fails: on trouble the live entries stay.
pub fn track_update(schema: &Schema, object: &mut Value, update: &Update<'_>) {
    let mut entries = starting_entries(object, update);
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.shift_remove("managedFields");
    }
    if update.live.is_some() && entries.list.is_empty() {
        return;
    }
    let empty;
    let live = match update.live {
        Some(live) => live,
        None => {
            empty = json!({"apiVersion": object["apiVersion"], "kind": object["kind"],
                "metadata": {}});
            &empty
        }
    };
    let changes = compare(schema, live, object).without(update.ignored);
    give_up(&mut entries, &changes);
    let gained = changes.set.difference(&UNOWNED);
    if !gained.is_empty() {
        let owner = update.manager.owner(false);
        let before = entries.take(&owner).map(|entry| entry.fields).unwrap_or_default();
        let time = Some(update.manager.time.to_owned());
        entries.list.push(Owned { owner, time, fields: before.union(&gained) });
    }
    entries.list.retain(|entry| !entry.fields.is_empty());
    entries.fold_old_updaters();
    entries.write(object);
    if let Some(live) = update.live {
        settle(live, object);
    }
}

/// The client's own list where it may set one, else the stored one.
fn starting_entries(object: &Value, update: &Update<'_>) -> Entries {
    let live = || update.live.and_then(Entries::of).unwrap_or_default();
    if !update.manager.subresource.is_empty() {
        return live();
    }
    let sent = object.pointer("/metadata/managedFields").and_then(Value::as_array);
    let resets = sent.is_some_and(|list| match list.as_slice() {
        [] => true,
        [only] => only.as_object().is_some_and(|entry| entry.is_empty()),
        _ => false,
    });
    if resets && update.live.is_some() {
        return Entries::default();
    }
    match Entries::of(object) {
        Some(entries) if !entries.list.is_empty() => entries,
        _ => live(),
    }
}

/// Takes changed and removed fields away from everybody who owns them.
pub(super) fn give_up(entries: &mut Entries, changes: &Changes) {
    for entry in &mut entries.list {
        entry.fields = entry.fields.difference(&changes.set).difference(&changes.removed);
    }
    entries.list.retain(|entry| !entry.fields.is_empty());
}

/// Whose fields the changes would take, by manager and field.
pub(super) fn taken_from(entries: &Entries, changes: &Changes) -> Vec<Conflict> {
    let mut conflicts: Vec<Conflict> = Vec::new();
    for entry in &entries.list {
        for path in entry.fields.intersection(&changes.set).paths() {
            let field = path.iter().map(PathElement::shown).collect();
            conflicts.push(Conflict { manager: entry.owner.shown(), field });
        }
    }
    conflicts.sort_by(|a, b| (&a.manager, &a.field).cmp(&(&b.manager, &b.field)));
    conflicts
}

/// Gives an object that differs from the stored one in nothing but times of managedFields
/// the stored times, so that a write that changes nothing is seen as such.
pub fn settle(live: &Value, object: &mut Value) {
    let timeless = |object: &Value| -> Option<Vec<Value>> {
        let mut list = object.pointer("/metadata/managedFields")?.as_array()?.clone();
        for entry in &mut list {
            entry.as_object_mut()?.shift_remove("time");
        }
        list.sort_by_key(Value::to_string);
        Some(list)
    };
    let fields = |object: &Value| object.as_object().map(serde_json::Map::len);
    let same_rest = fields(live) == fields(object)
        && live.as_object().into_iter().flatten().all(|(key, value)| match key.as_str() {
            "metadata" => same_metadata(value, &object[key]),
            _ => object.get(key) == Some(value),
        });
    if same_rest && timeless(live) == timeless(object) {
        let stored = live["metadata"].get("managedFields").cloned();
        if let (Some(list), Some(slot)) = (stored, object.pointer_mut("/metadata/managedFields")) {
            *slot = list;
        }
    }
}

fn same_metadata(live: &Value, new: &Value) -> bool {
    let others = |value: &Value| -> Vec<(String, Value)> {
        let fields = value.as_object().into_iter().flatten();
        let mut kept: Vec<(String, Value)> = fields
            .filter(|(key, _)| !matches!(key.as_str(), "managedFields" | "resourceVersion"))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        kept.sort_by(|a, b| a.0.cmp(&b.0));
        kept
    };
    others(live) == others(new)
}
