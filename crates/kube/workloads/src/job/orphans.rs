//! Lets go of pods whose Job is gone: nobody will count them.

use std::sync::Arc;

use futures::{StreamExt, stream};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::runtime::controller::Action;
use kube::runtime::reflector::ObjectRef;
use kube::{Api, ResourceExt};

use super::{is_tracked, release};
use crate::context::Context;
use crate::controller::drive;
use crate::error::{Attempt, Result};
use crate::feed::triggers;
use crate::ownership::{controller, is_controlled_by};

/// Runs until shutdown.
pub async fn run(context: Arc<Context>) {
    let feeds = &context.feeds;
    let pods = triggers(&feeds.pods, |change| {
        (is_tracked(&change.object) && !change.gone).then(|| ObjectRef::from_obj(&*change.object))
    });
    let known = feeds.pods.clone();
    let jobs = triggers(&feeds.jobs, move |change| {
        let mut orphans = Vec::new();
        if change.gone {
            let uid = change.object.uid().unwrap_or_default();
            let namespace = change.object.namespace().unwrap_or_default();
            orphans = known.select(&namespace, |pod| is_controlled_by(pod, &uid));
        }
        orphans.into_iter().map(|pod| ObjectRef::from_obj(&*pod)).collect::<Vec<_>>()
    });
    let queue = stream::select_all([pods.boxed(), jobs.boxed()]);
    drive("job-orphans", feeds.pods.clone(), queue, context.clone(), reconcile).await;
}

async fn reconcile(pod: Arc<Pod>, context: Arc<Context>) -> Result<Action> {
    if !is_tracked(&pod) || has_job(&pod, &context).await? {
        return Ok(Action::await_change());
    }
    release(&context, std::iter::once(&pod)).await?;
    Ok(Action::await_change())
}

/// Whether the Job that counts this pod exists. What the store does not know is
/// asked for: a pod let go too early would not be counted.
async fn has_job(pod: &Pod, context: &Context) -> Result<bool> {
    let Some(owner) = controller(pod).filter(|owner| owner.kind == "Job") else {
        return Ok(false);
    };
    let namespace = pod.namespace().unwrap_or_default();
    let known = context.feeds.jobs.get(Some(&namespace), &owner.name);
    if known.is_some_and(|job| job.uid().as_deref() == Some(&owner.uid)) {
        return Ok(true);
    }
    let api: Api<Job> = Api::namespaced(context.client.clone(), &namespace);
    let found = api.get_metadata_opt(&owner.name).await.attempt("look for the job", &owner.name)?;
    Ok(found.is_some_and(|job| job.uid().as_deref() == Some(&owner.uid)))
}
