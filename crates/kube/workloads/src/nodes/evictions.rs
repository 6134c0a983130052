//! Pods that must leave a node: those that do not tolerate its NoExecute taints,
//! or only for a while.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Node, Pod, Taint, Toleration};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::api::{DeleteParams, Patch, PatchParams};
use kube::{Api, ResourceExt};
use serde_json::json;

use crate::context::Context;
use crate::error::{Attempt, Result, is_not_found};
use crate::events::{Component, Severity, Told};
use crate::ownership::describe;
use crate::pods;

const COMPONENT: Component = Component("taint-eviction-controller");

/// Deletes the pods whose time on the node is over; the answer is how long the
/// next one has.
pub async fn evict(node: &Node, context: &Context) -> Result<Option<Duration>> {
    let taints = node.spec.as_ref().and_then(|spec| spec.taints.clone()).unwrap_or_default();
    let taints: Vec<Taint> =
        taints.into_iter().filter(|taint| taint.effect == "NoExecute").collect();
    if taints.is_empty() {
        return Ok(None);
    }
    let now = Timestamp::now();
    let mut next = None;
    for pod in on_node(&node.name_any(), context).iter().filter(|pod| pods::is_active(pod)) {
        match leaves_at(pod, &taints) {
            None => {}
            Some(time) if time <= now => delete(pod, context).await?,
            Some(time) => {
                let wait: Duration = time.duration_since(now).try_into().unwrap_or_default();
                next = Some(next.map_or(wait, |next: Duration| next.min(wait)));
            }
        }
    }
    Ok(next)
}

fn on_node(node: &str, context: &Context) -> Vec<Arc<Pod>> {
    context.feeds.pods.store().state_filter(|pod| pods::node(pod) == Some(node))
}

/// When the pod must go; `None` when it may stay for ever.
fn leaves_at(pod: &Pod, taints: &[Taint]) -> Option<Timestamp> {
    let tolerations =
        pod.spec.as_ref().and_then(|spec| spec.tolerations.clone()).unwrap_or_default();
    taints.iter().filter_map(|taint| leaves_for(&tolerations, taint)).min()
}

fn leaves_for(tolerations: &[Toleration], taint: &Taint) -> Option<Timestamp> {
    let since = taint.time_added.as_ref().map_or(Timestamp::UNIX_EPOCH, |time| time.0);
    let covering: Vec<&Toleration> = tolerations
        .iter()
        .filter(|toleration| crate::scheduler::tolerates(std::slice::from_ref(*toleration), taint))
        .collect();
    if covering.is_empty() {
        return Some(since);
    }
    // The shortest patience counts; without a number it is endless.
    let seconds = covering.iter().filter_map(|toleration| toleration.toleration_seconds).min()?;
    since.checked_add(SignedDuration::from_secs(seconds.max(0))).ok()
}

async fn delete(pod: &Pod, context: &Context) -> Result<()> {
    let name = pod.name_any();
    let namespace = pod.namespace().unwrap_or_default();
    context.recorder.tell(
        pod,
        Told {
            component: COMPONENT,
            severity: Severity::Normal,
            reason: "TaintManagerEviction",
            message: format!("Marking for deletion Pod {namespace}/{name}"),
            action: None,
        },
    );
    let api: Api<Pod> = Api::namespaced(context.client.clone(), &namespace);
    match api.delete(&name, &DeleteParams::default()).await {
        Err(error) if is_not_found(&error) => Ok(()),
        other => other.map(drop).attempt("evict", describe(pod)),
    }
}

/// Says of the pods of a silent node that nothing should be sent to them.
pub async fn note_unready(node: &str, context: &Context) -> Result<()> {
    for pod in on_node(node, context).iter().filter(|pod| pods::is_ready(pod)) {
        let api: Api<Pod> =
            Api::namespaced(context.client.clone(), &pod.namespace().unwrap_or_default());
        let change = json!({"metadata": {"uid": pod.uid()}, "status": {"conditions": [{
            "type": "Ready", "status": "False", "reason": "NodeNotReady",
            "message": "the node does not answer", "lastTransitionTime": Time(Timestamp::now()),
        }]}});
        let patched = api
            .patch_status(&pod.name_any(), &PatchParams::default(), &Patch::Strategic(change))
            .await;
        match patched {
            Err(error) if is_not_found(&error) => {}
            other => drop(other.attempt("mark as unready", describe(&**pod))?),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(tolerations: serde_json::Value) -> Option<i64> {
        let taint: Taint = serde_json::from_value(
            json!({"key": "node.kubernetes.io/unreachable", "effect": "NoExecute", "timeAdded": "1970-01-01T00:01:00Z"}),
        )
        .expect("a taint");
        let pod: Pod =
            serde_json::from_value(json!({"spec": {"containers": [], "tolerations": tolerations}}))
                .expect("a pod");
        leaves_at(&pod, &[taint]).map(Timestamp::as_second)
    }

    #[test]
    fn patience_is_counted_from_the_taint() {
        let tolerates = |seconds: Option<i64>| json!({"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": seconds});
        assert_eq!(leaves(json!([])), Some(60));
        assert_eq!(leaves(json!([tolerates(Some(300))])), Some(360));
        assert_eq!(leaves(json!([tolerates(None)])), None);
        assert_eq!(leaves(json!([tolerates(Some(300)), tolerates(Some(10))])), Some(70));
    }
}
