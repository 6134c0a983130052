//! Namespaces: what a new one gets, and how one ends.

mod content;
mod defaults;

use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, stream};
use k8s_openapi::api::core::v1::{Namespace, NamespaceCondition};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use kube::api::PostParams;
use kube::runtime::controller::Action;
use kube::runtime::reflector::ObjectRef;
use kube::{Api, ResourceExt};

use crate::context::Context;
use crate::controller::drive;
use crate::error::{Attempt, Result, is_conflict, is_not_found};
use crate::feed::triggers;

/// The finalizer in `spec.finalizers` that this controller takes off.
const FINALIZER: &str = "kubernetes";
/// First pause before what is left in a dying namespace is looked at again; later
/// ones grow with its age.
const SOON: Duration = Duration::from_millis(100);
const LATE: Duration = Duration::from_secs(5);

/// Runs until shutdown.
pub async fn run(context: Arc<Context>) {
    let feeds = &context.feeds;
    let namespaces = triggers(&feeds.namespaces, |change| [ObjectRef::from_obj(&*change.object)]);
    let maps = triggers(&feeds.config_maps, |change| {
        change.object.namespace().map(|name| ObjectRef::new(&name))
    });
    let accounts = triggers(&feeds.service_accounts, |change| {
        change.object.namespace().map(|name| ObjectRef::new(&name))
    });
    let queue = stream::select_all([namespaces.boxed(), maps.boxed(), accounts.boxed()]);
    drive("namespace", feeds.namespaces.clone(), queue, context.clone(), reconcile).await;
}

async fn reconcile(namespace: Arc<Namespace>, context: Arc<Context>) -> Result<Action> {
    if namespace.metadata.deletion_timestamp.is_none() {
        defaults::provide(&namespace, &context).await?;
        return Ok(Action::await_change());
    }
    let finalizers = namespace.spec.as_ref().and_then(|spec| spec.finalizers.clone());
    if !finalizers.unwrap_or_default().iter().any(|f| f == FINALIZER) {
        return Ok(Action::await_change());
    }
    let left = content::delete_all(&namespace.name_any(), &context).await?;
    if left.is_empty() {
        finalize(&namespace, &context).await?;
        // Its going is a change; should it stay, it is asked again.
        return Ok(Action::requeue(LATE));
    }
    write_conditions(&namespace, &left, &context).await?;
    Ok(Action::requeue(pause(&namespace)))
}

fn pause(namespace: &Namespace) -> Duration {
    let since = namespace.metadata.deletion_timestamp.as_ref();
    let age = since.map_or(Duration::ZERO, |time| {
        Timestamp::now().duration_since(time.0).try_into().unwrap_or_default()
    });
    (age / 4).clamp(SOON, LATE)
}

async fn write_conditions(
    namespace: &Namespace,
    left: &content::Left,
    context: &Context,
) -> Result<()> {
    let before = namespace.status.clone().unwrap_or_default();
    let mut status = before.clone();
    status.phase = Some("Terminating".into());
    let earlier = before.conditions.clone().unwrap_or_default();
    status.conditions = Some(merged(&earlier, left.conditions(), Timestamp::now()));
    if status == before {
        return Ok(());
    }
    let mut next = namespace.clone();
    next.status = Some(status);
    let api: Api<Namespace> = Api::all(context.client.clone());
    let name = namespace.name_any();
    let written = api.replace_status(&name, &PostParams::default(), &next).await;
    match written {
        Err(error) if is_not_found(&error) || is_conflict(&error) => Ok(()),
        other => other.map(drop).attempt("write the status of namespace", name),
    }
}

/// A condition: type, status, reason, message.
type Words = (&'static str, bool, &'static str, String);

fn merged(
    earlier: &[NamespaceCondition],
    words: Vec<Words>,
    now: Timestamp,
) -> Vec<NamespaceCondition> {
    let status = |truth| if truth { "True" } else { "False" };
    let conditions = words.into_iter().map(|(type_, truth, reason, message)| {
        let same = earlier.iter().find(|c| c.type_ == type_ && c.status == status(truth));
        NamespaceCondition {
            type_: type_.into(),
            status: status(truth).into(),
            last_transition_time: same
                .and_then(|same| same.last_transition_time.clone())
                .or(Some(Time(now))),
            reason: Some(reason.into()),
            message: Some(message),
        }
    });
    conditions.collect()
}

/// Lets the namespace go.
async fn finalize(namespace: &Namespace, context: &Context) -> Result<()> {
    let mut next = namespace.clone();
    if let Some(finalizers) = next.spec.get_or_insert_default().finalizers.as_mut() {
        finalizers.retain(|finalizer| finalizer != FINALIZER);
    }
    let api: Api<Namespace> = Api::all(context.client.clone());
    let name = namespace.name_any();
    let gone = api.replace_subresource("finalize", &name, &PostParams::default(), &next).await;
    match gone {
        Err(error) if is_not_found(&error) => Ok(()),
        other => other.map(drop).attempt("finalize namespace", name),
    }
}
