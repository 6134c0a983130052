//! Carries out what the graph decides about one object.
//!
//! Guarantees: nothing is deleted or changed on the graph's word alone. The
//! object is read first, the decision taken again on what was read, and the write
//! is bound to exactly that version.

use std::collections::HashSet;

use kube::api::{DeleteParams, Patch, PatchParams, Preconditions, PropagationPolicy};
use kube::core::DynamicObject;
use kube::{Api, ResourceExt};
use serde_json::json;

use super::graph::{Decision, FOREGROUND, Node, ORPHAN, Owner, Policy, Uid};
use crate::context::Context;
use crate::error::{Attempt, Result, is_not_found};

type Metadata = kube::api::PartialObjectMeta<DynamicObject>;

/// Does what should happen to an object now.
pub async fn attempt(context: &Context, uid: &Uid) -> Result<()> {
    loop {
        let collector = &context.collector;
        let decision = collector.graph().decide(uid);
        let Some(node) = collector.graph().get(uid) else {
            return Ok(());
        };
        let api = node.stored.api(&context.client, node.namespace.as_deref());
        match decision {
            Decision::Nothing => return Ok(()),
            Decision::Await(dependents) => {
                collector.look_at(dependents);
                return Ok(());
            }
            // Asked again with the answers.
            Decision::Verify(owners) => {
                for owner in owners {
                    match verify(context, &node, &owner).await? {
                        Found::Absent => collector.graph().set_absent(owner.uid),
                        Found::Unknowable => return Ok(()),
                        // The watch brings it; adding it here could bring back
                        // one that was deleted in this moment.
                        Found::Exists => {
                            collector.look_later(uid.clone());
                            return Ok(());
                        }
                    }
                }
            }
            Decision::Orphan(dependents) => {
                for dependent in dependents {
                    unlink(context, &dependent, std::slice::from_ref(uid)).await?;
                }
                return release(context, &api, &node, uid, ORPHAN).await;
            }
            Decision::ReleaseForeground => {
                return release(context, &api, &node, uid, FOREGROUND).await;
            }
            Decision::Unlink(owners) => {
                if refreshed(context, &api, &node, uid).await?.is_some()
                    && collector.graph().decide(uid) == Decision::Unlink(owners.clone())
                {
                    unlink(context, uid, &owners).await?;
                }
                return Ok(());
            }
            Decision::Delete(policy) => {
                let fresh = refreshed(context, &api, &node, uid).await?;
                if let Some(fresh) = fresh
                    && collector.graph().decide(uid) == Decision::Delete(policy)
                {
                    delete(&api, &fresh, policy).await?;
                }
                return Ok(());
            }
        }
    }
}

/// What is known of an owner that the graph does not have.
enum Found {
    Exists,
    Absent,
    /// It cannot be told, which never leads to a deletion.
    Unknowable,
}

/// Reads the object into the graph; `None` when it is gone.
async fn refreshed(
    context: &Context,
    api: &Api<DynamicObject>,
    node: &Node,
    uid: &Uid,
) -> Result<Option<Metadata>> {
    let object = api
        .get_metadata_opt(&node.name)
        .await
        .attempt("read", &node.name)?
        .filter(|object| object.uid().as_deref() == Some(uid));
    let mut graph = context.collector.graph();
    // What the watch has removed in the meantime must not come back.
    if graph.get(uid).is_none() {
        return Ok(None);
    }
    match &object {
        Some(object) => {
            graph.apply(&node.stored, &object.metadata);
        }
        None => {
            let look = graph.remove(uid);
            drop(graph);
            context.collector.look_at(look);
        }
    }
    Ok(object)
}

/// Looks for an owner that the graph does not know.
async fn verify(context: &Context, dependent: &Node, owner: &Owner) -> Result<Found> {
    let Some(stored) = context.catalog.find(&owner.api_version, &owner.kind) else {
        tracing::debug!(kind = %owner.kind, "the kind of an owner is unknown: the dependent stays");
        return Ok(Found::Unknowable);
    };
    let namespace = dependent.namespace.as_deref();
    if stored.namespaced && namespace.is_none() {
        // A namespaced owner of a cluster-wide object cannot be looked up.
        return Ok(Found::Unknowable);
    }
    let found = stored
        .api(&context.client, namespace)
        .get_metadata_opt(&owner.name)
        .await
        .attempt("look for the owner", &owner.name)?
        .filter(|object| object.uid().as_deref() == Some(&owner.uid));
    Ok(match found {
        Some(_) => Found::Exists,
        None => Found::Absent,
    })
}

async fn delete(api: &Api<DynamicObject>, object: &Metadata, policy: Policy) -> Result<()> {
    let params = DeleteParams {
        propagation_policy: Some(match policy {
            Policy::Background => PropagationPolicy::Background,
            Policy::Foreground => PropagationPolicy::Foreground,
            Policy::Orphan => PropagationPolicy::Orphan,
        }),
        preconditions: Some(Preconditions {
            uid: object.uid(),
            resource_version: object.resource_version(),
        }),
        ..DeleteParams::default()
    };
    let name = object.name_any();
    match api.delete(&name, &params).await {
        Err(error) if is_not_found(&error) => Ok(()),
        other => other.map(drop).attempt("collect", name),
    }
}

/// Makes an object forget some of its owners.
async fn unlink(context: &Context, uid: &Uid, owners: &[Uid]) -> Result<()> {
    let Some(node) = context.collector.graph().get(uid) else {
        return Ok(());
    };
    let api = node.stored.api(&context.client, node.namespace.as_deref());
    let Some(object) = refreshed(context, &api, &node, uid).await? else {
        return Ok(());
    };
    let forgotten: HashSet<&str> = owners.iter().map(|owner| &**owner).collect();
    let kept: Vec<_> = object
        .owner_references()
        .iter()
        .filter(|reference| !forgotten.contains(reference.uid.as_str()))
        .collect();
    if kept.len() == object.owner_references().len() {
        return Ok(());
    }
    let kept = if kept.is_empty() { json!(null) } else { json!(kept) };
    change(&api, &node, &object, json!({"ownerReferences": kept})).await
}

/// Takes a finalizer off an object.
async fn release(
    context: &Context,
    api: &Api<DynamicObject>,
    node: &Node,
    uid: &Uid,
    finalizer: &str,
) -> Result<()> {
    let Some(object) = refreshed(context, api, node, uid).await? else {
        return Ok(());
    };
    let kept: Vec<_> = object.finalizers().iter().filter(|f| *f != finalizer).collect();
    if kept.len() == object.finalizers().len() {
        return Ok(());
    }
    let kept = if kept.is_empty() { json!(null) } else { json!(kept) };
    change(api, node, &object, json!({"finalizers": kept})).await
}

async fn change(
    api: &Api<DynamicObject>,
    node: &Node,
    object: &Metadata,
    mut metadata: serde_json::Value,
) -> Result<()> {
    metadata["uid"] = json!(object.uid());
    metadata["resourceVersion"] = json!(object.resource_version());
    let patch = Patch::Merge(json!({"metadata": metadata}));
    let changed = api.patch_metadata(&node.name, &PatchParams::default(), &patch).await;
    match changed {
        Err(error) if is_not_found(&error) => Ok(()),
        other => other.map(drop).attempt("change", &node.name),
    }
}
