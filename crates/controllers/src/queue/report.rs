//! What a queue says of itself.

use std::sync::Arc;

use dais_api::conditions::{self, READY, Verdict, reason};
use dais_api::{Queue, QueueStatus, QueueUse, StopPolicy};
use dais_quantity::format;
use kube::api::{Api, Patch, PatchParams};
use kube::{Resource, ResourceExt};
use serde_json::json;

use super::plan::Plan;
use crate::context::{CONTROLLER, Context};

/// Writes the statuses that changed; what is not written now is with the next change.
pub async fn report(queues: &[Arc<Queue>], plan: &Plan, context: &Context) {
    for queue in queues {
        let status = status(queue, plan);
        if queue.status.as_ref() == Some(&status) {
            continue;
        }
        let name = queue.name_any();
        let patch = json!({
            "apiVersion": Queue::api_version(&()), "kind": Queue::kind(&()),
            "metadata": {"name": name, "uid": queue.uid()}, "status": status,
        });
        let ours = PatchParams::apply(CONTROLLER).force();
        let queues = Api::<Queue>::all(context.client.clone());
        match queues.patch_status(&name, &ours, &Patch::Apply(patch)).await {
            Ok(_) => {}
            Err(kube::Error::Api(gone)) if matches!(gone.code, 404 | 409) => {}
            Err(error) => tracing::warn!(%error, name, "a queue's status is not written yet"),
        }
    }
}

fn status(queue: &Queue, plan: &Plan) -> QueueStatus {
    let name = queue.name_any();
    let mut status = queue.status.clone().unwrap_or_default();
    let count = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    status.pending = plan.lines.get(&name).map_or(0, |line| count(line.len()));
    let admitted = plan.holders.iter().filter(|h| h.queue == name && !h.is_leaving);
    status.admitted = count(admitted.count());
    let uses = plan.book.uses(&name).into_iter().map(|(name, used, borrowed)| QueueUse {
        used: format(&name, used),
        borrowed: format(&name, borrowed),
        name,
    });
    status.used = uses.collect();
    let verdict = match queue.spec.stop_policy {
        StopPolicy::None => Verdict::yes(reason::AVAILABLE, "lets jobs in"),
        StopPolicy::Hold => Verdict::no(reason::HELD, "lets nobody in; what runs goes on"),
        StopPolicy::HoldAndDrain => Verdict::no(reason::HELD, "lets nobody in and is emptied"),
    };
    conditions::set(&mut status.conditions, READY, &verdict, queue.meta().generation);
    status.observed_generation = queue.meta().generation;
    status
}
