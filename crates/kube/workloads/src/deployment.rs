//! Deployments: one ReplicaSet per template, and the way from one to the next.
//!
//! Reads the Deployment, its ReplicaSets and (for `Recreate`) their pods. What to
//! do is decided by [`rollout`] without I/O; this file carries it out, names
//! revisions and writes the status once, at the end. Knows pods only to see
//! whether old ones still run: making them is the ReplicaSets' business.

mod replica_sets;
mod rollout;
mod status;

use std::sync::Arc;

use futures::stream;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::jiff::Timestamp;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::runtime::controller::Action;
use kube::runtime::reflector::ObjectRef;
use kube::{Api, ResourceExt};
use serde_json::json;

use self::replica_sets::{Fleet, REVISION, revision};
use self::rollout::{Plan, Scale};
use crate::context::Context;
use crate::controller::drive;
use crate::crew::is_namespace_terminating;
use crate::error::{Attempt, Result, is_already_exists, is_not_found};
use crate::events::{Component, Severity, Told};
use crate::feed::triggers;
use crate::ownership::{self, claim, describe, owners, settle};
use crate::pods;

const COMPONENT: Component = Component("deployment-controller");

/// Runs until shutdown.
pub async fn run(context: Arc<Context>) {
    let feeds = &context.feeds;
    let deployments = triggers(&feeds.deployments, |change| [ObjectRef::from_obj(&*change.object)]);
    let sets = triggers(&feeds.replica_sets, owners);
    let queue = stream::select(deployments, sets);
    drive("deployment", feeds.deployments.clone(), queue, context.clone(), reconcile).await;
}

async fn reconcile(deployment: Arc<Deployment>, context: Arc<Context>) -> Result<Action> {
    let mut deployment = (*deployment).clone();
    let fleet = fleet(&deployment, &context).await?;
    if deployment.metadata.deletion_timestamp.is_some() {
        return finish(&context, deployment, fleet, None).await;
    }
    let old_running = fleet.old.iter().any(|set| runs_pods(set, &context));
    let plan = rollout::plan(&deployment, &fleet, old_running);
    let mut failure = None;
    let fleet = match carry_out(&context, &mut deployment, fleet, plan).await {
        Ok(fleet) => fleet,
        Err(Stopped::Refused(fleet, error)) => {
            failure = Some(error);
            fleet
        }
        Err(Stopped::Failed(error)) => return Err(error),
    };
    finish(&context, deployment, fleet, failure).await
}

/// Why a plan was not carried out.
enum Stopped {
    /// The new ReplicaSet was refused; people should see why.
    Refused(Fleet, kube::Error),
    Failed(crate::Error),
}

impl From<crate::Error> for Stopped {
    fn from(error: crate::Error) -> Self {
        Stopped::Failed(error)
    }
}

/// The ReplicaSets of a Deployment, orphans taken in.
async fn fleet(deployment: &Deployment, context: &Context) -> Result<Fleet> {
    let namespace = deployment.namespace().unwrap_or_default();
    let spec = deployment.spec.clone().unwrap_or_default();
    let selector = ownership::selector(deployment, &spec.selector)?;
    let candidates = context.feeds.replica_sets.select(&namespace, |_| true);
    let api = Api::namespaced(context.client.clone(), &namespace);
    let own = settle(&api, deployment, claim(deployment, &selector, candidates)).await?;
    Ok(Fleet::new(deployment, own))
}

fn runs_pods(set: &ReplicaSet, context: &Context) -> bool {
    let uid = set.uid().unwrap_or_default();
    let namespace = set.namespace().unwrap_or_default();
    let running = context.feeds.pods.select(&namespace, |pod| {
        !pods::is_finished(pod) && ownership::is_controlled_by(pod, &uid)
    });
    !running.is_empty()
}

/// Does what the plan says; the answer is the fleet as it is then.
async fn carry_out(
    context: &Context,
    deployment: &mut Deployment,
    mut fleet: Fleet,
    plan: Plan,
) -> Result<Fleet, Stopped> {
    let mut new_revision = None;
    if let Some(replicas) = plan.create {
        let wanted = replica_sets::desired(deployment, &fleet, replicas)?;
        match create(context, deployment, &wanted).await {
            Ok(Some(set)) => {
                new_revision = Some(status::Found::Created);
                fleet.new = Some(Arc::new(set));
            }
            // The name is taken by a set of another template: choose another.
            Ok(None) => return collide(context, deployment, fleet).await,
            Err(error) => return Err(Stopped::Refused(fleet, error)),
        }
    } else if fleet.new.is_some() {
        new_revision = Some(status::Found::Existing);
    }
    for scale in plan.scales {
        let set = change_set(context, deployment, &fleet, &scale).await?;
        fleet.replace(set);
    }
    fleet = annotate_new(context, deployment, fleet).await?;
    if let Some(found) = new_revision {
        name_revision(context, deployment, &fleet).await?;
        status::note_new_set(deployment, &fleet, found, Timestamp::now());
    }
    for set in plan.remove {
        remove(context, &set).await?;
        fleet.old.retain(|old| old.uid() != set.uid());
    }
    Ok(fleet)
}

/// Creates the new set; `None` when its name is taken by a stranger.
async fn create(
    context: &Context,
    deployment: &Deployment,
    wanted: &ReplicaSet,
) -> Result<Option<ReplicaSet>, kube::Error> {
    let api: Api<ReplicaSet> =
        Api::namespaced(context.client.clone(), &deployment.namespace().unwrap_or_default());
    let created = match api.create(&PostParams::default(), wanted).await {
        Ok(created) => created,
        Err(error) if is_already_exists(&error) => {
            let existing = api.get(&wanted.name_any()).await?;
            let uid = deployment.uid().unwrap_or_default();
            let ours = ownership::is_controlled_by(&existing, &uid)
                && replica_sets::same_template(deployment, &existing);
            return Ok(ours.then_some(existing));
        }
        Err(error) => return Err(error),
    };
    let replicas = rollout::replicas(&created);
    if replicas > 0 {
        let message = format!("Scaled up replica set {} from 0 to {replicas}", created.name_any());
        tell(context, deployment, message);
    }
    context.feeds.replica_sets.wait_seen(&created).await;
    Ok(Some(created))
}

async fn collide(
    context: &Context,
    deployment: &mut Deployment,
    fleet: Fleet,
) -> Result<Fleet, Stopped> {
    let status = deployment.status.get_or_insert_default();
    status.collision_count = Some(status.collision_count.unwrap_or(0) + 1);
    let api: Api<Deployment> =
        Api::namespaced(context.client.clone(), &deployment.namespace().unwrap_or_default());
    let written = api
        .replace_status(&deployment.name_any(), &PostParams::default(), deployment)
        .await
        .attempt("count a collision of", describe(deployment))?;
    context.feeds.deployments.wait_seen(&written).await;
    *deployment = written;
    Ok(fleet)
}

/// Scales a set and notes for what total it was scaled.
async fn change_set(
    context: &Context,
    deployment: &Deployment,
    fleet: &Fleet,
    scale: &Scale,
) -> Result<ReplicaSet> {
    let set = &scale.set;
    let from = rollout::replicas(set);
    let change = json!({
        "metadata": {
            "resourceVersion": set.resource_version(),
            "annotations": replica_sets::totals(deployment),
        },
        "spec": {"replicas": scale.to},
    });
    let written = patch_set(context, set, change).await?;
    let direction = match from.cmp(&scale.to) {
        std::cmp::Ordering::Less => "up",
        std::cmp::Ordering::Greater => "down",
        std::cmp::Ordering::Equal => return Ok(written),
    };
    let (name, to) = (set.name_any(), scale.to);
    let message = format!("Scaled {direction} replica set {name} from {from} to {to}");
    tell(context, deployment, message);
    debug_assert!(fleet.contains(set), "only the fleet's own sets are scaled");
    Ok(written)
}

/// Brings the new set's annotations up to date: its revision, the totals, and
/// what it carries over from the Deployment.
async fn annotate_new(
    context: &Context,
    deployment: &Deployment,
    mut fleet: Fleet,
) -> Result<Fleet> {
    let Some(set) = fleet.new.clone() else {
        return Ok(fleet);
    };
    let annotations = replica_sets::annotations(deployment, &set, fleet.newest_old_revision());
    if annotations.iter().all(|(key, value)| set.annotations().get(key) == Some(value)) {
        return Ok(fleet);
    }
    let change = json!({"metadata": {
        "resourceVersion": set.resource_version(),
        "annotations": annotations,
    }});
    fleet.replace(patch_set(context, &set, change).await?);
    Ok(fleet)
}

async fn patch_set(
    context: &Context,
    set: &ReplicaSet,
    change: serde_json::Value,
) -> Result<ReplicaSet> {
    let api: Api<ReplicaSet> =
        Api::namespaced(context.client.clone(), &set.namespace().unwrap_or_default());
    let written = api
        .patch(&set.name_any(), &PatchParams::default(), &Patch::Merge(change))
        .await
        .attempt("change", describe(set))?;
    context.feeds.replica_sets.wait_seen(&written).await;
    Ok(written)
}

/// Shows the new set's revision on the Deployment.
async fn name_revision(
    context: &Context,
    deployment: &mut Deployment,
    fleet: &Fleet,
) -> Result<()> {
    let Some(number) = fleet.new.as_deref().map(revision) else {
        return Ok(());
    };
    let number = number.to_string();
    if deployment.annotations().get(REVISION) == Some(&number) {
        return Ok(());
    }
    let api: Api<Deployment> =
        Api::namespaced(context.client.clone(), &deployment.namespace().unwrap_or_default());
    let change = json!({"metadata": {
        "resourceVersion": deployment.resource_version(),
        "annotations": {REVISION: number},
    }});
    *deployment = api
        .patch(&deployment.name_any(), &PatchParams::default(), &Patch::Merge(change))
        .await
        .attempt("number the revision of", describe(deployment))?;
    deployment.metadata.managed_fields = None;
    Ok(())
}

async fn remove(context: &Context, set: &ReplicaSet) -> Result<()> {
    let api: Api<ReplicaSet> =
        Api::namespaced(context.client.clone(), &set.namespace().unwrap_or_default());
    match api.delete(&set.name_any(), &DeleteParams::background()).await {
        Err(error) if is_not_found(&error) => Ok(()),
        other => other.map(drop).attempt("remove the old", describe(set)),
    }
}

/// Writes the status, once.
async fn finish(
    context: &Context,
    deployment: Deployment,
    fleet: Fleet,
    failure: Option<kube::Error>,
) -> Result<Action> {
    let now = Timestamp::now();
    let before = context
        .feeds
        .deployments
        .get(deployment.metadata.namespace.as_deref(), &deployment.name_any())
        .and_then(|stored| stored.status.clone());
    let status = status::status(&deployment, &fleet, failure.as_ref(), now);
    let next = status::next_change(&deployment, &status, now);
    if before.as_ref() != Some(&status) {
        let api: Api<Deployment> =
            Api::namespaced(context.client.clone(), &deployment.namespace().unwrap_or_default());
        let mut written = deployment.clone();
        written.status = Some(status);
        let written = api
            .replace_status(&deployment.name_any(), &PostParams::default(), &written)
            .await
            .attempt("write the status of", describe(&deployment))?;
        context.feeds.deployments.wait_seen(&written).await;
    }
    match failure {
        Some(error) if !is_namespace_terminating(&error) => {
            Err(error).attempt("create a replica set for", describe(&deployment))
        }
        _ => Ok(next),
    }
}

fn tell(context: &Context, deployment: &Deployment, message: String) {
    let told = Told {
        component: COMPONENT,
        severity: Severity::Normal,
        reason: "ScalingReplicaSet",
        message,
        action: None,
    };
    context.recorder.tell(deployment, told);
}
