//! Namespaces: they must exist, must not be ending, and some may never go.

use std::collections::HashMap;
use std::sync::Arc;

use dais_store::Revision;
use serde_json::{Value, json};

use crate::http::handle::Call;
use crate::object;
use crate::registry::Resource;
use crate::status::{Failure, Subject};
use crate::storage::mirror::Fold;

pub const PREFIX: &str = "/registry/core/namespaces/";

/// The namespaces that a cluster cannot be without.
pub const SYSTEM: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];

/// All namespaces, by name.
#[derive(Debug, Clone, Default)]
pub struct Namespaces {
    known: HashMap<String, Arc<Namespace>>,
}

#[derive(Debug)]
pub struct Namespace {
    pub ending: bool,
    pub labels: HashMap<String, String>,
}

impl Namespaces {
    pub fn get(&self, name: &str) -> Option<&Namespace> {
        self.known.get(name).map(Arc::as_ref)
    }
}

impl Fold for Namespaces {
    fn apply(&mut self, key: &str, object: Option<&Value>, _revision: Revision) {
        let Some(name) = key.strip_prefix(PREFIX) else { return };
        match object {
            Some(object) => {
                let labels = object.pointer("/metadata/labels").and_then(Value::as_object);
                let labels = labels
                    .into_iter()
                    .flatten()
                    .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())));
                let namespace =
                    Namespace { ending: object::is_deleting(object), labels: labels.collect() };
                self.known.insert(name.to_owned(), Arc::new(namespace));
            }
            None => {
                self.known.remove(name);
            }
        }
    }
}

/// Nothing is made in a namespace that is not there or that is ending.
pub(crate) async fn check_create(
    call: &Call,
    resource: &Resource,
    object: &Value,
) -> Result<(), Failure> {
    if !resource.namespaced {
        return Ok(());
    }
    let name = object::namespace(object);
    let namespaces = call.server.namespaces.current().await?;
    match namespaces.get(name) {
        None => Err(Failure::not_found(Subject {
            group: "",
            resource: "namespaces",
            kind: "Namespace",
            name,
        })),
        Some(namespace) if namespace.ending => Err(ending(resource, object, name)),
        Some(_) => Ok(()),
    }
}

fn ending(resource: &Resource, object: &Value, namespace: &str) -> Failure {
    let why = format!(
        "unable to create new content in namespace {namespace} because it is being terminated"
    );
    let mut failure = Failure::forbidden(resource.subject(object::name(object)), &why);
    if let Some(details) = failure.details.as_mut().and_then(|details| details.as_object_mut()) {
        let message = format!("namespace {namespace} is being terminated");
        let cause = json!({"reason": "NamespaceTerminating", "message": message, "field": "metadata.namespace"});
        details.insert("causes".into(), json!([cause]));
    }
    failure
}

pub(crate) fn check_delete(call: &Call) -> Result<(), Failure> {
    let name = call.path.name.as_str();
    if call.resource.is("", "namespaces") && SYSTEM.contains(&name) && name != "kube-node-lease" {
        return Err(Failure::forbidden(
            call.resource.subject(name),
            "this namespace may not be deleted",
        ));
    }
    Ok(())
}
