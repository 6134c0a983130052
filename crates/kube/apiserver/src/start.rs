//! What a server makes when it starts: namespaces, roles, its own Service, and
//! the objects that whoever embeds it brings along.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::admission::namespaces;
use crate::authz::bootstrap::{self as roles, AUTOUPDATE};
use crate::custom::establish;
use crate::error::Error;
use crate::object;
use crate::registry::Resource;
use crate::server::Server;
use crate::status::Failure;
use crate::storage::objects::Refused;
use crate::strategy;
use crate::verbs::write::{self, Writer};

/// Makes what is missing. Definitions are brought up to date, and are served when
/// this returns; the rules of roles too, unless somebody has annotated one with
/// `rbac.authorization.kubernetes.io/autoupdate: "false"`.
pub(crate) async fn bootstrap(server: &Arc<Server>, extra: Vec<Value>) -> Result<(), Error> {
    for name in namespaces::SYSTEM {
        ensure(
            server,
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}),
        )
        .await?;
    }
    for object in roles::objects() {
        ensure(server, object).await?;
    }
    ensure(server, api_service(server)).await?;
    for (name, value, words) in [
        (
            "system-cluster-critical",
            2_000_000_000,
            "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
        ),
        (
            "system-node-critical",
            2_000_001_000,
            "Used for system critical pods that must not be moved from their current node.",
        ),
    ] {
        let class = json!({
            "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}, "value": value, "description": words
        });
        ensure(server, class).await?;
    }
    let (definitions, others): (Vec<Value>, Vec<Value>) = extra
        .into_iter()
        .partition(|object| object::text(object, "/kind") == "CustomResourceDefinition");
    for definition in definitions {
        ensure(server, definition).await?;
    }
    establish::settle_all(server).await.map_err(|failure| refused(&Value::Null, &failure))?;
    for object in others {
        ensure(server, object).await?;
    }
    Ok(())
}

/// `default/kubernetes`, by which pods find the API.
fn api_service(server: &Server) -> Value {
    let address = server.addresses.api_server().to_string();
    json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "kubernetes", "namespace": "default", "labels": {"component": "apiserver", "provider": "kubernetes"}},
        "spec": {
            "type": "ClusterIP", "clusterIP": address, "clusterIPs": [address],
            "ports": [{"name": "https", "protocol": "TCP", "port": 443, "targetPort": 6443}]
        }
    })
}

fn refused(object: &Value, failure: &Failure) -> Error {
    Error::Bootstrap {
        kind: object::text(object, "/kind").to_owned(),
        name: object::name(object).to_owned(),
        message: failure.message.clone(),
    }
}

async fn ensure(server: &Arc<Server>, object: Value) -> Result<(), Error> {
    try_ensure(server, object.clone()).await.map_err(|failure| refused(&object, &failure))
}

async fn try_ensure(server: &Arc<Server>, object: Value) -> Result<(), Failure> {
    let catalog = server.catalog().await?;
    let (api_version, kind) =
        (object::text(&object, "/apiVersion"), object::text(&object, "/kind"));
    let resource =
        catalog.resources().iter().find(|one| one.kind == kind && one.api_version() == api_version);
    let resource = resource
        .ok_or_else(|| {
            Failure::bad_request(format!("no resource {kind} in {api_version} is served"))
        })?
        .clone();
    let there =
        server.objects.get(&resource, object::namespace(&object), object::name(&object)).await?;
    match there {
        None => create(server, &resource, object).await,
        Some(current) if resource.group == "apiextensions.k8s.io" => {
            let mut wanted = object;
            dais_schema::custom::definition::default(&mut wanted);
            renew(server, &resource, (&current, wanted), "spec").await
        }
        Some(current) if is_renewed(&resource, &current.object, &object) => {
            renew(server, &resource, (&current, object), "rules").await
        }
        Some(_) => Ok(()),
    }
}

async fn create(
    server: &Arc<Server>,
    resource: &Arc<Resource>,
    mut object: Value,
) -> Result<(), Failure> {
    object::set_meta(&mut object, "uid", uuid::Uuid::new_v4().to_string());
    object::set_meta(&mut object, "creationTimestamp", object::now());
    write::check_shape(
        resource,
        &mut object,
        Vec::new(),
        crate::http::query::FieldValidation::Ignore,
    )?;
    strategy::fill(resource, &mut object);
    write::track(resource, &mut object, None, &Writer::system(), "");
    strategy::prepare_create(resource, &mut object);
    check(resource, &strategy::validate_create(resource, &object), &object)?;
    match server.objects.create(resource, object, None).await {
        Ok(_) | Err(Refused::Raced) => Ok(()),
        Err(Refused::Failed(failure)) => Err(failure),
    }
}

/// Whether the rules of a role that is there are those that it comes with. The rules of
/// an aggregated one are made of others'.
fn is_renewed(resource: &Resource, current: &Value, wanted: &Value) -> bool {
    let own = resource.kind == "ClusterRole" && wanted.get("aggregationRule").is_none();
    let annotation = &current["metadata"]["annotations"][AUTOUPDATE];
    own && current.get("aggregationRule").is_none() && annotation != "false"
}

/// Brings a part of an object up to date.
async fn renew(
    server: &Arc<Server>,
    resource: &Arc<Resource>,
    (current, wanted): (&crate::storage::Entry, Value),
    part: &str,
) -> Result<(), Failure> {
    let mut old = current.object.clone();
    object::remove_meta(&mut old, "resourceVersion");
    let mut next = old.clone();
    next[part] = wanted.get(part).cloned().unwrap_or_default();
    write::check_shape(
        resource,
        &mut next,
        Vec::new(),
        crate::http::query::FieldValidation::Ignore,
    )?;
    strategy::fill(resource, &mut next);
    strategy::prepare_update(resource, "", &mut next, &old);
    if next.get(part) == old.get(part) {
        return Ok(());
    }
    check(resource, &strategy::validate_update(resource, "", &next, &old), &next)?;
    write::track(resource, &mut next, Some(&old), &Writer::system(), "");
    match server.objects.replace(resource, (current, None), next).await {
        Ok(_) | Err(Refused::Raced) => Ok(()),
        Err(Refused::Failed(failure)) => Err(failure),
    }
}

fn check(
    resource: &Resource,
    errors: &[dais_schema::FieldError],
    object: &Value,
) -> Result<(), Failure> {
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Failure::invalid(resource.subject(object::name(object)), errors))
    }
}
