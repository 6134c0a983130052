//! Runs one controller: a queue without duplicates over shared feeds.
//!
//! Knows kube's applier (deduplication, concurrency, delayed retries) and the
//! decorator of [`crate::observe`]; knows no kind.

use std::sync::Arc;

use futures::{Stream, StreamExt};
use kube::runtime::controller::{Action, Config, applier};
use kube::runtime::reflector::ObjectRef;
use tokio::sync::watch;

use crate::context::Context;
use crate::error::Result;
use crate::feed::{Feed, Watched};

/// Reconciles of one kind that may wait for the server at the same time.
const CONCURRENCY: u16 = 16;

/// Resolves when the shutdown signal is given.
pub async fn stopped(mut shutdown: watch::Receiver<bool>) {
    // An error means that the sender is gone: that is a shutdown too.
    let _ = shutdown.wait_for(|stop| *stop).await;
}

/// Reconciles the objects that `queue` names until shutdown.
///
/// Expected flow: a reference arrives, waits for a running reconcile of the same
/// object, is looked up in the feed's store, and is dropped when not there.
pub async fn drive<K, F>(
    name: &'static str,
    feed: Feed<K>,
    queue: impl Stream<Item = ObjectRef<K>> + Send + 'static,
    context: Arc<Context>,
    reconcile: impl Fn(Arc<K>, Arc<Context>) -> F + Send + 'static,
) where
    K: Watched,
    F: Future<Output = Result<Action>> + Send + 'static,
{
    let shutdown = context.shutdown.clone();
    let queue =
        queue.take_until(Box::pin(stopped(shutdown))).map(Ok::<_, std::convert::Infallible>);
    let decorated = move |object: Arc<K>, context: Arc<Context>| {
        let key = ObjectRef::from_obj(&*object).to_string();
        let work = reconcile(object, context.clone());
        Box::pin(async move {
            Ok::<_, std::convert::Infallible>(context.observed.reconcile(name, key, work).await)
        })
    };
    applier(
        decorated,
        |_, _, _| Action::await_change(),
        context,
        feed.store().clone(),
        queue,
        Config::default().concurrency(CONCURRENCY),
    )
    // An object that vanished while it waited is no failure.
    .for_each(|_| std::future::ready(()))
    .await;
}
