//! What kinds do that other kinds do not: defaults, what an update keeps, what is
//! refused, what a deletion means.
//!
//! `defaults` fills in, `validate` refuses, `service` gives out addresses; this
//! file says which rule applies to which kind.

pub mod defaults;
pub mod service;
pub mod validate;

use std::collections::HashMap;
use std::sync::OnceLock;

use dais_schema::FieldError;
use dais_schema::managed::FieldSet;
use serde_json::Value;

use crate::object;
use crate::registry::Resource;
use crate::verbs::delete_options::DeleteOptions;

/// Built-in kinds whose `metadata.generation` counts changes of their spec.
fn counts_generation(resource: &Resource) -> bool {
    resource.custom.is_some()
        || matches!(
            (resource.group.as_str(), resource.plural.as_str()),
            ("", "pods" | "replicationcontrollers")
                | ("apps", "deployments" | "replicasets" | "statefulsets" | "daemonsets")
                | ("batch", "jobs" | "cronjobs")
                | ("policy", "poddisruptionbudgets")
                | ("networking.k8s.io", "ingresses" | "networkpolicies" | "ingressclasses")
                | ("discovery.k8s.io", "endpointslices")
                | ("apiextensions.k8s.io", "customresourcedefinitions")
                | ("scheduling.k8s.io", "priorityclasses")
        )
}

/// Fields that nobody can own through an endpoint, because it resets them.
pub fn unowned_fields(resource: &Resource, subresource: &str) -> FieldSet {
    static SETS: OnceLock<HashMap<(bool, &'static str), FieldSet>> = OnceLock::new();
    let sets = SETS.get_or_init(|| {
        HashMap::from([
            ((true, "status"), FieldSet::of_fields(&[&["metadata"], &["spec"]])),
            (
                (false, "status"),
                FieldSet::of_fields(&[
                    &["spec"],
                    &["metadata", "deletionTimestamp"],
                    &["metadata", "ownerReferences"],
                ]),
            ),
            ((true, ""), FieldSet::of_fields(&[&["status"]])),
            ((false, ""), FieldSet::of_fields(&[&["status"]])),
        ])
    });
    let key = match subresource {
        "status" => (resource.custom.is_some(), "status"),
        _ if resource.has_status() => (resource.custom.is_some(), ""),
        _ => return FieldSet::default(),
    };
    sets.get(&key).cloned().unwrap_or_default()
}

/// Fills in what the kind's own defaults say, as decoding a request does in
/// Kubernetes: the writer owns what is filled in here.
pub fn fill(resource: &Resource, object: &mut Value) {
    if is_definition(resource) {
        dais_schema::custom::definition::default(object);
    }
    keep_name_label(resource, object);
    defaults::always(resource, object);
    normalize(resource, object);
}

/// Makes an object that is to be created what its kind begins as. Nobody owns
/// what is set here.
pub fn prepare_create(resource: &Resource, object: &mut Value) {
    if resource.has_status()
        && let Some(map) = object.as_object_mut()
        && !resource.is("", "nodes")
    {
        map.shift_remove("status");
    }
    if counts_generation(resource) {
        object::set_meta(object, "generation", 1);
    }
    defaults::on_create(resource, object);
    normalize(resource, object);
    if is_definition(resource) {
        // The status was dropped above; a definition begins with one, which has a null that
        // the normal form has not.
        dais_schema::custom::definition::default(object);
    }
}

fn is_definition(resource: &Resource) -> bool {
    resource.is("apiextensions.k8s.io", "customresourcedefinitions")
}

/// Defaults may add what the normal form of the kind writes differently.
fn normalize(resource: &Resource, object: &mut Value) {
    if resource.custom.is_none()
        && let Some(schema) = crate::verbs::write::schema_of(resource)
    {
        dais_schema::builtin::normalize(&schema, object);
    }
}

/// Makes the next state of an object what an update through `subresource` may
/// make of it: system fields and the other half of spec and status stay.
pub fn prepare_update(resource: &Resource, subresource: &str, new: &mut Value, old: &Value) {
    for field in
        ["creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation"]
    {
        object::keep_meta(new, old, field);
    }
    for field in ["uid", "name", "namespace"] {
        if object::text(new, &format!("/metadata/{field}")).is_empty() {
            object::keep_meta(new, old, field);
        }
    }
    object::remove_meta(new, "selfLink");
    if subresource == "status" {
        keep_all_but_status(resource, new, old);
    } else {
        if resource.has_status() && subresource.is_empty() {
            keep(new, old, "status");
            if is_definition(resource) {
                // What is to be stored from now on joins what was.
                dais_schema::custom::definition::default(new);
            }
        }
        // The one subresource whose purpose is to change what updates keep.
        if subresource != "finalize" {
            defaults::on_update(resource, new, old);
        }
        normalize(resource, new);
        if counts_generation(resource)
            && subresource != "binding"
            && spec_changed(resource, new, old)
        {
            object::set_meta(new, "generation", object::generation(old) + 1);
        }
    }
}

fn keep_all_but_status(resource: &Resource, new: &mut Value, old: &Value) {
    let fields: Vec<String> = [new.as_object(), old.as_object()]
        .into_iter()
        .flatten()
        .flat_map(|map| map.keys().cloned())
        .collect();
    for field in fields {
        if !matches!(field.as_str(), "status" | "metadata" | "kind" | "apiVersion") {
            keep(new, old, &field);
        }
    }
    if resource.custom.is_some() {
        let managed = new.pointer("/metadata/managedFields").cloned();
        let version = object::resource_version(new).to_owned();
        new["metadata"] = old.get("metadata").cloned().unwrap_or_default();
        match managed {
            Some(managed) => object::set_meta(new, "managedFields", managed),
            None => object::remove_meta(new, "managedFields"),
        }
        if !version.is_empty() {
            object::set_meta(new, "resourceVersion", version);
        }
    } else {
        object::keep_meta(new, old, "ownerReferences");
        normalize(resource, new);
    }
}

/// Copies a top-level field from the old object, or removes it.
fn keep(new: &mut Value, old: &Value, field: &str) {
    let Some(map) = new.as_object_mut() else { return };
    match old.get(field) {
        Some(value) => {
            map.insert(field.to_owned(), value.clone());
        }
        None => {
            map.shift_remove(field);
        }
    }
}

/// A namespace's name is also its label, always.
fn keep_name_label(resource: &Resource, object: &mut Value) {
    let name = object::name(object).to_owned();
    if resource.is("", "namespaces") && !name.is_empty() {
        let metadata = object::metadata_mut(object);
        object::entry_map(metadata, "labels")
            .insert("kubernetes.io/metadata.name".into(), name.into());
    }
}

fn spec_changed(resource: &Resource, new: &Value, old: &Value) -> bool {
    if resource.custom.is_none() && !resource.is("discovery.k8s.io", "endpointslices") {
        return new.get("spec") != old.get("spec");
    }
    let rest = |object: &Value| {
        let mut object = object.clone();
        if let Some(map) = object.as_object_mut() {
            map.shift_remove("metadata");
            if resource.has_status() {
                map.shift_remove("status");
            }
        }
        object
    };
    rest(new) != rest(old)
}

/// What is wrong with an object that is to be created.
pub fn validate_create(resource: &Resource, object: &Value) -> Vec<FieldError> {
    validate::create(resource, object)
}

/// What is wrong with the next state of an object.
pub fn validate_update(
    resource: &Resource,
    subresource: &str,
    new: &Value,
    old: &Value,
) -> Vec<FieldError> {
    validate::update(resource, subresource, new, old)
}

/// Objects that are not gone when their last finalizer is: a namespace still has
/// `spec.finalizers`.
pub fn outlives_finalizers(resource: &Resource, object: &Value) -> bool {
    resource.is("", "namespaces")
        && object
            .pointer("/spec/finalizers")
            .and_then(Value::as_array)
            .is_some_and(|list| !list.is_empty())
}

/// The seconds that an object has left when it is deleted; only pods get any.
pub fn grace_period(resource: &Resource, current: &Value, options: &DeleteOptions) -> Option<i64> {
    if !resource.is("", "pods") {
        return None;
    }
    let phase = object::text(current, "/status/phase");
    if object::text(current, "/spec/nodeName").is_empty() || matches!(phase, "Succeeded" | "Failed")
    {
        return Some(0);
    }
    let own = current
        .pointer("/spec/terminationGracePeriodSeconds")
        .and_then(Value::as_i64)
        .unwrap_or(30);
    let wanted = options.grace_period_seconds.unwrap_or(own);
    Some(if wanted < 0 { 1 } else { wanted })
}

pub fn raises_generation_on_delete(resource: &Resource, current: &Value) -> bool {
    object::generation(current) > 0
        && !resource.is("apiextensions.k8s.io", "customresourcedefinitions")
}

/// What else changes when an object is marked as being deleted.
pub fn on_marked_deleted(resource: &Resource, object: &mut Value) {
    if resource.is("", "namespaces") {
        object::child_mut(object, "status").insert("phase".into(), "Terminating".into());
        object::remove_meta(object, "deletionGracePeriodSeconds");
    }
    if resource.is("apiextensions.k8s.io", "customresourcedefinitions") {
        object::remove_meta(object, "deletionGracePeriodSeconds");
        crate::custom::establish::mark_terminating(object);
    }
}

/// A finalizer that a deletion adds, so that what depends on the object goes first.
pub fn deletion_finalizer(resource: &Resource) -> Option<&'static str> {
    resource
        .is("apiextensions.k8s.io", "customresourcedefinitions")
        .then_some(crate::custom::establish::CLEANUP)
}

/// Deleting a Job without a policy leaves its pods.
pub fn orphans_by_default(resource: &Resource) -> bool {
    resource.is("batch", "jobs") || resource.is("", "replicationcontrollers")
}

pub fn deletion_warning(resource: &Resource, options: &DeleteOptions) -> Option<String> {
    let unsaid = options.propagation_policy.is_none() && options.orphan_dependents.is_none();
    (unsaid && resource.is("batch", "jobs"))
        .then(|| "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning".to_owned())
}

/// Kinds whose deletion answers with the object, not with a `Status`.
pub fn answers_deletion_with_object(resource: &Resource) -> bool {
    matches!(
        (resource.group.as_str(), resource.plural.as_str()),
        (
            "",
            "pods"
                | "services"
                | "serviceaccounts"
                | "namespaces"
                | "persistentvolumes"
                | "persistentvolumeclaims"
                | "podtemplates"
                | "resourcequotas"
        ) | ("storage.k8s.io", _)
            | ("apiextensions.k8s.io", _)
    )
}
