//! What kube-scheduler does: gives each pod a node.
//!
//! ```text
//!  pods, nodes ──Changes──▶ Ledger ──next()──▶ fit::place ──▶ pods/binding
//!                             ▲                     └──nothing fits──▶ PodScheduled=False
//!                             └── assumed at once, taken back when binding fails
//! ```
//!
//! One task decides, in order of priority; bindings are written concurrently, so
//! that a slow write delays nobody else's decision. A pod that fits nowhere waits
//! until something frees up: nothing polls. Pods of a group are placed together or
//! not at all. Knows no preemption and no volumes.

mod fit;
mod group;
mod ledger;
mod selection;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::stream::{FuturesUnordered, StreamExt};
use k8s_openapi::api::core::v1::{Binding, ObjectReference, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Status, Time};
use k8s_openapi::jiff::Timestamp;
use kube::api::{ObjectMeta, Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt};
use serde_json::json;

pub use self::fit::tolerates;
use self::ledger::{Ledger, Ticket};
use crate::context::Context;
use crate::controller::stopped;
use crate::error::{Attempt, Result, is_conflict, is_not_found};
use crate::events::{Component, Severity, Told};
use crate::ownership::describe;
use crate::pods;

const NAME: &str = "default-scheduler";
const COMPONENT: Component = Component(NAME);
/// Pause before a binding that failed for no reason of the pod's is tried again.
const RETRY: Duration = Duration::from_millis(100);

/// What became of a decision.
enum Outcome {
    Done,
    /// The decision was not carried out: the place is free again.
    Failed {
        ticket: Ticket,
        again: bool,
    },
}

/// Schedules until shutdown.
pub async fn run(context: Arc<Context>) {
    let mut pods = context.feeds.pods.subscribe().fuse();
    let mut nodes = context.feeds.nodes.subscribe().fuse();
    let mut stop = pin!(stopped(context.shutdown.clone()).fuse());
    let mut ledger = Ledger::default();
    let mut running = FuturesUnordered::new();
    loop {
        futures::select_biased! {
            () = stop => return,
            change = nodes.next() => match change {
                Some(change) => ledger.node(&change),
                None => return,
            },
            change = pods.next() => match change {
                Some(change) => ledger.pod(&change),
                None => return,
            },
            outcome = running.select_next_some() => if let Outcome::Failed { ticket, again } = outcome {
                ledger.give_back(&ticket, again);
            },
        }
        // Decide on the newest state: whatever has arrived already comes first.
        while let Some(Some(change)) = nodes.next().now_or_never() {
            ledger.node(&change);
        }
        while let Some(Some(change)) = pods.next().now_or_never() {
            ledger.pod(&change);
        }
        while let Some(ticket) = ledger.next() {
            match ledger.decide(&ticket) {
                Ok(places) => running.extend(
                    places
                        .into_iter()
                        .map(|(ticket, node)| carry_out(context.clone(), ticket, node).boxed()),
                ),
                Err(words) => running.push(refuse(context.clone(), ticket, words).boxed()),
            }
        }
    }
}

async fn carry_out(context: Arc<Context>, ticket: Ticket, node: String) -> Outcome {
    let pod = ticket.pod.clone();
    match observed(&context, &pod, bind(&context, &pod, &node)).await {
        None => Outcome::Done,
        Some(again) => Outcome::Failed { ticket, again },
    }
}

async fn refuse(context: Arc<Context>, ticket: Ticket, words: String) -> Outcome {
    let reported = report_unschedulable(&context, &ticket.pod, words);
    observed(&context, &ticket.pod, reported).await;
    Outcome::Done
}

/// Books the work; `Some(try again)` when it failed.
async fn observed(
    context: &Context,
    pod: &Pod,
    work: impl Future<Output = Result<()>>,
) -> Option<bool> {
    let mut failed = None;
    let work = work.map(|result| match result {
        Ok(()) => Ok(kube::runtime::controller::Action::await_change()),
        Err(error) => {
            // A pod that vanished or was bound by somebody else needs no retry.
            let settled = matches!(&error, crate::Error::Request { source, .. }
                if is_not_found(source) || is_conflict(source));
            failed = Some(!settled);
            Err(error)
        }
    });
    context.observed.reconcile("scheduler", describe(pod), work).await;
    if failed == Some(true) {
        tokio::time::sleep(RETRY).await;
    }
    failed
}

async fn bind(context: &Context, pod: &Pod, node: &str) -> Result<()> {
    let namespace = pod.namespace().unwrap_or_default();
    let name = pod.name_any();
    let binding = Binding {
        metadata: ObjectMeta {
            name: Some(name.clone()),
            namespace: Some(namespace.clone()),
            uid: pod.uid(),
            ..ObjectMeta::default()
        },
        target: ObjectReference {
            api_version: Some("v1".into()),
            kind: Some("Node".into()),
            name: Some(node.to_owned()),
            ..ObjectReference::default()
        },
    };
    let api: Api<Pod> = Api::namespaced(context.client.clone(), &namespace);
    let _: Status = api
        .create_subresource("binding", &name, &PostParams::default(), &binding)
        .await
        .attempt("bind", describe(pod))?;
    context.recorder.tell(
        pod,
        Told {
            component: COMPONENT,
            severity: Severity::Normal,
            reason: "Scheduled",
            message: format!("Successfully assigned {namespace}/{name} to {node}"),
            action: Some("Binding"),
        },
    );
    Ok(())
}

async fn report_unschedulable(context: &Context, pod: &Pod, words: String) -> Result<()> {
    let earlier = pods::condition(pod, "PodScheduled");
    if earlier.is_some_and(|earlier| {
        earlier.status == "False" && earlier.message.as_deref() == Some(&words)
    }) {
        return Ok(());
    }
    let since = earlier
        .filter(|earlier| earlier.status == "False")
        .and_then(|earlier| earlier.last_transition_time.clone())
        .unwrap_or_else(|| Time(Timestamp::now()));
    context.recorder.tell(
        pod,
        Told {
            component: COMPONENT,
            severity: Severity::Warning,
            reason: "FailedScheduling",
            message: words.clone(),
            action: Some("Scheduling"),
        },
    );
    let api: Api<Pod> =
        Api::namespaced(context.client.clone(), &pod.namespace().unwrap_or_default());
    let change = json!({
        "metadata": {"uid": pod.uid()},
        "status": {"conditions": [{
            "type": "PodScheduled",
            "status": "False",
            "observedGeneration": pod.metadata.generation,
            "lastProbeTime": null,
            "lastTransitionTime": since,
            "reason": "Unschedulable",
            "message": words,
        }]},
    });
    let patched =
        api.patch_status(&pod.name_any(), &PatchParams::default(), &Patch::Strategic(change)).await;
    match patched {
        Err(error) if is_not_found(&error) => Ok(()),
        other => other.map(drop).attempt("report as unschedulable", describe(pod)),
    }
}
