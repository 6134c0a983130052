//! Keeps the graph current: one metadata watch for each kind of the catalogue.

use std::collections::HashMap;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use kube::api::PartialObjectMeta;
use kube::core::DynamicObject;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, ResourceExt};
use tokio::task::{AbortHandle, JoinSet};

use super::graph::Uid;
use crate::catalog::Stored;
use crate::context::Context;

/// Watches what the catalogue lists; returns when there is no catalogue any more.
pub async fn run(context: Arc<Context>) {
    let mut catalog = context.catalog.clone();
    let mut tasks = JoinSet::new();
    let mut running: HashMap<String, (Arc<Stored>, AbortHandle)> = HashMap::new();
    loop {
        let kinds = catalog.kinds().await;
        let names: HashMap<String, &Arc<Stored>> =
            kinds.iter().map(|stored| (stored.name(), stored)).collect();
        running.retain(|name, (stored, task)| {
            let keep = names.get(name).is_some_and(|wanted| **wanted == *stored);
            if !keep {
                task.abort();
                forget(&context, stored);
            }
            keep
        });
        for (name, stored) in names {
            running.entry(name).or_insert_with(|| {
                let task = tasks.spawn(watch(context.clone(), stored.clone()));
                (stored.clone(), task)
            });
        }
        if !catalog.changed().await {
            return;
        }
    }
}

/// A kind is gone, and its objects with it.
fn forget(context: &Context, stored: &Stored) {
    let collector = &context.collector;
    let gone = collector.graph().of(stored);
    for uid in gone {
        let look = collector.graph().remove(&uid);
        collector.look_at(look);
    }
}

async fn watch(context: Arc<Context>, stored: Arc<Stored>) {
    let api: Api<PartialObjectMeta<DynamicObject>> =
        Api::all_with(context.client.clone(), &stored.resource);
    let mut events = watcher(api, watcher::Config::default()).default_backoff().boxed();
    let mut listed: Vec<Uid> = Vec::new();
    loop {
        match events.try_next().await {
            Ok(None) => return,
            Ok(Some(event)) => apply(&context, &stored, &mut listed, event),
            Err(error) => {
                tracing::debug!(resource = stored.name(), error = %error, "metadata watch interrupted");
            }
        }
    }
}

type Event = watcher::Event<PartialObjectMeta<DynamicObject>>;

fn apply(context: &Context, stored: &Arc<Stored>, listed: &mut Vec<Uid>, event: Event) {
    let collector = &context.collector;
    let put = |object: &PartialObjectMeta<DynamicObject>| {
        let known = object.uid().is_some_and(|uid| collector.graph().get(&uid.into()).is_some());
        let look = collector.graph().apply(stored, &object.metadata);
        collector.look_at(look);
        if !known {
            collector.tell(object.metadata.namespace.as_deref());
        }
    };
    let drop = |uid: &str, namespace: Option<&str>| {
        let look = collector.graph().remove(uid);
        collector.look_at(look);
        collector.tell(namespace);
    };
    match event {
        watcher::Event::Apply(object) => put(&object),
        watcher::Event::Delete(object) => {
            drop(&object.uid().unwrap_or_default(), object.metadata.namespace.as_deref());
        }
        watcher::Event::Init => listed.clear(),
        watcher::Event::InitApply(object) => {
            put(&object);
            listed.extend(object.uid().map(Uid::from));
        }
        watcher::Event::InitDone => {
            let listed: std::collections::HashSet<Uid> = listed.drain(..).collect();
            let known = collector.graph().of(stored);
            for uid in known.into_iter().filter(|uid| !listed.contains(uid)) {
                let namespace = collector.graph().get(&uid).and_then(|node| node.namespace);
                drop(&uid, namespace.as_deref());
            }
        }
    }
}
