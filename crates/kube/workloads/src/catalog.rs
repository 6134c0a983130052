//! Which resources the server has, by discovery.
//!
//! Garbage collection, the deletion of namespaces and quotas concern resources of
//! every kind, those of CRDs that appear tomorrow included. Discovery is asked
//! again whenever a CRD or an APIService changes; nothing polls.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use kube::api::PartialObjectMeta;
use kube::core::{ApiResource, DynamicObject};
use kube::discovery::{Discovery, Scope, verbs};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client};
use tokio::sync::watch;

/// Pause after a change before the server is asked: a CRD is accepted,
/// established and served in several writes.
const SETTLE: Duration = Duration::from_millis(50);
/// Pause before a failed discovery is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// A kind of object that the server stores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub resource: ApiResource,
    pub namespaced: bool,
    /// Whether objects can be deleted by a selector in one request.
    pub delete_collection: bool,
}

impl Stored {
    /// The interface to one object's neighbourhood.
    pub fn api(&self, client: &Client, namespace: Option<&str>) -> Api<DynamicObject> {
        match namespace {
            Some(namespace) if self.namespaced => {
                Api::namespaced_with(client.clone(), namespace, &self.resource)
            }
            _ => Api::all_with(client.clone(), &self.resource),
        }
    }

    /// "deployments.apps".
    pub fn name(&self) -> String {
        let ApiResource { plural, group, .. } = &self.resource;
        if group.is_empty() { plural.clone() } else { format!("{plural}.{group}") }
    }
}

/// All kinds that can be listed, watched and deleted.
pub type Kinds = Arc<Vec<Arc<Stored>>>;

/// The catalogue as of now, and word of changes.
#[derive(Debug, Clone)]
pub struct Catalog(watch::Receiver<Option<Kinds>>);

impl Catalog {
    /// The catalogue, and the task that keeps it current.
    pub fn new(client: Client) -> (Self, impl Future<Output = ()> + Send) {
        let (sender, receiver) = watch::channel(None);
        (Self(receiver), keep(client, sender))
    }

    /// The kinds; waits for the first discovery.
    pub async fn kinds(&mut self) -> Kinds {
        // The sender lives as long as the process; when it is gone everything
        // ends, and nobody looks at the answer.
        match self.0.wait_for(Option::is_some).await {
            Ok(kinds) => kinds.clone().unwrap_or_default(),
            Err(_) => Kinds::default(),
        }
    }

    /// Waits for the next change; false when there will be none.
    pub async fn changed(&mut self) -> bool {
        self.0.changed().await.is_ok()
    }

    /// The kind that an owner reference names.
    pub fn find(&self, api_version: &str, kind: &str) -> Option<Arc<Stored>> {
        let group =
            |api_version: &str| api_version.split_once('/').map_or("", |(g, _)| g).to_owned();
        let wanted = group(api_version);
        let kinds = self.0.borrow();
        // Another version of the same group serves the same objects.
        kinds
            .iter()
            .flat_map(|kinds| kinds.iter())
            .find(|stored| stored.resource.kind == kind && stored.resource.group == wanted)
            .cloned()
    }
}

async fn keep(client: Client, sender: watch::Sender<Option<Kinds>>) {
    let mut definitions = definitions(&client);
    loop {
        match discover(&client).await {
            Ok(kinds) => {
                sender.send_if_modified(|known| {
                    let changed = known.as_deref() != Some(&kinds);
                    if changed {
                        *known = Some(Arc::new(kinds));
                    }
                    changed
                });
            }
            Err(error) => {
                tracing::warn!(error = %error, "discovery failed");
                tokio::time::sleep(RETRY).await;
                continue;
            }
        }
        if definitions.next().await.is_none() {
            return;
        }
        tokio::time::sleep(SETTLE).await;
        // One discovery for all changes of the meantime.
        while let Some(Some(())) = futures::FutureExt::now_or_never(definitions.next()) {}
    }
}

/// Yields whenever a CRD changes.
fn definitions(client: &Client) -> futures::stream::BoxStream<'static, ()> {
    let resource = ApiResource {
        group: "apiextensions.k8s.io".into(),
        version: "v1".into(),
        api_version: "apiextensions.k8s.io/v1".into(),
        kind: "CustomResourceDefinition".into(),
        plural: "customresourcedefinitions".into(),
    };
    let api: Api<PartialObjectMeta<DynamicObject>> = Api::all_with(client.clone(), &resource);
    watcher(api, watcher::Config::default())
        .default_backoff()
        .filter_map(|event| std::future::ready(event.ok().map(drop)))
        .boxed()
}

async fn discover(client: &Client) -> kube::Result<Vec<Arc<Stored>>> {
    let discovery = match Discovery::new(client.clone()).run_aggregated().await {
        Ok(discovery) => discovery,
        Err(error) => {
            tracing::debug!(error = %error, "no aggregated discovery, asking group by group");
            Discovery::new(client.clone()).run().await?
        }
    };
    let mut kinds = Vec::new();
    for group in discovery.groups_alphabetical() {
        for (resource, capabilities) in group.resources_by_stability() {
            let can = |verb| capabilities.supports_operation(verb);
            // Events of both groups are the same objects, have no owners and
            // expire by themselves.
            if resource.plural == "events"
                || !can(verbs::LIST)
                || !can(verbs::WATCH)
                || !can(verbs::DELETE)
            {
                continue;
            }
            kinds.push(Arc::new(Stored {
                namespaced: capabilities.scope == Scope::Namespaced,
                delete_collection: can(verbs::DELETE_COLLECTION),
                resource,
            }));
        }
    }
    Ok(kinds)
}
