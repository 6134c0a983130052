//! The one way in which controllers write: server-side apply.

use std::fmt::Debug;

use k8s_openapi::NamespaceResourceScope;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::context::CONTROLLER;
use crate::error::{Error, Result};

/// Makes `desired` true in its own namespace; other writers' fields stay.
pub async fn apply<K>(client: &Client, desired: &K) -> Result<K>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    K: Clone + Debug + Serialize + DeserializeOwned,
{
    let namespace = desired.namespace().unwrap_or_default();
    let api = Api::<K>::namespaced(client.clone(), &namespace);
    let name = desired.name_any();
    api.patch(&name, &PatchParams::apply(CONTROLLER).force(), &Patch::Apply(desired))
        .await
        .map_err(Error::kube(format!("applying {} {namespace}/{name}", K::kind(&()))))
}

/// Writes the whole status of `object`, unless it is already so.
pub async fn status<K, S>(client: &Client, object: &K, old: Option<&S>, new: &S) -> Result<()>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    K: Clone + Debug + DeserializeOwned,
    S: Serialize + PartialEq,
{
    if old == Some(new) {
        return Ok(());
    }
    let namespace = object.namespace().unwrap_or_default();
    let name = object.name_any();
    let patch = json!({
        "apiVersion": K::api_version(&()),
        "kind": K::kind(&()),
        "metadata": {"name": name, "uid": object.uid()},
        "status": new,
    });
    Api::<K>::namespaced(client.clone(), &namespace)
        .patch_status(&name, &PatchParams::apply(CONTROLLER).force(), &Patch::Apply(&patch))
        .await
        .map_err(Error::kube(format!(
            "writing the status of {} {namespace}/{name}",
            K::kind(&())
        )))?;
    Ok(())
}
