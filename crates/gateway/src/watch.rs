//! Keeps the table in step with the cluster.

use std::collections::HashMap;
use std::fmt::Debug;
use std::pin::pin;

use dais_api::routing::HTTPRoute;
use dais_api::{TrafficPolicy, labels};
use futures::{Stream, StreamExt};
use k8s_openapi::api::core::v1::{Secret, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::runtime::watcher::Event;
use kube::runtime::{WatchStreamExt, reflector, watcher};
use kube::{Api, Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use tokio::sync::watch::Sender;

use crate::gateway::Gateway;
use crate::hearing::{self, Due};
use crate::table::Objects;

/// Rebuilds `gateway`'s table after every change, for as long as it is polled; first when
/// everything was read once, since a part of the objects would refuse what the rest serves.
///
/// A rebuild reads all routes: linear in their number, and cheap beside the
/// change that caused it.
pub async fn watch(client: Client, gateway: Gateway) {
    let (told, due) = tokio::sync::watch::channel(Vec::new());
    tokio::select! {
        () = rebuild(client.clone(), gateway, told) => {}
        () = hearing::tell(client, due) => {}
    }
}

async fn rebuild(client: Client, gateway: Gateway, told: Sender<Vec<Due>>) {
    let all = watcher::Config::default;
    let (routes, route_changes) = follow::<HTTPRoute>(&client, all());
    let (services, service_changes) = follow::<Service>(&client, all());
    let (slices, slice_changes) = follow::<EndpointSlice>(&client, all());
    let (policies, policy_changes) = follow::<TrafficPolicy>(&client, all());
    // Of secrets, those alone that are meant for it.
    let ours = all().labels(labels::GATEWAY_CREDENTIAL);
    let (secrets, secret_changes) = follow::<Secret>(&client, ours);
    let (route_changes, policy_changes) = (of_specs(route_changes), of_specs(policy_changes));
    let changes = futures::stream::select_all([
        anything(route_changes),
        anything(service_changes),
        anything(slice_changes),
        anything(policy_changes),
        anything(secret_changes),
    ]);
    // Several objects change together: take what is there already in one go.
    let mut batches = changes.ready_chunks(1024);
    let read = async {
        // Ends only with the watches themselves.
        let _ = tokio::join!(
            routes.wait_until_ready(),
            services.wait_until_ready(),
            slices.wait_until_ready(),
            policies.wait_until_ready(),
            secrets.wait_until_ready(),
        );
    };
    let (mut read, mut is_read) = (pin!(read), false);
    loop {
        tokio::select! {
            changed = batches.next() => match changed {
                None => return,
                Some(_) if !is_read => continue,
                Some(_) => {}
            },
            () = &mut read, if !is_read => is_read = true,
        }
        gateway.apply(&Objects {
            routes: &routes.state(),
            services: &services.state(),
            slices: &slices.state(),
            policies: &policies.state(),
            secrets: &secrets.state(),
        });
        told.send_replace(hearing::due(&gateway.table()));
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

/// Without those of statuses, which this gateway writes itself.
fn of_specs<K>(changes: Changes<Event<K>>) -> Changes<Event<K>>
where
    K: Resource + Send + 'static,
{
    let mut seen = Seen::default();
    Box::pin(changes.filter(move |event| std::future::ready(seen.is_new(event))))
}

/// Tells an object's change from a status of it.
#[derive(Default)]
struct Seen(HashMap<String, Version>);

/// What changes with what a table is built from: the spec's number, and for whom it is.
type Version = (Option<i64>, Option<String>);

impl Seen {
    fn is_new<K: Resource>(&mut self, event: &Event<K>) -> bool {
        let uid = |object: &K| object.uid().unwrap_or_default();
        match event {
            Event::Apply(object) => {
                let version = version(object);
                let has_number = version.0.is_some();
                let known = self.0.insert(uid(object), version.clone());
                !has_number || known != Some(version)
            }
            Event::Delete(object) => {
                self.0.remove(&uid(object));
                true
            }
            Event::Init => {
                self.0.clear();
                true
            }
            Event::InitApply(object) => {
                self.0.insert(uid(object), version(object));
                true
            }
            Event::InitDone => true,
        }
    }
}

fn version<K: Resource>(object: &K) -> Version {
    let exact = object.annotations().get(labels::INSTANCE_ANNOTATION);
    (object.meta().generation, exact.cloned())
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
        let mut seen = Seen::default();
        assert!(seen.is_new(&Event::Apply(policy(Some(1)))));
        assert!(!seen.is_new(&Event::Apply(policy(Some(1)))));
        assert!(seen.is_new(&Event::Apply(policy(Some(2)))));
        assert!(seen.is_new(&Event::Delete(policy(Some(2)))));
        assert!(seen.is_new(&Event::Apply(policy(Some(2)))), "it came back");
        for _ in 0..2 {
            assert!(seen.is_new(&Event::Apply(policy(None))), "who knows");
        }
    }
}
