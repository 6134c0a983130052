//! Garbage collection: what belongs to somebody goes with its last owner.
//!
//! ```text
//!  every kind ──metadata watch──▶ Graph ──uids to look at──▶ workers ──▶ delete,
//!                                   ▲                          unlink, release
//!                                   └────── what that changes ──────┘
//! ```
//!
//! Follows `kubernetes.io/docs/concepts/architecture/garbage-collection`:
//! background, foreground (an owner waits for dependents that block it), orphan.
//! The graph can be behind, so that whatever destroys something first reads the
//! object itself. Knows nothing of what the objects are.

pub mod graph;
mod watches;
mod work;

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};

use self::graph::{Graph, Uid};
use crate::context::Context;
use crate::controller::stopped;

/// Objects that are worked on at the same time.
const CONCURRENCY: usize = 16;
/// Pause before something is looked at again.
const RETRY: Duration = Duration::from_millis(200);

/// The graph, shared with whoever asks what exists.
#[derive(Debug, Clone)]
pub struct Collector {
    graph: Arc<Mutex<Graph>>,
    queue: UnboundedSender<Uid>,
    listeners: Arc<Mutex<Vec<UnboundedSender<String>>>>,
}

impl Collector {
    /// The collector, and the uids that it wants looked at.
    pub fn new() -> (Self, UnboundedReceiver<Uid>) {
        let (queue, receiver) = unbounded();
        let collector = Self { graph: Arc::default(), queue, listeners: Arc::default() };
        (collector, receiver)
    }

    /// The graph, locked.
    pub fn graph(&self) -> MutexGuard<'_, Graph> {
        self.graph.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for these objects to be looked at, each once however often it is asked.
    pub fn look_at(&self, uids: impl IntoIterator<Item = Uid>) {
        for uid in uids {
            if self.graph().queued.insert(uid.clone()) {
                // The receiver lives as long as the workers; after them nobody cares.
                let _ = self.queue.unbounded_send(uid);
            }
        }
    }

    /// Asks for an object to be looked at in a moment.
    pub fn look_later(&self, uid: Uid) {
        let collector = self.clone();
        // Not in the worker: one that sleeps works on nothing else.
        tokio::spawn(async move {
            tokio::time::sleep(RETRY).await;
            collector.look_at([uid]);
        });
    }

    /// Namespaces in which the number of objects changed.
    pub fn namespaces(&self) -> UnboundedReceiver<String> {
        let (sender, receiver) = unbounded();
        self.listeners().push(sender);
        receiver
    }

    fn listeners(&self) -> MutexGuard<'_, Vec<UnboundedSender<String>>> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, namespace: Option<&str>) {
        if let Some(namespace) = namespace {
            self.listeners()
                .retain(|listener| listener.unbounded_send(namespace.to_owned()).is_ok());
        }
    }
}

/// Collects until shutdown.
pub async fn run(context: Arc<Context>, queue: UnboundedReceiver<Uid>) {
    let stop = stopped(context.shutdown.clone());
    let watches = watches::run(context.clone());
    let work = queue.take_until(Box::pin(stopped(context.shutdown.clone()))).for_each_concurrent(
        CONCURRENCY,
        |uid| {
            let context = context.clone();
            async move { look(context, uid).await }
        },
    );
    futures::join!(
        async {
            futures::future::select(pin!(stop), pin!(watches)).await;
        },
        work
    );
}

async fn look(context: Arc<Context>, uid: Uid) {
    context.collector.graph().queued.remove(&uid);
    let Some(name) = context.collector.graph().describe(&uid) else {
        return;
    };
    let mut failed = false;
    let attempt = async {
        let result = work::attempt(&context, &uid).await;
        failed = result.is_err();
        result.map(|()| kube::runtime::controller::Action::await_change())
    };
    context.observed.reconcile("garbage-collector", name, attempt).await;
    if failed {
        context.collector.look_later(uid);
    }
}
