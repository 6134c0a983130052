//! Delete: at once, or marked and left to finalizers and grace.

use std::sync::Arc;

use serde_json::Value;

use super::delete_options::DeleteOptions;
use super::write;
use crate::audit::Change;
use crate::http::handle::Call;
use crate::http::respond::Answer;
use crate::registry::Resource;
use crate::status::{self, Failure};
use crate::storage::Entry;
use crate::storage::objects::Refused;
use crate::{admission, object, strategy};

const FOREGROUND: &str = "foregroundDeletion";
const ORPHAN: &str = "orphan";

pub(crate) async fn delete(call: &Call) -> Result<Answer, Failure> {
    let options = DeleteOptions::of(call)?;
    admission::on_delete(call)?;
    let deleted =
        delete_object(call, &call.resource, (call.namespace(), &call.path.name), &options).await?;
    write::follow_up(call, &call.resource).await?;
    let warnings = strategy::deletion_warning(&call.resource, &options);
    Ok(match deleted {
        Deleted::Marked(entry) => Answer::entry(200, entry),
        Deleted::Gone(entry) if strategy::answers_deletion_with_object(&call.resource) => {
            Answer::entry(200, entry)
        }
        Deleted::Gone(entry) => {
            let subject = call.resource.subject(object::name(&entry.object));
            Answer::value(200, status::deleted(subject, object::uid(&entry.object)))
        }
    }
    .warn(warnings))
}

/// How a deletion went.
pub(crate) enum Deleted {
    /// It waits for finalizers or for its grace to end.
    Marked(Arc<Entry>),
    /// It is gone; this was its last state.
    Gone(Arc<Entry>),
}

/// Deletes one object.
pub(crate) async fn delete_object(
    call: &Call,
    resource: &Arc<Resource>,
    (namespace, name): (&str, &str),
    options: &DeleteOptions,
) -> Result<Deleted, Failure> {
    let objects = &call.server.objects;
    loop {
        let current = objects.expect(resource, namespace, name).await?;
        options.check_preconditions(resource, &current.object)?;
        let plan = plan(resource, &current.object, options);
        let outcome = match plan {
            Plan::Nothing => return Ok(Deleted::Marked(current)),
            Plan::Remove(last) if options.dry => {
                return Ok(Deleted::Gone(as_of(last, current.revision)));
            }
            Plan::Mark(next) if options.dry => {
                return Ok(Deleted::Marked(as_of(next, current.revision)));
            }
            Plan::Remove(last) => {
                let note = call.note(resource, Change { old: Some(&current.object), new: None });
                let removed = objects.remove(resource, (&current, note)).await;
                removed.map(|_| Deleted::Gone(as_of(last, current.revision)))
            }
            Plan::Mark(next) => {
                let change = Change { old: Some(&current.object), new: Some(&next) };
                let note = call.note(resource, change);
                objects.replace(resource, (&current, note), next).await.map(Deleted::Marked)
            }
        };
        match outcome {
            Ok(deleted) => {
                call.wrote();
                return Ok(deleted);
            }
            Err(Refused::Raced) => {}
            Err(Refused::Failed(failure)) => return Err(failure),
        }
    }
}

fn as_of(object: Value, revision: u64) -> Arc<Entry> {
    let mut object = object;
    object::set_resource_version(&mut object, revision);
    Arc::new(Entry::new(revision, object))
}

enum Plan {
    Nothing,
    Remove(Value),
    Mark(Value),
}

/// What a delete makes of an object in this state.
fn plan(resource: &Resource, current: &Value, options: &DeleteOptions) -> Plan {
    let mut next = current.clone();
    object::remove_meta(&mut next, "resourceVersion");
    let finalizers = finalizers(resource, current, options);
    object::set_finalizers(&mut next, finalizers.clone());
    let grace = strategy::grace_period(resource, current, options);
    let deleting = object::is_deleting(current);
    if strategy::outlives_finalizers(resource, current) {
        return mark(resource, next, (deleting, None), current);
    }
    match grace {
        Some(seconds) if seconds > 0 => mark(resource, next, (deleting, Some(seconds)), current),
        _ if finalizers.is_empty() => {
            if strategy::raises_generation_on_delete(resource, current) {
                object::set_meta(&mut next, "generation", object::generation(current) + 1);
            }
            Plan::Remove(next)
        }
        _ => mark(resource, next, (deleting, grace.or(Some(0))), current),
    }
}

/// Marks an object as being deleted. Grace can only become shorter.
fn mark(
    resource: &Resource,
    mut next: Value,
    (deleting, grace): (bool, Option<i64>),
    current: &Value,
) -> Plan {
    let shorter = match (grace, object::grace_period(current)) {
        (Some(new), Some(old)) => new < old,
        _ => false,
    };
    if !deleting || shorter {
        let seconds = grace.unwrap_or_default();
        object::set_meta(&mut next, "deletionTimestamp", object::seconds_from_now(seconds));
        if let Some(seconds) = grace {
            object::set_meta(&mut next, "deletionGracePeriodSeconds", seconds);
        }
        if strategy::raises_generation_on_delete(resource, current) {
            object::set_meta(&mut next, "generation", object::generation(current) + 1);
        }
        strategy::on_marked_deleted(resource, &mut next);
    }
    let next = object::canonical(next);
    let mut before = current.clone();
    object::remove_meta(&mut before, "resourceVersion");
    if next == object::canonical(before) { Plan::Nothing } else { Plan::Mark(next) }
}

/// The finalizers that a delete with these options leaves.
fn finalizers(resource: &Resource, current: &Value, options: &DeleteOptions) -> Vec<String> {
    let mut list: Vec<String> =
        object::finalizers(current).into_iter().map(str::to_owned).collect();
    let wanted = match (options.propagation_policy.as_deref(), options.orphan_dependents) {
        (Some("Orphan"), _) | (None, Some(true)) => Some(ORPHAN),
        (Some("Foreground"), _) => Some(FOREGROUND),
        (Some(_), _) | (None, Some(false)) => None,
        (None, None) => match list.iter().find(|one| *one == ORPHAN || *one == FOREGROUND) {
            Some(kept) if kept == ORPHAN => Some(ORPHAN),
            Some(_) => Some(FOREGROUND),
            None => strategy::orphans_by_default(resource).then_some(ORPHAN),
        },
    };
    list.retain(|one| one != ORPHAN && one != FOREGROUND);
    list.extend(wanted.map(str::to_owned));
    let added = strategy::deletion_finalizer(resource).filter(|_| !object::is_deleting(current));
    if let Some(finalizer) = added.filter(|finalizer| !list.iter().any(|one| one == finalizer)) {
        list.push(finalizer.to_owned());
    }
    list
}
