//! Pods that nobody else removes: those of nodes that are gone, and finished ones
//! beyond a number.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::stream;
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::api::{DeleteParams, Patch, PatchParams};
use kube::runtime::controller::Action;
use kube::runtime::reflector::ObjectRef;
use kube::{Api, ResourceExt};
use serde_json::json;

use crate::context::Context;
use crate::controller::drive;
use crate::error::{Attempt, Result, is_not_found};
use crate::feed::triggers;
use crate::ownership::{controller, describe};
use crate::pods;

/// How long a node must be missing before its pods are given up: one that is
/// deleted and registers again keeps them (kube-controller-manager's quarantine).
const QUARANTINE: Duration = Duration::from_secs(40);

/// Since when each node is missing.
type Missing = Arc<Mutex<HashMap<String, Instant>>>;

/// Runs until shutdown.
pub async fn run(context: Arc<Context>) {
    let feeds = &context.feeds;
    let pods = triggers(&feeds.pods, |change| {
        let new_here = change.previous.as_ref().is_none_or(|previous| {
            pods::node(previous).is_none()
                || pods::is_finished(previous) != pods::is_finished(&change.object)
        });
        (new_here && !change.gone).then(|| ObjectRef::from_obj(&*change.object))
    });
    let known = feeds.pods.clone();
    let nodes = triggers(&feeds.nodes, move |change| {
        let name = change.object.name_any();
        let orphans = if change.gone {
            known.store().state_filter(|pod| pods::node(pod) == Some(&name))
        } else {
            Vec::new()
        };
        orphans.iter().map(|pod| ObjectRef::from_obj(&**pod)).collect::<Vec<_>>()
    });
    let queue = stream::select(pods, nodes);
    let missing = Missing::default();
    drive("pod-collector", feeds.pods.clone(), queue, context.clone(), move |pod, context| {
        reconcile(pod, context, missing.clone())
    })
    .await;
}

async fn reconcile(pod: Arc<Pod>, context: Arc<Context>, missing: Missing) -> Result<Action> {
    if pods::is_finished(&pod) && controller(&*pod).is_none() {
        trim(&context).await?;
    }
    let Some(node) = pods::node(&pod) else {
        return Ok(Action::await_change());
    };
    if exists(node, &context).await? {
        missing.lock().unwrap_or_else(PoisonError::into_inner).remove(node);
        return Ok(Action::await_change());
    }
    let since = *missing
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .entry(node.to_owned())
        .or_insert_with(Instant::now);
    let left = QUARANTINE.saturating_sub(since.elapsed());
    if !left.is_zero() {
        return Ok(Action::requeue(left));
    }
    give_up(&pod, &context).await?;
    Ok(Action::await_change())
}

async fn exists(node: &str, context: &Context) -> Result<bool> {
    if context.feeds.nodes.get(None, node).is_some() {
        return Ok(true);
    }
    let api: Api<Node> = Api::all(context.client.clone());
    let found = api.get_metadata_opt(node).await.attempt("look for node", node)?;
    Ok(found.is_some())
}

/// Ends a pod that nothing runs any more.
async fn give_up(pod: &Pod, context: &Context) -> Result<()> {
    let name = pod.name_any();
    let api: Api<Pod> =
        Api::namespaced(context.client.clone(), &pod.namespace().unwrap_or_default());
    if !pods::is_finished(pod) {
        let change = json!({"metadata": {"uid": pod.uid()}, "status": {
            "phase": "Failed", "reason": "NodeLost", "message": "PodGC: node no longer exists",
        }});
        let failed =
            api.patch_status(&name, &PatchParams::default(), &Patch::Strategic(change)).await;
        match failed {
            Err(error) if is_not_found(&error) => return Ok(()),
            other => drop(other.attempt("give up", describe(pod))?),
        }
    }
    let params = DeleteParams::default().grace_period(0);
    match api.delete(&name, &params).await {
        Err(error) if is_not_found(&error) => Ok(()),
        other => other.map(drop).attempt("give up", describe(pod)),
    }
}

/// Removes the oldest finished pods beyond the number to keep.
async fn trim(context: &Context) -> Result<()> {
    let mut finished = context
        .feeds
        .pods
        .store()
        .state_filter(|pod| pods::is_finished(pod) && controller(pod).is_none());
    let surplus = finished.len().saturating_sub(context.config.finished_pods_kept);
    finished.sort_by_key(|pod| pod.metadata.creation_timestamp.clone());
    for pod in finished.iter().take(surplus) {
        give_up(pod, context).await?;
        context.feeds.pods.wait_going(pod).await;
    }
    Ok(())
}
