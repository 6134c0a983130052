//! Keeps the table in step with the cluster.

use std::collections::HashMap;
use std::fmt::Debug;

use dais_api::routing::HTTPRoute;
use dais_api::{TrafficPolicy, labels};
use futures::{Stream, StreamExt};
use k8s_openapi::api::core::v1::{Secret, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::runtime::watcher::Event;
use kube::runtime::{WatchStreamExt, reflector, watcher};
use kube::{Api, Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;

use crate::gateway::Gateway;
use crate::table::Objects;

/// Rebuilds `gateway`'s table after every change, for as long as it is polled.
///
/// A rebuild reads all routes: linear in their number, and cheap beside the
/// change that caused it.
pub async fn watch(client: Client, gateway: Gateway) {
    let all = watcher::Config::default;
    let (routes, route_changes) = follow::<HTTPRoute>(&client, all());
    let (services, service_changes) = follow::<Service>(&client, all());
    let (slices, slice_changes) = follow::<EndpointSlice>(&client, all());
    let (policies, policy_changes) = follow::<TrafficPolicy>(&client, all());
    // Of secrets, those alone that are meant for it.
    let ours = all().labels(labels::GATEWAY_CREDENTIAL);
    let (secrets, secret_changes) = follow::<Secret>(&client, ours);
    let mut generations = Generations::default();
    let policy_changes =
        policy_changes.filter(move |event| std::future::ready(generations.are_new(event)));
    let changes = futures::stream::select_all([
        anything(route_changes),
        anything(service_changes),
        anything(slice_changes),
        anything(policy_changes),
        anything(secret_changes),
    ]);
    // Several objects change together: take what is there already in one go.
    let mut batches = changes.ready_chunks(1024);
    while batches.next().await.is_some() {
        gateway.apply(&Objects {
            routes: &routes.state(),
            services: &services.state(),
            slices: &slices.state(),
            policies: &policies.state(),
            secrets: &secrets.state(),
        });
    }
}

type Changes<T> = std::pin::Pin<Box<dyn Stream<Item = T> + Send>>;

fn anything<T: 'static>(changes: impl Stream<Item = T> + Send + 'static) -> Changes<()> {
    Box::pin(changes.map(drop))
}

fn follow<K>(client: &Client, which: watcher::Config) -> (reflector::Store<K>, Changes<Event<K>>)
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
{
    let (store, writer) = reflector::store();
    let kind = K::kind(&());
    let events = watcher(Api::<K>::all(client.clone()), which)
        .default_backoff()
        .reflect(writer)
        .filter_map(move |event| {
            if let Err(error) = &event {
                tracing::warn!(%error, %kind, "watch interrupted, trying again");
            }
            std::future::ready(event.ok())
        });
    (store, Box::pin(events))
}

/// Tells a policy's change from a status of it, which this gateway writes every second.
#[derive(Default)]
struct Generations(HashMap<String, Option<i64>>);

impl Generations {
    fn are_new(&mut self, event: &Event<TrafficPolicy>) -> bool {
        match event {
            Event::Apply(policy) => {
                let (uid, generation) =
                    (policy.uid().unwrap_or_default(), policy.meta().generation);
                let known = self.0.insert(uid, generation);
                generation.is_none() || known != Some(generation)
            }
            Event::Delete(policy) => {
                self.0.remove(&policy.uid().unwrap_or_default());
                true
            }
            Event::Init => {
                self.0.clear();
                true
            }
            Event::InitApply(policy) => {
                self.0.insert(policy.uid().unwrap_or_default(), policy.meta().generation);
                true
            }
            Event::InitDone => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_no_change() {
        let policy = |generation: Option<i64>| {
            let mut policy = TrafficPolicy::new("p", Default::default());
            (policy.metadata.uid, policy.metadata.generation) = (Some("u".to_owned()), generation);
            policy
        };
        let mut generations = Generations::default();
        assert!(generations.are_new(&Event::Apply(policy(Some(1)))));
        assert!(!generations.are_new(&Event::Apply(policy(Some(1)))));
        assert!(generations.are_new(&Event::Apply(policy(Some(2)))));
        assert!(generations.are_new(&Event::Delete(policy(Some(2)))));
        assert!(generations.are_new(&Event::Apply(policy(Some(2)))), "it came back");
        for _ in 0..2 {
            assert!(generations.are_new(&Event::Apply(policy(None))), "who knows");
        }
    }
}
