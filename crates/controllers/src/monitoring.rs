//! ServiceMonitor, PodMonitor, PrometheusRule, and the `prometheus.io/…` annotations
//! of pods: what people ask to be scraped and evaluated.
//!
//! ```text
//! watches ──► stores ──► discovery (pure) ──► seams::Monitoring::scrape
//!                   └──► rules (pure) ──────► seams::Monitoring::evaluate
//! ```
//!
//! Guarantees: whoever may write in one project reaches that project's pods alone,
//! whatever a monitor says; only monitors of the platform's own namespace look
//! further. What did not change is not handed over again.

mod discovery;
mod labels;
mod rules;
mod targets;

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

use dais_api::monitoring::{PodMonitor, PrometheusRule, ServiceMonitor};
use futures::StreamExt;
use k8s_openapi::api::core::v1::{Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::runtime::reflector::{self, Store};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;
use tokio::sync::Notify;

use crate::context::Context;

pub use discovery::{ScrapeJob, World, scrape_jobs};
pub use rules::{RuleSource, rule_sources};

/// The namespace of the platform itself.
pub const PLATFORM_NAMESPACE: &str = "dais-system";

/// Follows the objects until the process shuts down.
pub async fn run(context: Arc<Context>) {
    let changed = Arc::new(Notify::new());
    let client = &context.client;
    let (pods, watch_pods) = follow::<Pod>(client, &changed);
    let (services, watch_services) = follow::<Service>(client, &changed);
    let (slices, watch_slices) = follow::<EndpointSlice>(client, &changed);
    let (service_monitors, watch_service_monitors) = follow::<ServiceMonitor>(client, &changed);
    let (pod_monitors, watch_pod_monitors) = follow::<PodMonitor>(client, &changed);
    let (rules, watch_rules) = follow::<PrometheusRule>(client, &changed);
    let stores = Stores { pods, services, slices, service_monitors, pod_monitors, rules };
    let decide = decide(context.clone(), stores, changed.clone());
    tokio::join!(
        watch_pods,
        watch_services,
        watch_slices,
        watch_service_monitors,
        watch_pod_monitors,
        watch_rules,
        decide
    );
}

struct Stores {
    pods: Store<Pod>,
    services: Store<Service>,
    slices: Store<EndpointSlice>,
    service_monitors: Store<ServiceMonitor>,
    pod_monitors: Store<PodMonitor>,
    rules: Store<PrometheusRule>,
}

impl Stores {
    /// Whether every kind was listed once: half a world would end what goes on.
    async fn ready(&self) -> bool {
        let all = tokio::join!(
            self.pods.wait_until_ready(),
            self.services.wait_until_ready(),
            self.slices.wait_until_ready(),
            self.service_monitors.wait_until_ready(),
            self.pod_monitors.wait_until_ready(),
            self.rules.wait_until_ready(),
        );
        all.0.and(all.1).and(all.2).and(all.3).and(all.4).and(all.5).is_ok()
    }

    fn world(&self) -> World {
        World {
            pods: self.pods.state(),
            services: self.services.state(),
            slices: self.slices.state(),
            service_monitors: self.service_monitors.state(),
            pod_monitors: self.pod_monitors.state(),
        }
    }
}

async fn decide(context: Arc<Context>, stores: Stores, changed: Arc<Notify>) {
    if !stores.ready().await {
        return;
    }
    let (mut jobs, mut sources) = (None, None);
    let mut faults = rules::Faults::new();
    loop {
        let found = scrape_jobs(&stores.world());
        if jobs.as_ref() != Some(&found) {
            context.monitoring.scrape(found.clone());
            jobs = Some(found);
        }
        let found = rule_sources(&stores.rules.state());
        if sources.as_ref() != Some(&found) {
            let now = rules::by_source(context.monitoring.evaluate(found.clone()));
            for (source, reasons) in &now {
                if faults.get(source) != Some(reasons) {
                    tell(&context, &stores.rules, source, reasons).await;
                }
            }
            (faults, sources) = (now, Some(found));
        }
        changed.notified().await;
    }
}

/// An event on the object that rules which cannot be evaluated stand in.
async fn tell(
    context: &Context,
    rules: &Store<PrometheusRule>,
    source: &str,
    reasons: &BTreeSet<String>,
) {
    let rules = rules.state();
    let is_it = |rule: &&Arc<PrometheusRule>| rules::source_name(rule) == source;
    if let Some(rule) = rules.iter().find(is_it) {
        context.event(rule.as_ref(), true, "InvalidRule", &rules::note(reasons)).await;
    }
}

/// A store of all objects of a kind, and the work that keeps it up to date.
fn follow<K>(client: &Client, changed: &Arc<Notify>) -> (Store<K>, impl Future<Output = ()>)
where
    K: Resource + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
    K::DynamicType: Default + Eq + Hash + Clone,
{
    let (store, writer) = reflector::store();
    let changed = changed.clone();
    let stream = watcher(Api::<K>::all(client.clone()), watcher::Config::default())
        .default_backoff()
        .modify(|object| object.meta_mut().managed_fields = None)
        .reflect(writer);
    let work = stream.for_each(move |_| {
        changed.notify_one();
        std::future::ready(())
    });
    (store, work)
}
