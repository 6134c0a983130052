//! What kube-proxy does, without privilege: a listener on every Service's
//! virtual address, and connections passed on to ready endpoints.
//!
//! [`table`] says purely what should be listened on and where to; this file
//! keeps the listeners so.

mod connection;
mod table;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::{Stream, StreamExt};
use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::Api;
use kube::runtime::{WatchStreamExt, reflector, watcher};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use self::connection::Backends;
use crate::host::{Host, lock};

/// Between attempts to listen on an address that something holds.
const RETRY: Duration = Duration::from_secs(2);

/// Runs for ever.
pub(crate) async fn run(host: Arc<Host>) {
    let services: Api<Service> = Api::all(host.client.clone());
    let slices: Api<EndpointSlice> = Api::all(host.client.clone());
    let (services, service_events) = cached(services);
    let (slices, slice_events) = cached(slices);
    let mut events = futures::stream::select(service_events, slice_events);
    let mut listeners: BTreeMap<SocketAddr, Listener> = BTreeMap::new();
    while events.next().await.is_some() {
        let wanted = table::table(&services.state(), &slices.state());
        listeners.retain(|address, _| wanted.contains_key(address));
        for (address, backends) in wanted {
            listeners
                .entry(address)
                .or_insert_with(|| Listener::start(&host, address))
                .backends
                .set(backends);
        }
    }
}

fn cached<K>(api: Api<K>) -> (reflector::Store<K>, impl Stream<Item = ()> + Unpin)
where
    K: kube::Resource<DynamicType = ()>
        + Clone
        + std::fmt::Debug
        + serde::de::DeserializeOwned
        + Send
        + Sync
        + 'static,
{
    let (store, writer) = reflector::store();
    let events = reflector(writer, watcher(api, watcher::Config::default())).default_backoff();
    // Every event, the end of a list included, is a reason to look again.
    (store, Box::pin(events.map(drop)))
}

struct Listener {
    backends: Arc<Backends>,
    task: JoinHandle<()>,
}

impl Listener {
    fn start(host: &Arc<Host>, address: SocketAddr) -> Listener {
        let backends = Arc::new(Backends::new(host.clone()));
        let task = tokio::spawn(listen(address, backends.clone()));
        Listener { backends, task }
    }
}

impl Drop for Listener {
    /// Connections that are open go on to their end.
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen(address: SocketAddr, backends: Arc<Backends>) {
    let told = Mutex::new(false);
    let listener = loop {
        match TcpListener::bind(address).await {
            Ok(listener) => break listener,
            Err(error) => {
                if !std::mem::replace(&mut *lock(&told), true) {
                    tracing::warn!(%address, %error, "service address cannot be listened on (hint: ports below 1024 need root)");
                }
                tokio::time::sleep(RETRY).await;
            }
        }
    };
    loop {
        match listener.accept().await {
            Ok((client, _)) => {
                tokio::spawn(connection::pass(client, backends.clone()));
            }
            Err(error) => {
                // Out of descriptors, say: others may close theirs.
                tracing::debug!(%address, %error, "connection not accepted");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}
