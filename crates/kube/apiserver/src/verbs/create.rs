//! Create.

use std::sync::Arc;

use serde_json::Value;

use super::write::{self, Writer};
use crate::audit::Change;
use crate::http::body;
use crate::http::handle::Call;
use crate::http::respond::Answer;
use crate::object;
use crate::registry::Resource;
use crate::status::Failure;
use crate::storage::Entry;
use crate::storage::objects::Refused;
use crate::{admission, strategy};

/// How often a generated name that is taken is generated again.
const NAME_ATTEMPTS: usize = 8;

/// A generated name: at most 63 characters, of which 5 are random.
const SUFFIX: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
const SUFFIX_LENGTH: usize = 5;
const LONGEST_PREFIX: usize = 58;

pub(crate) async fn create(call: &Call) -> Result<Answer, Failure> {
    let writer = Writer::of(call, "CreateOptions")?;
    let validation = call.query.field_validation("CreateOptions")?;
    let schema = write::schema_of(&call.resource).filter(|_| call.resource.custom.is_none());
    let decoded = body::decode(&call.parts.headers, &call.body, schema.as_ref())?;
    let mut object = decoded.value;
    write::check_kind(&call.resource, &mut object)?;
    let warnings = write::check_shape(&call.resource, &mut object, decoded.problems, validation)?;
    let (entry, more) = create_object(call, &call.resource, (object, false), &writer).await?;
    Ok(Answer::entry(201, entry).warn(warnings).warn(more))
}

/// Creates an object that has been decoded; `tracked` when its owners are noted.
pub(crate) async fn create_object(
    call: &Call,
    resource: &Arc<Resource>,
    (mut object, tracked): (Value, bool),
    writer: &Writer,
) -> Result<(Arc<Entry>, Vec<String>), Failure> {
    place(resource, call.namespace(), &mut object)?;
    if !object::resource_version(&object).is_empty() {
        return Err(Failure::unreasoned(
            "resourceVersion should not be set on objects to be created",
        ));
    }
    system_fields(&mut object);
    strategy::fill(resource, &mut object);
    if !tracked {
        write::track(resource, &mut object, None, writer, "");
    }
    let generated = name(&mut object);
    strategy::prepare_create(resource, &mut object);
    let charge = admission::on_create(call, resource, writer, &mut object).await?;
    let errors = strategy::validate_create(resource, &object);
    if !errors.is_empty() {
        let name = object::name(&object).to_owned();
        return Err(Failure::invalid(resource.subject(&name), &errors));
    }
    let mut object = object::canonical(object);
    for _ in 0..NAME_ATTEMPTS {
        if writer.dry_run {
            return Ok((dry(call, resource, object).await?, charge.warnings));
        }
        let note = call.note(resource, Change { old: None, new: Some(&object) });
        match call.server.objects.create(resource, object.clone(), note).await {
            Ok(entry) => {
                call.wrote();
                write::follow_up(call, resource).await?;
                return Ok((entry, charge.warnings));
            }
            Err(Refused::Raced) if generated => rename(&mut object),
            Err(Refused::Raced) => return Err(exists(call, resource, &object).await),
            Err(Refused::Failed(failure)) => return Err(failure),
        }
    }
    Err(exists(call, resource, &object).await)
}

async fn dry(call: &Call, resource: &Arc<Resource>, object: Value) -> Result<Arc<Entry>, Failure> {
    let there = call
        .server
        .objects
        .get(resource, object::namespace(&object), object::name(&object))
        .await?;
    if there.is_some() {
        return Err(exists(call, resource, &object).await);
    }
    Ok(Arc::new(Entry::new(0, object)))
}

async fn exists(call: &Call, resource: &Arc<Resource>, object: &Value) -> Failure {
    let name = object::name(object);
    let there =
        call.server.objects.get(resource, object::namespace(object), name).await.ok().flatten();
    let deleting = there.is_some_and(|entry| object::is_deleting(&entry.object));
    Failure::already_exists(resource.subject(name), deleting)
}

/// The namespace of the path is the object's.
pub(crate) fn place(
    resource: &Resource,
    namespace: &str,
    object: &mut Value,
) -> Result<(), Failure> {
    let given = object::namespace(object);
    if resource.namespaced {
        if !given.is_empty() && given != namespace {
            let why = "the namespace of the provided object does not match the namespace sent on the request";
            return Err(Failure::bad_request(why));
        }
        object::set_meta(object, "namespace", namespace);
    } else if !given.is_empty() {
        let why =
            "the namespace of the provided object does not match the namespace sent on the request";
        return Err(Failure::bad_request(why));
    }
    Ok(())
}

fn system_fields(object: &mut Value) {
    for field in ["selfLink", "deletionTimestamp", "deletionGracePeriodSeconds", "resourceVersion"]
    {
        object::remove_meta(object, field);
    }
    object::set_meta(object, "uid", uuid::Uuid::new_v4().to_string());
    object::set_meta(object, "creationTimestamp", object::now());
}

/// Makes a name out of `generateName` where there is none; whether it did.
fn name(object: &mut Value) -> bool {
    let generated = object::name(object).is_empty()
        && !object::text(object, "/metadata/generateName").is_empty();
    if generated {
        rename(object);
    }
    generated
}

fn rename(object: &mut Value) {
    let prefix: String =
        object::text(object, "/metadata/generateName").chars().take(LONGEST_PREFIX).collect();
    let suffix: String = (0..SUFFIX_LENGTH)
        .map(|_| char::from(SUFFIX[rand::random_range(0..SUFFIX.len())]))
        .collect();
    object::set_meta(object, "name", format!("{prefix}{suffix}"));
}
