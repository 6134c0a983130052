//! What kube-controller-manager and kube-scheduler do.
//!
//! ```text
//!              ┌──────────────── Feeds (one watch per kind) ───────────────┐
//!  API server ─┤                                                           │
//!              └─▶ scheduler · ReplicaSet · Deployment · Job · endpoints · │
//!                  garbage collection · namespaces · quota · nodes · …     │
//!                  metrics text ◀──────────────────────────────────────────┘
//! ```
//!
//! Owns deciding and writing what the workload kinds promise. Reaches the world
//! through a [`kube::Client`] alone, so that it cannot tell whether the API server
//! is in the same process or a real cluster's. Knows nothing of how containers run.
//!
//! Start reading at [`Workloads::start`], then [`feed`], then one controller:
//! `replica_set` is the smallest.

mod catalog;
mod collector;
mod config;
mod context;
mod controller;
mod crew;
mod cron_job;
mod deployment;
mod endpoints;
mod error;
mod events;
mod feed;
mod feeds;
mod job;
mod namespace;
mod nodes;
mod observe;
mod ownership;
mod pod_collector;
mod pods;
mod quota;
mod replica_set;
mod scheduler;
mod state_metrics;
mod stateful_set;
mod template;
mod volume_claims;

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use kube::Client;
use tokio::sync::watch;
use tokio::task::JoinSet;

use catalog::Catalog;
use collector::Collector;
pub use config::Config;
use context::Context;
pub use error::{Error, Result};
use events::Recorder;
use feeds::Feeds;
use observe::Observed;

/// All controllers of one cluster, running.
pub struct Workloads {
    context: Arc<Context>,
    stop: watch::Sender<bool>,
    controllers: JoinSet<()>,
    /// Aborted when dropped: nothing is lost when a watch ends.
    _support: JoinSet<()>,
}

impl Workloads {
    /// Starts watching and controlling; returns at once.
    ///
    /// Controllers begin when everything that exists has been read.
    pub fn start(client: Client, config: Config) -> Self {
        let (stop, shutdown) = watch::channel(false);
        let (feeds, watches) = Feeds::new(&client);
        let (recorder, events) = Recorder::new(client.clone());
        let (catalog, discovery) = Catalog::new(client.clone());
        let (collector, uids) = Collector::new();
        let context = Arc::new(Context {
            client,
            feeds,
            catalog,
            collector,
            recorder,
            observed: Observed::default(),
            config,
            shutdown,
        });
        let mut support = JoinSet::new();
        support.spawn(events);
        support.spawn(discovery);
        for watch in watches {
            support.spawn(watch);
        }
        let mut controllers = JoinSet::new();
        controllers.spawn(collector::run(context.clone(), uids));
        for controller in all(&context) {
            let context = context.clone();
            controllers.spawn(async move {
                context.feeds.ready().await;
                controller.await;
            });
        }
        Self { context, stop, controllers, _support: support }
    }

    /// Finishes what is being written, then ends.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        while self.controllers.join_next().await.is_some() {}
    }

    /// The state of all objects as Prometheus text, in the names of
    /// kube-state-metrics, and how the controllers themselves fare.
    pub fn state_metrics(&self) -> StateMetrics {
        StateMetrics(self.context.clone())
    }

    /// Waits until the first read of the cluster is complete.
    pub async fn ready(&self) {
        self.context.feeds.ready().await;
    }
}

fn all(context: &Arc<Context>) -> Vec<BoxFuture<'static, ()>> {
    vec![
        scheduler::run(context.clone()).boxed(),
        replica_set::run(context.clone()).boxed(),
        deployment::run(context.clone()).boxed(),
        cron_job::run(context.clone()).boxed(),
        endpoints::run(context.clone()).boxed(),
        job::run(context.clone()).boxed(),
        namespace::run(context.clone()).boxed(),
        nodes::run(context.clone()).boxed(),
        pod_collector::run(context.clone()).boxed(),
        quota::run(context.clone()).boxed(),
        stateful_set::run(context.clone()).boxed(),
        volume_claims::run(context.clone()).boxed(),
    ]
}

/// A handle to the state of all objects; outlives what it describes.
#[derive(Clone)]
pub struct StateMetrics(Arc<Context>);

impl StateMetrics {
    pub fn text(&self) -> String {
        state_metrics::render(&self.0)
    }
}
