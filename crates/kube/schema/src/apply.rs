//! Server-side apply and the tracking of ordinary writes.
//!
//! Works on plain JSON values with a [`Schema`]; the caller stores the result. The
//! order in the server: for apply, [`apply`] first, then defaulting, admission and
//! validation, then [`settle`]; for create, update and patch, those first and
//! [`track_update`] last. Both follow the algorithm of Kubernetes's structured merge:
//! compare, find whom the changes take fields from, merge, prune what nobody wants.

mod compare;
mod content;
mod last_applied;
mod merge;
mod typed;
mod update;
mod walk;

use std::sync::LazyLock;

use serde_json::{Value, json};

pub use update::{Update, settle, track_update};

use crate::error::{Conflict, Error, Result};
use crate::gvk::Gvk;
use crate::managed::entries::{Entries, Owned};
use crate::managed::{FieldSet, Manager};
use crate::types::Schema;

/// Who owns what was there before the first apply to an untracked object.
const BEFORE_FIRST_APPLY: &str = "before-first-apply";

/// Fields that nobody owns: the system sets them.
static UNOWNED: LazyLock<FieldSet> = LazyLock::new(|| {
    FieldSet::of_fields(&[
        &["apiVersion"],
        &["kind"],
        &["metadata"],
        &["metadata", "name"],
        &["metadata", "namespace"],
        &["metadata", "creationTimestamp"],
        &["metadata", "selfLink"],
        &["metadata", "uid"],
        &["metadata", "generation"],
        &["metadata", "managedFields"],
        &["metadata", "resourceVersion"],
    ])
});

/// One apply.
#[derive(Clone, Debug)]
pub struct Apply<'a> {
    /// The stored object, as last read (for built-ins: normalised). `None`: it does not exist.
    pub live: Option<&'a Value>,
    /// The applied configuration. `apiVersion`, `kind` and the name were checked by the caller.
    pub config: &'a Value,
    pub manager: Manager<'a>,
    pub force: bool,
    /// Fields that this endpoint resets and nobody can own through it: `status` on the main
    /// resource of a kind with status, `spec` and `metadata` (but not its labels …) on `/status`.
    pub ignored: &'a FieldSet,
}

/// Merges the configuration into the live object and returns the new object with
/// its `metadata.managedFields`. The result is not normalised or defaulted.
///
/// Errors: `Conflicts` (409), `Internal` (500: configuration does not fit the schema, has
/// duplicate list items …), `BadRequest` (400: `metadata.managedFields must be nil`).
pub fn apply(schema: &Schema, request: &Apply<'_>) -> Result<Value> {
    let config = request.config;
    if config.pointer("/metadata/managedFields").is_some_and(|m| !m.is_null()) {
        return Err(Error::BadRequest("metadata.managedFields must be nil".to_owned()));
    }
    typed::check(schema, config).map_err(|complaint| {
        let text = |key: &str| config["metadata"][key].as_str().unwrap_or_default();
        let (namespace, name) = (text("namespace"), text("name"));
        let gvk = Gvk::of(config);
        Error::Internal(format!(
            "failed to create typed patch object ({namespace}/{name}; {gvk}): {complaint}"
        ))
    })?;
    let bare = without_managed_fields(request.live, config);
    let entries = request.live.map_or_else(Entries::default, |live| {
        let known = Entries::of(live).unwrap_or_default();
        if known.list.is_empty() { first_entry(schema, &bare, config) } else { known }
    });
    let merge = Merge { schema, live: &bare, request };
    let (mut object, entries) = match merge.run(entries.clone(), request.force) {
        Err(Error::Conflicts(conflicts)) if request.manager.name == last_applied::MANAGER => {
            merge.retry_after_client_side(entries, conflicts)?
        }
        other => other?,
    };
    if request.manager.name == last_applied::MANAGER {
        last_applied::refresh(&mut object, config);
    }
    entries.write(&mut object);
    if let Some(live) = request.live {
        settle(live, &mut object);
    }
    Ok(object)
}

/// The live object without its managedFields; for a new one the bare identity.
fn without_managed_fields(live: Option<&Value>, config: &Value) -> Value {
    let mut bare = live.cloned().unwrap_or_else(
        || json!({"apiVersion": config["apiVersion"], "kind": config["kind"], "metadata": {}}),
    );
    if let Some(metadata) = bare.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.shift_remove("managedFields");
    }
    bare
}

/// The only entry of an object that wasn't tracked: everything in it belongs to
/// `before-first-apply`.
fn first_entry(schema: &Schema, live: &Value, config: &Value) -> Entries {
    let empty = json!({"apiVersion": live["apiVersion"], "kind": live["kind"], "metadata": {}});
    let api_version = config["apiVersion"].as_str().unwrap_or_default();
    let manager = Manager { name: BEFORE_FIRST_APPLY, subresource: "", api_version, time: "" };
    let fields = compare::compare(schema, &empty, live).set.difference(&UNOWNED);
    if fields.is_empty() {
        return Entries::default();
    }
    Entries { list: vec![Owned { owner: manager.owner(false), time: None, fields }] }
}

struct Merge<'a> {
    schema: &'a Schema,
    live: &'a Value,
    request: &'a Apply<'a>,
}

impl Merge<'_> {
    fn run(&self, mut entries: Entries, force: bool) -> Result<(Value, Entries)> {
        let Merge { schema, live, request } = self;
        let owner = request.manager.owner(true);
        let last = entries.take(&owner);
        let fields = content::content(schema, request.config)
            .recursive_difference(request.ignored)
            .difference(&UNOWNED);
        let mut merged = merge::merge(schema, live, &self.config_to_merge());
        if let Some(last) = last.as_ref().filter(|last| !last.fields.is_empty()) {
            merged = self.prune(&merged, &entries, &fields, &last.fields);
        }
        let changes = compare::compare(schema, live, &merged).without(request.ignored);
        let taken = update::taken_from(&entries, &changes);
        if !force && !taken.is_empty() {
            return Err(Error::Conflicts(taken));
        }
        update::give_up(&mut entries, &changes);
        let changed = request.live.is_none() || merged != **live;
        let time = if changed {
            Some(request.manager.time.to_owned())
        } else {
            last.and_then(|last| last.time)
        };
        if !fields.is_empty() {
            entries.list.push(Owned { owner, time, fields });
        }
        entries.list.retain(|entry| !entry.fields.is_empty());
        Ok((merged, entries))
    }

    /// The configuration without what this endpoint resets.
    fn config_to_merge(&self) -> Value {
        let config = self.request.config;
        if self.request.ignored.is_empty() {
            return config.clone();
        }
        merge::remove(self.schema, config, self.request.ignored)
            .unwrap_or_else(|| Value::Object(serde_json::Map::new()))
    }

    /// Drops what this manager applied last time, doesn't any more, and nobody else owns.
    fn prune(&self, merged: &Value, others: &Entries, fields: &FieldSet, last: &FieldSet) -> Value {
        let schema = self.schema;
        let named = |set: &FieldSet| set.with_named_fields(schema);
        let empty = || Value::Object(serde_json::Map::new());
        let without = |set: &FieldSet| merge::remove(schema, merged, set).unwrap_or_else(empty);
        let all = named(&content::content(schema, merged));
        let pruned = without(&named(last));
        let left = named(&content::content(schema, &pruned));
        let owned = others.list.iter().fold(fields.clone(), |set, e| set.union(&e.fields));
        let pruned = without(&all.difference(&left.union(&named(&owned))));
        let left = named(&content::content(schema, &pruned));
        without(&all.difference(&left).intersection(&named(last)))
    }

    /// kubectl may take over what client-side apply wrote, as the annotation tells.
    fn retry_after_client_side(
        &self,
        entries: Entries,
        conflicts: Vec<Conflict>,
    ) -> Result<(Value, Entries)> {
        let allowed = last_applied::unchanged_fields(self.schema, self.live);
        let left: Vec<Conflict> =
            conflicts.into_iter().filter(|c| !allowed.contains(&c.field)).collect();
        if left.is_empty() { self.run(entries, true) } else { Err(Error::Conflicts(left)) }
    }
}
