//! What is asked of a write after authorization: namespaces that end, accounts
//! that must exist, limits, quota, pod security, escalation, addresses.
//!
//! Each rule is a file; this one says in which order they are asked. They may
//! change the object that is written, and refuse it.

pub mod accounts;
pub mod authors;
pub mod limits;
pub mod namespaces;
pub mod pod_security;
pub mod quota;

use std::sync::Arc;

use serde_json::Value;

use crate::authz::escalation;
use crate::http::handle::Call;
use crate::object;
use crate::registry::Resource;
use crate::status::Failure;
use crate::storage::objects::Objects;
use crate::verbs::write::{Target, Writer};

/// What a create holds on to until it is written: the locks under which addresses
/// and quota were given out.
pub(crate) struct Charge<'a> {
    pub warnings: Vec<String>,
    _addresses: Option<tokio::sync::MutexGuard<'a, ()>>,
    _quota: Option<tokio::sync::MutexGuard<'a, ()>>,
}

/// Asks about a new object. The charge is to be kept until it is written.
pub(crate) async fn on_create<'a>(
    call: &'a Call,
    resource: &Arc<Resource>,
    writer: &Writer,
    object: &mut Value,
) -> Result<Charge<'a>, Failure> {
    namespaces::check_create(call, resource, object).await?;
    if resource.custom.as_ref().is_some_and(|custom| custom.terminating) {
        let why = "create not allowed while custom resource definition is terminating";
        return Err(Failure::forbidden(resource.subject(object::name(object)), why));
    }
    authors::on_create(call, writer, object);
    escalation::check(call, resource, &writer.user, (object, None)).await?;
    if resource.is("", "pods") {
        accounts::on_create(call, resource, object).await?;
    }
    if resource.is("", "pods") || resource.is("", "persistentvolumeclaims") {
        limits::on_create(call, resource, object).await?;
    }
    let warnings = secure(call, resource, writer, object).await?;
    let mut addresses = None;
    if resource.is("", "services") {
        addresses = Some(call.server.addresses.lock().await);
        assign_addresses(call, resource, object).await?;
    }
    let quota = quota::on_create(call, resource, object).await?;
    Ok(Charge { warnings, _addresses: addresses, _quota: quota })
}

async fn secure(
    call: &Call,
    resource: &Resource,
    writer: &Writer,
    object: &Value,
) -> Result<Vec<String>, Failure> {
    let namespaces = call.server.namespaces.current().await?;
    pod_security::check(&namespaces, resource, &writer.user, object)
}

/// Asks about the next state of an object.
pub(crate) async fn on_update(
    call: &Call,
    target: Target<'_>,
    writer: &Writer,
    (new, old): (&mut Value, &Value),
) -> Result<(), Failure> {
    authors::on_update(call, writer, new, old);
    escalation::check(call, target.resource, &writer.user, (new, Some(old))).await?;
    if target.subresource.is_empty() && new.get("spec") != old.get("spec") {
        secure(call, target.resource, writer, new).await?;
    }
    if target.resource.is("", "services") && target.subresource.is_empty() {
        let _lock = call.server.addresses.lock().await;
        assign_addresses(call, target.resource, new).await?;
    }
    Ok(())
}

/// Asks about a deletion.
pub(crate) fn on_delete(call: &Call) -> Result<(), Failure> {
    namespaces::check_delete(call)
}

async fn assign_addresses(
    call: &Call,
    resource: &Arc<Resource>,
    service: &mut Value,
) -> Result<(), Failure> {
    let objects: &Objects = &call.server.objects;
    let all = objects.all(resource, "").await?;
    let (namespace, name) =
        (object::namespace(service).to_owned(), object::name(service).to_owned());
    let others: Vec<&Value> = all
        .iter()
        .map(|entry| &entry.object)
        .filter(|other| object::namespace(other) != namespace || object::name(other) != name)
        .collect();
    call.server.addresses.assign(service, &others).map_err(|(field, value, why)| {
        Failure::invalid(
            resource.subject(&name),
            &[dais_schema::FieldError::invalid(field, &value, &why)],
        )
    })
}
