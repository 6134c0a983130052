//! ResourceQuotas: what a namespace uses of what it may.
//!
//! The API server refuses what would exceed a quota and charges what it admits;
//! this corrects the books when something ends, and fills them for a new quota.
//! Objects are counted in the collector's graph, pods by what they ask for.

mod usage;

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::{StreamExt, stream};
use k8s_openapi::api::core::v1::{Pod, ResourceQuota, ResourceQuotaStatus};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::api::PostParams;
use kube::runtime::controller::Action;
use kube::runtime::reflector::ObjectRef;
use kube::{Api, ResourceExt};

use crate::context::Context;
use crate::controller::drive;
use crate::error::{Attempt, Result};
use crate::feed::{Change, Feed, triggers};
use crate::ownership::describe;
use dais_quantity as quantity;

/// Runs until shutdown.
pub async fn run(context: Arc<Context>) {
    let feeds = &context.feeds;
    let quotas = triggers(&feeds.quotas, |change| [ObjectRef::from_obj(&*change.object)]);
    let known = feeds.quotas.clone();
    let pods = triggers(&feeds.pods, move |change| {
        if is_relevant(change) {
            of_namespace(&known, &change.object.namespace().unwrap_or_default())
        } else {
            Vec::new()
        }
    });
    let known = feeds.quotas.clone();
    let counted = context
        .collector
        .namespaces()
        .flat_map(move |namespace| stream::iter(of_namespace(&known, &namespace)));
    let queue = stream::select_all([quotas.boxed(), pods.boxed(), counted.boxed()]);
    drive("resourcequota", feeds.quotas.clone(), queue, context.clone(), reconcile).await;
}

fn of_namespace(quotas: &Feed<ResourceQuota>, namespace: &str) -> Vec<ObjectRef<ResourceQuota>> {
    let quotas = quotas.select(namespace, |_| true);
    quotas.iter().map(|quota| ObjectRef::from_obj(&**quota)).collect()
}

/// A pod changes what is used when it comes, goes, ends or is resized.
fn is_relevant(change: &Change<Pod>) -> bool {
    change.gone
        || change.previous.as_ref().is_none_or(|previous| {
            previous.spec != change.object.spec
                || crate::pods::is_finished(previous) != crate::pods::is_finished(&change.object)
        })
}

async fn reconcile(quota: Arc<ResourceQuota>, context: Arc<Context>) -> Result<Action> {
    let hard = quota.spec.as_ref().and_then(|spec| spec.hard.clone()).unwrap_or_default();
    let used = used(&quota, &hard, &context);
    let status = ResourceQuotaStatus { hard: Some(hard), used: Some(used) };
    if quota.status.as_ref() == Some(&status) {
        return Ok(Action::await_change());
    }
    let mut next = (*quota).clone();
    next.status = Some(status);
    let api: Api<ResourceQuota> =
        Api::namespaced(context.client.clone(), &quota.namespace().unwrap_or_default());
    let written = api
        .replace_status(&quota.name_any(), &PostParams::default(), &next)
        .await
        .attempt("write the status of", describe(&*quota))?;
    context.feeds.quotas.wait_seen(&written).await;
    Ok(Action::await_change())
}

fn used(
    quota: &ResourceQuota,
    hard: &BTreeMap<String, Quantity>,
    context: &Context,
) -> BTreeMap<String, Quantity> {
    let namespace = quota.namespace().unwrap_or_default();
    let pods = context.feeds.pods.select(&namespace, |pod| usage::in_scope(quota, pod));
    let of_pods = usage::of_pods(&pods);
    let services = context.feeds.services.select(&namespace, |_| true);
    let claims = context.feeds.volume_claims.select(&namespace, |_| true);
    let mut amounts = usage::of_services(&services);
    quantity::add_amounts(&mut amounts, &usage::of_claims(&claims));
    quantity::add_amounts(&mut amounts, &of_pods);
    let graph = context.collector.graph();
    let told = quota.status.as_ref().and_then(|status| status.used.as_ref());
    let used = |name: &String| {
        if usage::is_foreign(name) {
            return told?.get(name).cloned();
        }
        let amount = match usage::counted(name) {
            Some(resource) => graph.count(&namespace, &resource) as i128 * quantity::ONE,
            None => amounts.get(name).copied().unwrap_or(0),
        };
        Some(quantity::format(name, amount))
    };
    hard.keys().filter_map(|name| Some((name.clone(), used(name)?))).collect()
}
