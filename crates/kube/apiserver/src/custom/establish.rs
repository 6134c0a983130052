//! From stored definitions to served resources.
//!
//! `Definitions` folds them into the catalogue: what is Established is served, at
//! once, since every request looks at the newest commit. The task beside it does
//! what Kubernetes' controllers do: accepts names, establishes, and empties and
//! removes what is being deleted.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, Weak};

use dais_store::Revision;
use futures::StreamExt;
use serde_json::{Value, json};

use super::kind;
use crate::object;
use crate::registry::{Catalog, Resource};
use crate::server::Server;
use crate::status::Failure;
use crate::storage::mirror::Fold;
use crate::storage::objects::Refused;
use crate::verbs::write::{self, Writer};

pub const PREFIX: &str = "/registry/apiextensions.k8s.io/customresourcedefinitions/";
/// Holds a definition until its objects are gone.
pub const CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";

/// All definitions and the catalogue that they make.
#[derive(Default)]
pub struct Definitions {
    known: BTreeMap<String, Known>,
    catalog: OnceLock<Arc<Catalog>>,
}

/// A definition, and its versions compiled once.
#[derive(Clone)]
struct Known {
    definition: Arc<Value>,
    resources: Arc<Vec<Resource>>,
}

impl Clone for Definitions {
    /// The clone is about to change: it makes its own catalogue.
    fn clone(&self) -> Definitions {
        Definitions { known: self.known.clone(), catalog: OnceLock::new() }
    }
}

impl Definitions {
    pub fn catalog(&self) -> Arc<Catalog> {
        let make = || {
            Arc::new(Catalog::new(
                self.known.values().flat_map(|known| known.resources.iter().cloned()).collect(),
            ))
        };
        self.catalog.get_or_init(make).clone()
    }

    pub fn all(&self) -> impl Iterator<Item = &Value> {
        self.known.values().map(|known| known.definition.as_ref())
    }
}

impl Fold for Definitions {
    fn apply(&mut self, key: &str, object: Option<&Value>, revision: Revision) {
        let Some(name) = key.strip_prefix(PREFIX) else { return };
        let Some(definition) = object else {
            self.known.remove(name);
            return;
        };
        let resources = match self.known.get(name) {
            // A new status does not make a new schema.
            Some(known) if same_meaning(&known.definition, definition) => known.resources.clone(),
            _ if is_true(definition, "Established") => {
                Arc::new(kind::resources(definition, revision))
            }
            _ => Arc::default(),
        };
        self.known
            .insert(name.to_owned(), Known { definition: Arc::new(definition.clone()), resources });
    }
}

fn same_meaning(one: &Value, other: &Value) -> bool {
    one.get("spec") == other.get("spec")
        && is_true(one, "Established") == is_true(other, "Established")
        && object::is_deleting(one) == object::is_deleting(other)
        && object::uid(one) == object::uid(other)
}

fn condition<'a>(definition: &'a Value, kind: &str) -> Option<&'a Value> {
    let list = definition.pointer("/status/conditions")?.as_array()?;
    list.iter().find(|condition| object::text(condition, "/type") == kind)
}

fn is_true(definition: &Value, kind: &str) -> bool {
    condition(definition, kind)
        .is_some_and(|condition| object::text(condition, "/status") == "True")
}

/// Looks at all definitions after every change under `/registry/`: of a definition,
/// and of custom objects, since the last one lets a definition go.
pub(crate) async fn run(server: Weak<Server>) {
    loop {
        let Some(alive) = server.upgrade() else { return };
        let store = alive.objects.store().clone();
        let from = store.revision();
        if let Err(failure) = settle_all(&alive).await {
            tracing::warn!(error = %failure, "custom resource definitions could not be brought up to date");
        }
        let ending = alive
            .definitions
            .current()
            .await
            .is_ok_and(|definitions| definitions.all().any(object::is_deleting));
        drop(alive);
        let prefix = if ending { "/registry/" } else { PREFIX };
        match store.watch(prefix, from) {
            Ok(mut watch) => {
                if watch.next().await.is_none() {
                    return;
                }
            }
            Err(error) => {
                tracing::debug!(%error, "looking at all definitions again");
                tokio::task::yield_now().await;
            }
        }
    }
}

/// Brings every definition one step on, until there is nothing to do.
pub(crate) async fn settle_all(server: &Arc<Server>) -> Result<(), Failure> {
    for _ in 0..100 {
        let definitions = server.definitions.current().await?;
        let mut changed = false;
        for definition in definitions.all() {
            changed |= settle(server, &definitions, definition).await?;
        }
        if !changed {
            return Ok(());
        }
    }
    Ok(())
}

async fn settle(
    server: &Arc<Server>,
    definitions: &Definitions,
    definition: &Value,
) -> Result<bool, Failure> {
    if object::is_deleting(definition) {
        return remove(server, definition).await;
    }
    let mut next = definition.clone();
    accept_names(definitions, definition, &mut next);
    if next == *definition {
        return Ok(false);
    }
    write_status(server, definition, next).await
}

/// Writes the next state of a definition; false when somebody was faster.
async fn write_status(server: &Arc<Server>, old: &Value, mut next: Value) -> Result<bool, Failure> {
    let resource = server
        .catalog()
        .await?
        .expect("apiextensions.k8s.io", "v1", "customresourcedefinitions")
        .clone();
    let Some(current) = server.objects.get(&resource, "", object::name(old)).await? else {
        return Ok(true);
    };
    let mut stored = current.object.clone();
    object::remove_meta(&mut stored, "resourceVersion");
    if stored != *old {
        return Ok(true);
    }
    write::track(&resource, &mut next, Some(old), &Writer::system(), "status");
    match server.objects.replace(&resource, (&current, None), next).await {
        Ok(_) | Err(Refused::Raced) => Ok(true),
        Err(Refused::Failed(failure)) => Err(failure),
    }
}

/// Names are accepted unless another definition of the group has them.
fn accept_names(definitions: &Definitions, definition: &Value, next: &mut Value) {
    let names = definition.pointer("/spec/names").cloned().unwrap_or_default();
    let now = object::now();
    if next.get("status").is_none_or(|status| !status.is_object()) {
        next["status"] = json!({});
    }
    let versions = definition.pointer("/spec/versions").and_then(Value::as_array);
    let storage =
        versions.into_iter().flatten().find(|one| one.get("storage") == Some(&Value::Bool(true)));
    let status = &mut next["status"];
    if let Some(name) = storage.map(|one| object::text(one, "/name")) {
        let stored = status["storedVersions"].as_array().cloned().unwrap_or_default();
        if !stored.iter().any(|one| one == name) {
            status["storedVersions"] = stored.into_iter().chain([name.into()]).collect();
        }
    }
    let accepted = status["acceptedNames"].clone();
    let (names, conflict) = accept(names, &accepted, &taken(definitions, definition));
    status["acceptedNames"] = names;
    match conflict {
        None => {
            set(status, ("NamesAccepted", "True", "NoConflicts", "no conflicts found"), &now);
            set(
                status,
                (
                    "Established",
                    "True",
                    "InitialNamesAccepted",
                    "the initial names have been accepted",
                ),
                &now,
            );
        }
        Some((reason, message)) => {
            set(status, ("NamesAccepted", "False", reason, &message), &now);
            if !is_true(definition, "Established") {
                set(
                    status,
                    ("Established", "False", "NotAccepted", "not all names are accepted"),
                    &now,
                );
            }
        }
    }
}

/// The names that other definitions of the group have: of resources, and of kinds.
fn taken(definitions: &Definitions, definition: &Value) -> (Vec<String>, Vec<String>) {
    let group = object::text(definition, "/spec/group");
    let others = definitions.all().filter(|other| {
        object::name(other) != object::name(definition)
            && object::text(other, "/spec/group") == group
    });
    let (mut resources, mut kinds) = (Vec::new(), Vec::new());
    for other in others {
        let theirs = other.pointer("/status/acceptedNames").unwrap_or(&Value::Null);
        resources
            .extend(["/plural", "/singular"].map(|field| object::text(theirs, field).to_owned()));
        resources.extend(
            theirs["shortNames"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .map(str::to_owned),
        );
        kinds.extend(["/kind", "/listKind"].map(|field| object::text(theirs, field).to_owned()));
    }
    (resources, kinds)
}

/// Accepts each name that is free; a name that is not stays what it was. The last
/// conflict is the one that is told.
fn accept(
    wanted: Value,
    before: &Value,
    (resources, kinds): &(Vec<String>, Vec<String>),
) -> (Value, Option<(&'static str, String)>) {
    let mut accepted = wanted;
    let mut conflict = None;
    let mut refuse = |accepted: &mut Value, field: &str, reason: &'static str, name: &str| {
        conflict = Some((reason, format!("{name:?} is already in use")));
        match before.get(field) {
            Some(old) => accepted[field] = old.clone(),
            None if field == "kind" => accepted[field] = "".into(),
            None => {
                accepted.as_object_mut().map(|map| map.shift_remove(field));
            }
        }
    };
    for (field, reason, used) in [
        ("plural", "PluralConflict", resources),
        ("singular", "SingularConflict", resources),
        ("shortNames", "ShortNamesConflict", resources),
        ("kind", "KindConflict", kinds),
        ("listKind", "ListKindConflict", kinds),
    ] {
        let names: Vec<String> = match &accepted[field] {
            Value::Array(list) => {
                list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
            }
            other => other.as_str().map(str::to_owned).into_iter().collect(),
        };
        if let Some(name) = names.iter().find(|name| used.contains(name)) {
            refuse(&mut accepted, field, reason, name);
        }
    }
    (accepted, conflict)
}

/// Sets a condition; its time changes with its status alone.
fn set(status: &mut Value, (kind, value, reason, message): (&str, &str, &str, &str), now: &str) {
    if !status["conditions"].is_array() {
        status["conditions"] = json!([]);
    }
    let Some(list) = status["conditions"].as_array_mut() else { return };
    let wanted = json!({"type": kind, "status": value, "lastTransitionTime": now, "reason": reason, "message": message});
    match list.iter_mut().find(|one| object::text(one, "/type") == kind) {
        Some(there) if object::text(there, "/status") == value => {
            let since = there["lastTransitionTime"].clone();
            *there = wanted;
            there["lastTransitionTime"] = since;
        }
        Some(there) => *there = wanted,
        None => list.push(wanted),
    }
}

/// What a definition says from the moment that it is deleted.
pub fn mark_terminating(definition: &mut Value) {
    const WORDS: &str =
        "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon";
    object::child_mut(definition, "status");
    set(
        &mut definition["status"],
        ("Terminating", "True", "InstanceDeletionPending", WORDS),
        &object::now(),
    );
}

/// Deletes the objects of a definition that is being deleted, then lets it go.
async fn remove(server: &Arc<Server>, definition: &Value) -> Result<bool, Failure> {
    if !object::finalizers(definition).contains(&CLEANUP) {
        return Ok(false);
    }
    if condition(definition, "Terminating")
        .is_none_or(|one| object::text(one, "/reason") != "InstanceDeletionInProgress")
    {
        let mut next = definition.clone();
        let words = "CustomResource deletion is in progress";
        set(
            &mut next["status"],
            ("Terminating", "True", "InstanceDeletionInProgress", words),
            &object::now(),
        );
        return write_status(server, definition, next).await;
    }
    let catalog = server.catalog().await?;
    let (group, plural) =
        (object::text(definition, "/spec/group"), object::text(definition, "/spec/names/plural"));
    let own = catalog
        .resources()
        .iter()
        .find(|one| one.group == group && one.plural == plural && one.custom.is_some());
    if let Some(resource) = own {
        let mut left = false;
        for entry in server.objects.all(resource, "").await? {
            left |= !remove_object(server, resource, &entry).await?;
        }
        if left {
            return Ok(false);
        }
    }
    let mut next = definition.clone();
    let kept: Vec<String> = object::finalizers(definition)
        .into_iter()
        .filter(|one| *one != CLEANUP)
        .map(str::to_owned)
        .collect();
    let last = kept.is_empty();
    object::set_finalizers(&mut next, kept);
    if !last {
        return write_status(server, definition, next).await;
    }
    let resource = catalog.expect("apiextensions.k8s.io", "v1", "customresourcedefinitions");
    if let Some(current) = server.objects.get(resource, "", object::name(definition)).await? {
        match server.objects.remove(resource, (&current, None)).await {
            Ok(_) | Err(Refused::Raced) => {}
            Err(Refused::Failed(failure)) => return Err(failure),
        }
    }
    Ok(true)
}

/// Whether the object is gone; one with finalizers is only marked.
async fn remove_object(
    server: &Arc<Server>,
    resource: &Resource,
    entry: &crate::storage::Entry,
) -> Result<bool, Failure> {
    let held = !object::finalizers(&entry.object).is_empty();
    let outcome = if !held {
        server.objects.remove(resource, (entry, None)).await.map(|_| ())
    } else if object::is_deleting(&entry.object) {
        Ok(())
    } else {
        let mut next = entry.object.clone();
        object::set_meta(&mut next, "deletionTimestamp", object::now());
        object::set_meta(&mut next, "deletionGracePeriodSeconds", 0);
        object::set_meta(&mut next, "generation", object::generation(&entry.object) + 1);
        server.objects.replace(resource, (entry, None), next).await.map(|_| ())
    };
    match outcome {
        Ok(()) => Ok(!held),
        Err(Refused::Raced) => Ok(false),
        Err(Refused::Failed(failure)) => Err(failure),
    }
}
