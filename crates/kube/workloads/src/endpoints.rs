//! Where Services lead: EndpointSlices, and Endpoints for older clients.
//!
//! ```text
//!  Service + pods it selects ──build──▶ desired slices ──▶ differences written
//!  Endpoints that people made ─mirror─▶ desired slices ──┘
//! ```
//!
//! Owns the objects that carry its name in a managed-by label and touches no
//! others. Does not know how traffic flows.

mod build;
mod legacy;
mod mirror;
mod slices;

use std::sync::Arc;

use futures::{StreamExt, stream};
use k8s_openapi::api::core::v1::{Pod, Service};
use kube::ResourceExt;
use kube::runtime::controller::Action;
use kube::runtime::reflector::ObjectRef;

use self::build::Source;
use crate::context::Context;
use crate::controller::drive;
use crate::error::Result;
use crate::feed::{Change, Feed, triggers};
use crate::ownership::{controller_reference, exact, matches};

/// Names the Service of a slice.
const SERVICE_NAME: &str = "kubernetes.io/service-name";
/// Names the owner of a slice's contents.
const SLICE_MANAGER: &str = "endpointslice.kubernetes.io/managed-by";
const SLICE_CONTROLLER: &str = "endpointslice-controller.k8s.io";
const MIRRORING_CONTROLLER: &str = "endpointslicemirroring-controller.k8s.io";
/// Marks Services without a virtual address, on their slices too.
const HEADLESS: &str = "service.kubernetes.io/headless";

/// Runs until shutdown.
pub async fn run(context: Arc<Context>) {
    let feeds = &context.feeds;
    let services = triggers(&feeds.services, |change| [ObjectRef::from_obj(&*change.object)]);
    let known = feeds.services.clone();
    let pods = triggers(&feeds.pods, move |change| selecting(change, &known));
    let slices = triggers(&feeds.endpoint_slices, |change| {
        let service = change.object.labels().get(SERVICE_NAME);
        let namespace = change.object.namespace().unwrap_or_default();
        service.map(|name| ObjectRef::new(name).within(&namespace))
    });
    let endpoints = triggers(&feeds.endpoints, |change| {
        let namespace = change.object.namespace().unwrap_or_default();
        [ObjectRef::new(&change.object.name_any()).within(&namespace)]
    });
    let queue =
        stream::select_all([services.boxed(), pods.boxed(), slices.boxed(), endpoints.boxed()]);
    let services = drive("endpoints", feeds.services.clone(), queue, context.clone(), reconcile);
    futures::join!(services, legacy::run(context.clone()));
}

/// The Services that select a changed pod, as it is or as it was.
fn selecting(change: &Change<Pod>, services: &Feed<Service>) -> Vec<ObjectRef<Service>> {
    let namespace = change.object.namespace().unwrap_or_default();
    let concerned = services.select(&namespace, |service| {
        let selector = service.spec.as_ref().and_then(|spec| spec.selector.as_ref());
        selector.is_some_and(|labels| {
            let selector = exact(labels);
            change.versions().any(|pod| matches(&selector, pod.metadata.labels.as_ref()))
        })
    });
    concerned.iter().map(|service| ObjectRef::from_obj(&**service)).collect()
}

async fn reconcile(service: Arc<Service>, context: Arc<Context>) -> Result<Action> {
    let spec = service.spec.clone().unwrap_or_default();
    if service.metadata.deletion_timestamp.is_some()
        || spec.type_.as_deref() == Some("ExternalName")
    {
        return Ok(Action::await_change());
    }
    let namespace = service.namespace().unwrap_or_default();
    let selector = spec.selector.unwrap_or_default();
    if selector.is_empty() {
        mirror::reconcile(&service, &context).await?;
        return Ok(Action::await_change());
    }
    let selector = exact(&selector);
    let mut pods = context
        .feeds
        .pods
        .select(&namespace, |pod| matches(&selector, pod.metadata.labels.as_ref()));
    pods.sort_by_key(|pod| pod.name_any());
    let source = Source {
        name: service.name_any(),
        namespace,
        manager: SLICE_CONTROLLER,
        labels: build::labels(&service),
        owner: controller_reference(&*service)?,
    };
    let wanted = build::slices(&service, &pods);
    slices::write(&context, &source, wanted).await?;
    legacy::write(&context, &service, &pods).await?;
    Ok(Action::await_change())
}
