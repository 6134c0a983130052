//! Volume claims that are to go: held while a pod uses them.
//!
//! The API server puts a finalizer on each claim ("storage object in use
//! protection"); this takes it off once no pod needs the claim. Binding claims to
//! volumes is not done here.

use std::sync::Arc;

use futures::stream;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use kube::api::{Patch, PatchParams};
use kube::runtime::controller::Action;
use kube::runtime::reflector::ObjectRef;
use kube::{Api, ResourceExt};
use serde_json::json;

use crate::context::Context;
use crate::controller::drive;
use crate::error::{Attempt, Result, is_not_found};
use crate::feed::triggers;
use crate::ownership::describe;
use crate::pods;

const PROTECTION: &str = "kubernetes.io/pvc-protection";

/// Runs until shutdown.
pub async fn run(context: Arc<Context>) {
    let feeds = &context.feeds;
    let claims = triggers(&feeds.volume_claims, |change| [ObjectRef::from_obj(&*change.object)]);
    let pods = triggers(&feeds.pods, |change| {
        let namespace = change.object.namespace().unwrap_or_default();
        let over = change.gone || pods::is_finished(&change.object);
        let claims = claims_of(&change.object).filter(|_| over);
        claims.map(|name| ObjectRef::new(name).within(&namespace)).collect::<Vec<_>>()
    });
    let queue = stream::select(claims, pods);
    drive("pvc-protection", feeds.volume_claims.clone(), queue, context.clone(), reconcile).await;
}

/// The claims that a pod uses.
fn claims_of(pod: &Pod) -> impl Iterator<Item = &str> {
    let volumes = pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
    volumes.filter_map(|volume| Some(volume.persistent_volume_claim.as_ref()?.claim_name.as_str()))
}

async fn reconcile(claim: Arc<PersistentVolumeClaim>, context: Arc<Context>) -> Result<Action> {
    let name = claim.name_any();
    let namespace = claim.namespace().unwrap_or_default();
    let held = claim.finalizers().iter().any(|finalizer| finalizer == PROTECTION);
    if claim.metadata.deletion_timestamp.is_none() || !held {
        return Ok(Action::await_change());
    }
    let users = context.feeds.pods.select(&namespace, |pod| {
        !pods::is_finished(pod) && claims_of(pod).any(|used| used == name)
    });
    if !users.is_empty() {
        return Ok(Action::await_change());
    }
    let kept: Vec<_> =
        claim.finalizers().iter().filter(|finalizer| *finalizer != PROTECTION).collect();
    let kept = if kept.is_empty() { json!(null) } else { json!(kept) };
    let change =
        json!({"metadata": {"resourceVersion": claim.resource_version(), "finalizers": kept}});
    let api: Api<PersistentVolumeClaim> = Api::namespaced(context.client.clone(), &namespace);
    match api.patch(&name, &PatchParams::default(), &Patch::Merge(change)).await {
        Err(error) if is_not_found(&error) => {}
        other => drop(other.attempt("let go of", describe(&*claim))?),
    }
    Ok(Action::await_change())
}
