//! Keeps the table in step with the cluster.

use std::fmt::Debug;

use dais_api::routing::HTTPRoute;
use futures::{Stream, StreamExt};
use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::runtime::{WatchStreamExt, reflector, watcher};
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;

use crate::proxy::Gateway;
use crate::table::Table;

/// Rebuilds `gateway`'s table after every change, for as long as it is polled.
///
/// A rebuild reads all routes: linear in their number, and cheap beside the
/// change that caused it.
pub async fn watch(client: Client, gateway: Gateway) {
    let (routes, route_changes) = follow::<HTTPRoute>(&client);
    let (services, service_changes) = follow::<Service>(&client);
    let (slices, slice_changes) = follow::<EndpointSlice>(&client);
    let changes = futures::stream::select_all([route_changes, service_changes, slice_changes]);
    // Several objects change together: take what is there already in one go.
    let mut batches = changes.ready_chunks(1024);
    while batches.next().await.is_some() {
        gateway.set_table(Table::build(&routes.state(), &services.state(), &slices.state()));
    }
}

type Changes = std::pin::Pin<Box<dyn Stream<Item = ()> + Send>>;

fn follow<K>(client: &Client) -> (reflector::Store<K>, Changes)
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
{
    let (store, writer) = reflector::store();
    let kind = K::kind(&());
    let events = watcher(Api::<K>::all(client.clone()), watcher::Config::default())
        .default_backoff()
        .reflect(writer)
        .filter_map(move |event| {
            if let Err(error) = &event {
                tracing::warn!(%error, %kind, "watch interrupted, trying again");
            }
            std::future::ready(event.ok().map(drop))
        });
    (store, Box::pin(events))
}
