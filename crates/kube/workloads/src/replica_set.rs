//! ReplicaSets: as many active pods of a template as were asked for.
//!
//! Reads the set and the pods of its namespace; takes in matching orphans. Does
//! not know Deployments.

mod status;

use std::cmp::Ordering;
use std::sync::Arc;

use futures::stream;
use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::jiff::Timestamp;
use kube::api::PostParams;
use kube::runtime::controller::Action;
use kube::runtime::reflector::ObjectRef;
use kube::{Api, ResourceExt};

use crate::context::Context;
use crate::controller::drive;
use crate::crew::{Crew, is_namespace_terminating};
use crate::error::{Attempt, Result};
use crate::events::Component;
use crate::feed::{Change, triggers};
use crate::ownership::{self, claim, controller_reference, describe, owners, settle};
use crate::{pods, template};

const COMPONENT: Component = Component("replicaset-controller");
/// Pods of one set that are made or removed in one pass
/// (kube-controller-manager's `BurstReplicas`).
const BURST: usize = 500;

/// Runs until shutdown.
pub async fn run(context: Arc<Context>) {
    let feeds = &context.feeds;
    let sets = triggers(&feeds.replica_sets, |change| [ObjectRef::from_obj(&*change.object)]);
    let store = feeds.replica_sets.clone();
    let pods = triggers(&feeds.pods, move |change| {
        let mut sets = owners(change);
        if sets.is_empty() {
            sets = adopters(change, &store);
        }
        sets
    });
    let queue = stream::select(sets, pods);
    drive("replicaset", feeds.replica_sets.clone(), queue, context.clone(), reconcile).await;
}

/// The sets that might take in a pod that belongs to nobody.
fn adopters(
    change: &Change<Pod>,
    sets: &crate::feed::Feed<ReplicaSet>,
) -> Vec<ObjectRef<ReplicaSet>> {
    let pod = &change.object;
    if ownership::controller(&**pod).is_some() || change.gone {
        return Vec::new();
    }
    let namespace = pod.namespace().unwrap_or_default();
    let fitting = sets.select(&namespace, |set| {
        set.spec.as_ref().is_some_and(|spec| {
            ownership::selector(set, &spec.selector)
                .is_ok_and(|selector| ownership::matches(&selector, pod.metadata.labels.as_ref()))
        })
    });
    fitting.iter().map(|set| ObjectRef::from_obj(&**set)).collect()
}

async fn reconcile(set: Arc<ReplicaSet>, context: Arc<Context>) -> Result<Action> {
    let namespace = set.namespace().unwrap_or_default();
    let own = pods_of(&set, &context).await?;
    let mut failure = None;
    if set.metadata.deletion_timestamp.is_none() {
        failure = manage(&set, &own, &context).await?;
    }
    // What was just made and removed is in the store by now.
    let own = context.feeds.pods.select(&namespace, |pod| {
        ownership::is_controlled_by(pod, set.metadata.uid.as_deref().unwrap_or_default())
    });
    let now = Timestamp::now();
    let status = status::status(&set, &own, failure.as_ref(), now);
    if set.status.as_ref() != Some(&status) {
        let api: Api<ReplicaSet> = Api::namespaced(context.client.clone(), &namespace);
        let mut written = (*set).clone();
        written.status = Some(status);
        let written = api
            .replace_status(&set.name_any(), &PostParams::default(), &written)
            .await
            .attempt("write the status of", describe(&*set))?;
        context.feeds.replica_sets.wait_seen(&written).await;
    }
    match failure {
        Some(failure) if !is_namespace_terminating(&failure.error) => {
            Err(failure.error).attempt(failure.attempted, describe(&*set))
        }
        _ => Ok(status::next_change(&set, &own, now)),
    }
}

/// Creating or deleting pods did not work.
struct Failure {
    reason: &'static str,
    attempted: &'static str,
    error: kube::Error,
}

async fn pods_of(set: &ReplicaSet, context: &Context) -> Result<Vec<Arc<Pod>>> {
    let namespace = set.namespace().unwrap_or_default();
    let selector = ownership::selector(set, &set.spec.clone().unwrap_or_default().selector)?;
    let candidates = context.feeds.pods.select(&namespace, pods::is_active);
    let api = Api::namespaced(context.client.clone(), &namespace);
    settle(&api, set, claim(set, &selector, candidates)).await
}

/// Makes what is missing, removes what is too much.
async fn manage(set: &ReplicaSet, own: &[Arc<Pod>], context: &Context) -> Result<Option<Failure>> {
    let crew = Crew { context, owner: set, component: COMPONENT };
    let wanted = usize::try_from(replicas(set)).unwrap_or(0);
    if own.len() < wanted {
        let spec = set.spec.clone().unwrap_or_default();
        let template = spec.template.unwrap_or_default();
        let owner = controller_reference(set)?;
        let pod = template::pod(&template, &set.namespace().unwrap_or_default(), owner);
        let missing = (wanted - own.len()).min(BURST);
        let created = crew.create(vec![pod; missing]).await;
        return Ok(created.err().map(|error| Failure {
            reason: "FailedCreate",
            attempted: "create a pod for",
            error,
        }));
    }
    if own.len() > wanted {
        let leaving = leaving(own, (own.len() - wanted).min(BURST));
        return Ok(crew.delete(&leaving).await.err().map(|error| Failure {
            reason: "FailedDelete",
            attempted: "delete a pod of",
            error,
        }));
    }
    Ok(None)
}

fn replicas(set: &ReplicaSet) -> i32 {
    set.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1)
}

/// The pods whose loss costs least, in the order of
/// `kubernetes.io/docs/concepts/workloads/controllers/replicaset` ("Scaling a
/// ReplicaSet"): unplaced, pending, unready, cheap, the younger.
fn leaving(own: &[Arc<Pod>], count: usize) -> Vec<Arc<Pod>> {
    let mut ranked = own.to_vec();
    ranked.sort_by(|a, b| cost(a).cmp(&cost(b)).then_with(|| younger(a, b)));
    ranked.truncate(count);
    ranked
}

fn cost(pod: &Pod) -> (bool, u8, bool, i32) {
    let phase = match pods::phase(pod) {
        "Pending" => 0,
        "Unknown" => 1,
        _ => 2,
    };
    let set_by_people = pod
        .annotations()
        .get("controller.kubernetes.io/pod-deletion-cost")
        .and_then(|cost| cost.parse().ok())
        .unwrap_or(0);
    (pods::node(pod).is_some(), phase, pods::is_ready(pod), set_by_people)
}

fn younger(a: &Pod, b: &Pod) -> Ordering {
    let born = |pod: &Pod| pod.metadata.creation_timestamp.as_ref().map(|time| time.0);
    born(b).cmp(&born(a))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod(
        name: &str,
        node: Option<&str>,
        ready: bool,
        born: &str,
        cost: Option<&str>,
    ) -> Arc<Pod> {
        let ready = if ready { "True" } else { "False" };
        Arc::new(
            serde_json::from_value(json!({
                "metadata": {"name": name, "creationTimestamp": born,
                    "annotations": cost.map(|cost| json!({"controller.kubernetes.io/pod-deletion-cost": cost}))},
                "spec": {"nodeName": node, "containers": []},
                "status": {"phase": if node.is_some() {"Running"} else {"Pending"},
                    "conditions": [{"type": "Ready", "status": ready}]},
            }))
            .expect("a pod"),
        )
    }

    #[test]
    fn the_cheapest_pods_leave_first() {
        let pods = [
            pod("old", Some("n"), true, "2026-01-01T00:00:00Z", None),
            pod("young", Some("n"), true, "2026-01-02T00:00:00Z", None),
            pod("unready", Some("n"), false, "2026-01-01T00:00:00Z", None),
            pod("unplaced", None, false, "2026-01-01T00:00:00Z", None),
            pod("cheap", Some("n"), true, "2026-01-01T00:00:00Z", Some("-5")),
        ];
        let names: Vec<_> = leaving(&pods, 4).iter().map(|pod| pod.name_any()).collect();
        assert_eq!(names, ["unplaced", "unready", "cheap", "young"]);
    }
}
