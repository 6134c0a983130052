//! StatefulSets: pods with names and volumes of their own, made and changed in
//! order.
//!
//! What to do is decided by [`plan`] without I/O. Templates are kept as
//! ControllerRevisions, so that a pod below the partition is made from the old
//! one. Claims are made and kept: they hold people's data.

mod plan;
mod pods;
mod revisions;

use std::sync::Arc;

use futures::stream;
use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use kube::api::{DeleteParams, PostParams, Preconditions};
use kube::runtime::controller::Action;
use kube::runtime::reflector::ObjectRef;
use kube::{Api, ResourceExt};

use self::plan::Plan;
use self::revisions::Revisions;
use crate::context::Context;
use crate::controller::drive;
use crate::crew::{Crew, is_namespace_terminating};
use crate::error::{Attempt, Result, is_already_exists, is_not_found, message};
use crate::events::Component;
use crate::feed::triggers;
use crate::ownership::{self, claim, describe, is_controlled_by, owners, settle};

const COMPONENT: Component = Component("statefulset-controller");

/// Runs until shutdown.
pub async fn run(context: Arc<Context>) {
    let feeds = &context.feeds;
    let sets = triggers(&feeds.stateful_sets, |change| [ObjectRef::from_obj(&*change.object)]);
    let pods = triggers(&feeds.pods, owners);
    let queue = stream::select(sets, pods);
    drive("statefulset", feeds.stateful_sets.clone(), queue, context.clone(), reconcile).await;
}

async fn reconcile(set: Arc<StatefulSet>, context: Arc<Context>) -> Result<Action> {
    if set.metadata.deletion_timestamp.is_some() {
        return Ok(Action::await_change());
    }
    adopt(&set, &context).await?;
    let revisions = revisions::current(&set, &context).await?;
    let plan = plan::plan(&set, &own_pods(&set, &context), &revisions);
    let failure = act(&set, &plan, &revisions, &context).await?;
    // Again, now that the store shows what was done.
    let plan = plan::plan(&set, &own_pods(&set, &context), &revisions);
    if set.status.as_ref() != Some(&plan.status) {
        let mut next = (*set).clone();
        next.status = Some(plan.status);
        let api: Api<StatefulSet> = namespaced(&set, &context);
        let written = api
            .replace_status(&set.name_any(), &PostParams::default(), &next)
            .await
            .attempt("write the status of", describe(&*set))?;
        context.feeds.stateful_sets.wait_seen(&written).await;
    }
    match failure {
        Some(error) if !is_namespace_terminating(&error) => {
            Err(error).attempt("create or delete a pod of", describe(&*set))
        }
        _ => Ok(Action::await_change()),
    }
}

fn namespaced<K>(set: &StatefulSet, context: &Context) -> Api<K>
where
    K: kube::Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>,
{
    Api::namespaced(context.client.clone(), &set.namespace().unwrap_or_default())
}

/// Takes in pods that bear the set's names and belong to nobody.
async fn adopt(set: &StatefulSet, context: &Context) -> Result<()> {
    let spec = set.spec.clone().unwrap_or_default();
    let selector = ownership::selector(set, &spec.selector)?;
    let namespace = set.namespace().unwrap_or_default();
    let candidates = context.feeds.pods.select(&namespace, |pod| pods::ordinal(set, pod).is_some());
    let claim = claim(set, &selector, candidates);
    if claim.adopt.is_empty() && claim.release.is_empty() {
        return Ok(());
    }
    for pod in settle(&namespaced(set, context), set, claim).await? {
        context.feeds.pods.wait_seen(&pod).await;
    }
    Ok(())
}

fn own_pods(set: &StatefulSet, context: &Context) -> Vec<Arc<Pod>> {
    let uid = set.uid().unwrap_or_default();
    let namespace = set.namespace().unwrap_or_default();
    context.feeds.pods.select(&namespace, |pod| is_controlled_by(pod, &uid))
}

async fn act(
    set: &StatefulSet,
    plan: &Plan,
    revisions: &Revisions,
    context: &Context,
) -> Result<Option<kube::Error>> {
    let crew = Crew { context, owner: set, component: COMPONENT };
    for pod in &plan.delete {
        if let Err(error) = delete(pod, &crew).await {
            return Ok(Some(error));
        }
    }
    for wanted in &plan.create {
        let pod = pods::desired(set, *wanted, revisions)?;
        if let Err(error) = create(set, &pod, &crew).await {
            return Ok(Some(error));
        }
    }
    Ok(None)
}

async fn create(
    set: &StatefulSet,
    pod: &Pod,
    crew: &Crew<'_, StatefulSet>,
) -> Result<(), kube::Error> {
    let (name, set_name) = (pod.name_any(), set.name_any());
    let claims: Api<PersistentVolumeClaim> = namespaced(set, crew.context);
    for claim in pods::claims(set, &name) {
        match claims.create(&PostParams::default(), &claim).await {
            Err(error) if !is_already_exists(&error) => return Err(error),
            _ => {}
        }
    }
    let api: Api<Pod> = namespaced(set, crew.context);
    match api.create(&PostParams::default(), pod).await {
        Ok(created) => {
            crew.tell(
                "SuccessfulCreate",
                format!("Create Pod {name} in StatefulSet {set_name} successful"),
            );
            crew.context.feeds.pods.wait_seen(&created).await;
            Ok(())
        }
        Err(error) => {
            let said = message(&error);
            crew.warn(
                "FailedCreate",
                format!("Create Pod {name} in StatefulSet {set_name} failed error: {said}"),
            );
            Err(error)
        }
    }
}

async fn delete(pod: &Arc<Pod>, crew: &Crew<'_, StatefulSet>) -> Result<(), kube::Error> {
    let (name, set_name) = (pod.name_any(), crew.owner.name_any());
    let params = DeleteParams {
        preconditions: Some(Preconditions { uid: pod.uid(), resource_version: None }),
        ..DeleteParams::default()
    };
    let api: Api<Pod> = namespaced(crew.owner, crew.context);
    match api.delete(&name, &params).await {
        Err(error) if !is_not_found(&error) => return Err(error),
        _ => {}
    }
    crew.tell(
        "SuccessfulDelete",
        format!("Delete Pod {name} in StatefulSet {set_name} successful"),
    );
    crew.context.feeds.pods.wait_going(pod).await;
    Ok(())
}
