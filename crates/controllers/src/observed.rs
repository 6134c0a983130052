//! One decorator around every reconcile: timing, counting, logging, retries.
//!
//! Guarantees: an error is logged once, with its chain, and tried again after a
//! delay; a controller body holds none of this.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt;
use kube::runtime::Controller;
use kube::runtime::controller::{Action, Config};
use kube::runtime::reflector::Lookup;
use kube::{Resource, ResourceExt};
use serde::de::DeserializeOwned;
use tracing::Instrument;

use crate::context::Context;
use crate::error::{Error, Result};

/// Delay before a failed reconcile is tried again: long enough not to spin on a
/// broken neighbour, short enough that a person does not notice a hiccup.
const RETRY: Duration = Duration::from_secs(2);

/// Objects of a kind that are looked at together. Ten thousand at once wait for the same
/// few connections of a database until all of them give up, and then try again together.
const AT_ONCE: u16 = 64;

/// Drives `controller` with `reconcile` until the process shuts down.
pub async fn drive<K, F, Fut>(
    name: &'static str,
    controller: Controller<K>,
    context: Arc<Context>,
    reconcile: F,
) where
    K: Resource<DynamicType = ()> + Lookup + Clone + DeserializeOwned + std::fmt::Debug,
    K: Send + Sync + 'static,
    <K as Lookup>::DynamicType: Clone + std::fmt::Debug + std::hash::Hash + Eq + Unpin + Default,
    F: Fn(Arc<K>, Arc<Context>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Action>> + Send + 'static,
{
    let reconcile = Arc::new(reconcile);
    controller
        .with_config(Config::default().concurrency(AT_ONCE))
        .run(
            move |object, context| observe(name, reconcile.clone(), object, context),
            |_, _, _| Action::requeue(RETRY),
            context,
        )
        .for_each(|_| std::future::ready(()))
        .await;
}

async fn observe<K, F, Fut>(
    name: &'static str,
    reconcile: Arc<F>,
    object: Arc<K>,
    context: Arc<Context>,
) -> Result<Action, Error>
where
    K: Resource<DynamicType = ()>,
    F: Fn(Arc<K>, Arc<Context>) -> Fut,
    Fut: Future<Output = Result<Action>>,
{
    let namespace = ResourceExt::namespace(object.as_ref()).unwrap_or_default();
    let span =
        tracing::info_span!("reconcile", controller = name, %namespace, name = %object.name_any());
    let began = Instant::now();
    let result = reconcile(object, context.clone()).instrument(span.clone()).await;
    context.metrics.record(name, result.is_ok(), began.elapsed().as_secs_f64());
    if let Err(error) = &result {
        let chain = chain(error);
        span.in_scope(|| tracing::warn!(error = chain, "reconcile failed"));
    }
    result
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |cause| cause.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
