//! Nodes that fall silent, and what happens to their pods.
//!
//! ```text
//!  lease, heartbeat ──silent too long──▶ Ready=Unknown ──▶ taints ──▶ evictions
//! ```
//!
//! A node counts as silent when *this process* has not seen its lease change for
//! the grace period: after a restart of the platform everybody gets the whole
//! period, however old the leases are. Knows nothing of why a node is silent.

mod evictions;
mod taints;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use k8s_openapi::api::core::v1::{Node, NodeCondition};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, Time};
use k8s_openapi::jiff::Timestamp;
use kube::api::{Patch, PatchParams, PostParams};
use kube::runtime::controller::Action;
use kube::runtime::reflector::ObjectRef;
use kube::{Api, ResourceExt};
use serde_json::json;

use crate::context::Context;
use crate::controller::drive;
use crate::error::{Attempt, Result};
use crate::feed::triggers;
use crate::ownership::describe;

const LEASES: &str = "kube-node-lease";
/// Conditions that only a living node can vouch for.
const VOUCHED: [&str; 4] = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

/// What a node last said of itself.
type Beat = (Option<MicroTime>, Option<Time>);

/// When each node was last heard.
#[derive(Default)]
struct Heard(Mutex<HashMap<String, (Beat, Instant)>>);

impl Heard {
    /// How long the node has been silent.
    fn silence(&self, name: &str, beat: Beat) -> Duration {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let entry = heard.entry(name.to_owned()).or_insert_with(|| (beat.clone(), now));
        if entry.0 != beat {
            *entry = (beat, now);
        }
        now.duration_since(entry.1)
    }
}

/// Runs until shutdown.
pub async fn run(context: Arc<Context>) {
    let feeds = &context.feeds;
    let nodes = triggers(&feeds.nodes, |change| [ObjectRef::from_obj(&*change.object)]);
    let leases = triggers(&feeds.leases, |change| [ObjectRef::new(&change.object.name_any())]);
    let pods = triggers(&feeds.pods, |change| {
        // Only a new pod on a node can be one to evict.
        let was_there =
            change.previous.as_ref().is_some_and(|pod| crate::pods::node(pod).is_some());
        let node = crate::pods::node(&change.object).filter(|_| !was_there && !change.gone);
        node.map(ObjectRef::new)
    });
    let queue = stream::select_all([nodes.boxed(), leases.boxed(), pods.boxed()]);
    let heard = Arc::new(Heard::default());
    drive("node", feeds.nodes.clone(), queue, context.clone(), move |node, context| {
        reconcile(node, context, heard.clone())
    })
    .await;
}

async fn reconcile(node: Arc<Node>, context: Arc<Context>, heard: Arc<Heard>) -> Result<Action> {
    let name = node.name_any();
    let lease = context.feeds.leases.get(Some(LEASES), &name);
    let renewed = lease.and_then(|lease| lease.spec.as_ref()?.renew_time.clone());
    let beaten = condition(&node, "Ready").and_then(|ready| ready.last_heartbeat_time.clone());
    let silence = heard.silence(&name, (renewed, beaten));
    let grace = context.config.node_grace;
    let mut node = (*node).clone();
    if silence >= grace && is_vouched(&node) {
        node = declare_unknown(&node, &context).await?;
        evictions::note_unready(&name, &context).await?;
    }
    let wanted = taints::desired(&node, Timestamp::now());
    if wanted != taints::current(&node) {
        node = write_taints(&node, &wanted, &context).await?;
    }
    let next = evictions::evict(&node, &context).await?;
    let silent_at = grace.saturating_sub(silence);
    let waits = [Some(silent_at).filter(|wait| !wait.is_zero()), next];
    Ok(waits.into_iter().flatten().min().map_or_else(Action::await_change, Action::requeue))
}

fn condition<'a>(node: &'a Node, type_: &str) -> Option<&'a NodeCondition> {
    let conditions = node.status.as_ref()?.conditions.as_ref()?;
    conditions.iter().find(|condition| condition.type_ == type_)
}

/// Whether the node's conditions still claim to know how it is.
fn is_vouched(node: &Node) -> bool {
    condition(node, "Ready").is_none_or(|ready| ready.status != "Unknown")
}

async fn declare_unknown(node: &Node, context: &Context) -> Result<Node> {
    let mut next = node.clone();
    let status = next.status.get_or_insert_default();
    status.conditions =
        Some(unknown(status.conditions.take().unwrap_or_default(), Timestamp::now()));
    let api: Api<Node> = Api::all(context.client.clone());
    let written = api
        .replace_status(&node.name_any(), &PostParams::default(), &next)
        .await
        .attempt("declare unreachable", describe(node))?;
    context.feeds.nodes.wait_seen(&written).await;
    Ok(written)
}

/// The conditions of a node that nobody hears.
fn unknown(mut conditions: Vec<NodeCondition>, now: Timestamp) -> Vec<NodeCondition> {
    for type_ in VOUCHED {
        let words = NodeCondition {
            type_: type_.into(),
            status: "Unknown".into(),
            last_heartbeat_time: None,
            last_transition_time: Some(Time(now)),
            reason: Some("NodeStatusUnknown".into()),
            message: Some("Kubelet stopped posting node status.".into()),
        };
        match conditions.iter_mut().find(|condition| condition.type_ == type_) {
            Some(condition) => {
                let heartbeat = condition.last_heartbeat_time.take();
                *condition = NodeCondition { last_heartbeat_time: heartbeat, ..words };
            }
            None => conditions.push(words),
        }
    }
    conditions
}

async fn write_taints(
    node: &Node,
    wanted: &[k8s_openapi::api::core::v1::Taint],
    context: &Context,
) -> Result<Node> {
    let taints = if wanted.is_empty() { json!(null) } else { json!(wanted) };
    let change = json!({
        "metadata": {"resourceVersion": node.resource_version()},
        "spec": {"taints": taints},
    });
    let api: Api<Node> = Api::all(context.client.clone());
    let written = api
        .patch(&node.name_any(), &PatchParams::default(), &Patch::Merge(change))
        .await
        .attempt("taint", describe(node))?;
    context.feeds.nodes.wait_seen(&written).await;
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_begins_when_this_process_first_looked() {
        let heard = Heard::default();
        let old = |seconds| (None, Some(Time(Timestamp::from_second(seconds).expect("a time"))));
        assert_eq!(heard.silence("n", old(1)), Duration::ZERO);
        heard.0.lock().expect("unpoisoned").get_mut("n").expect("n").1 -= Duration::from_secs(60);
        assert!(heard.silence("n", old(1)) >= Duration::from_secs(60));
        assert_eq!(heard.silence("n", old(2)), Duration::ZERO);
    }

    #[test]
    fn a_silent_node_vouches_for_nothing() {
        let ready = NodeCondition {
            type_: "Ready".into(),
            status: "True".into(),
            ..NodeCondition::default()
        };
        let all = unknown(vec![ready], Timestamp::UNIX_EPOCH);
        assert_eq!(all.len(), 4);
        assert!(all.iter().all(|condition| condition.status == "Unknown"));
    }
}
