//! Keeps the status of quotas: what is used, as of a moment ago.

use std::collections::BTreeSet;
use std::sync::{Arc, Weak};

use futures::StreamExt;
use serde_json::{Map, Value};

use super::usage;
use crate::object;
use crate::server::Server;
use crate::status::Failure;
use crate::storage::objects::Refused;
use crate::verbs::write::{self, Writer};

/// The stored objects that a change of theirs can change a quota's use.
const EVERYTHING: &str = "/registry/";

/// Runs until the server is gone: after every batch of changes it counts the
/// namespaces anew in which something changed.
pub(crate) async fn run(server: Weak<Server>) {
    let Some(alive) = server.upgrade() else { return };
    let store = alive.objects.store().clone();
    drop(alive);
    loop {
        let from = store.revision();
        let Some(alive) = server.upgrade() else { return };
        report(count_all(&alive).await);
        drop(alive);
        let Ok(mut watch) = store.watch(EVERYTHING, from) else { continue };
        // An error means that the history is gone: everything is counted anew.
        while let Some(Ok(event)) = watch.next().await {
            let mut dirty = BTreeSet::from_iter(namespace(&event.key));
            while let Some(Some(Ok(event))) = futures::FutureExt::now_or_never(watch.next()) {
                dirty.extend(namespace(&event.key));
            }
            let Some(alive) = server.upgrade() else { return };
            for namespace in dirty {
                report(count(&alive, &namespace).await);
            }
        }
    }
}

fn report(outcome: Result<(), Failure>) {
    if let Err(failure) = outcome {
        tracing::warn!(error = %failure, "quota could not be counted");
    }
}

/// `/registry/core/pods/lab/a` is in `lab`. Quotas themselves count when they are
/// made or changed; their status does not start another round, since it changes
/// nothing that is counted.
fn namespace(key: &str) -> Option<String> {
    let rest = key.strip_prefix(EVERYTHING)?;
    let parts: Vec<&str> = rest.split('/').collect();
    match parts.as_slice() {
        ["core", "events", ..] => None,
        [_, _, namespace, _] => Some((*namespace).to_owned()),
        _ => None,
    }
}

async fn count_all(server: &Arc<Server>) -> Result<(), Failure> {
    let catalog = server.catalog().await?;
    let quotas = server.objects.all(catalog.expect("", "v1", "resourcequotas"), "").await?;
    let namespaces: BTreeSet<&str> =
        quotas.iter().map(|entry| object::namespace(&entry.object)).collect();
    for namespace in namespaces {
        count(server, namespace).await?;
    }
    Ok(())
}

async fn count(server: &Arc<Server>, namespace: &str) -> Result<(), Failure> {
    let catalog = server.catalog().await?;
    let resource = catalog.expect("", "v1", "resourcequotas");
    for current in server.objects.all(resource, namespace).await? {
        let hard = current.object.pointer("/spec/hard").cloned().unwrap_or_default();
        let used = usage::of_namespace(server, &catalog, namespace, &current.object).await?;
        let mut used: Map<String, Value> =
            used.into_iter().map(|(key, amount)| (key, amount.to_string().into())).collect();
        let told = current.object.pointer("/status/used").and_then(Value::as_object);
        let foreign = told.into_iter().flatten().filter(|(key, _)| usage::is_foreign(key));
        let foreign = foreign.filter(|(key, _)| hard.get(key.as_str()).is_some());
        used.extend(foreign.map(|(key, amount)| (key.clone(), amount.clone())));
        let mut old = current.object.clone();
        object::remove_meta(&mut old, "resourceVersion");
        let mut next = old.clone();
        next["status"] = serde_json::json!({"hard": hard, "used": used});
        if next == old {
            continue;
        }
        write::track(resource, &mut next, Some(&old), &Writer::system(), "status");
        match server.objects.replace(resource, (&current, None), next).await {
            Ok(_) | Err(Refused::Raced) => {}
            Err(Refused::Failed(failure)) => return Err(failure),
        }
    }
    Ok(())
}
