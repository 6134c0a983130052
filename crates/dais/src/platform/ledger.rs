//! The ledger of use: where its entries come from, what its prices are, who may
//! read it.
//!
//! ```text
//! node ─ Sink (labels → application, person) ─▶ ledger ─▶ /api/ledger/…
//! ConfigMap dais-system/prices ─ follow ─▶ prices ─┘
//! ```

use std::collections::BTreeMap;
use std::error::Error;

use anyhow::{Context, Result};
use async_trait::async_trait;
use axum::Router;
use dais_api::labels;
use dais_controllers::monitoring::PLATFORM_NAMESPACE;
use dais_ledger::{Accelerator, Booking, End, Labels, Ledger, Options, PriceList, Prices};
use dais_node::{ContainerUse, UseSink};
use futures::StreamExt;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::watch_object;
use kube::{Api, Client};
use tokio::sync::watch;

use super::access::Access;
use super::parts::Parts;
use super::{prices, scopes};

/// Kinds of which each object is one job.
const JOBS: [&str; 2] = ["TrainingJob", "Job"];
/// Everybody who is no person.
const NOBODY: &str = "system:";

pub async fn open(url: String) -> Result<Ledger> {
    let job_kinds = JOBS.map(str::to_owned).to_vec();
    Ledger::open(Options { job_kinds, ..Options::at(url) }).await.context("opening the ledger")
}

pub fn router(parts: &Parts, prices: watch::Receiver<Prices>) -> Router {
    let ledger = dais_ledger::router(parts.ledger.clone(), prices);
    scopes::ledger(ledger, parts.access.clone()).merge(prices::router(&parts.kubernetes))
}

/// Takes what the node tells and books it under application and person.
pub struct Sink {
    pub ledger: Ledger,
    pub access: Access,
}

#[async_trait]
impl UseSink for Sink {
    async fn book(&self, uses: &[ContainerUse]) -> Result<(), Box<dyn Error + Send + Sync>> {
        if uses.is_empty() {
            return Ok(());
        }
        let workspaces: BTreeMap<String, String> =
            self.access.all_projects().await?.into_iter().collect();
        let bookings: Vec<Booking> = uses.iter().map(|used| booking(used, &workspaces)).collect();
        Ok(self.ledger.book(&bookings).await?)
    }
}

fn booking(used: &ContainerUse, workspaces: &BTreeMap<String, String>) -> Booking {
    let devices = used.devices.iter().map(|held| Accelerator {
        resource: held.resource.clone(),
        model: held.model.clone(),
        held: held.count,
    });
    Booking {
        pod_uid: used.pod_uid.clone(),
        container: used.container.clone(),
        attempt: used.attempt,
        labels: labels_of(used, workspaces),
        cpu_request_milli: used.cpu_request_milli,
        memory_request: used.memory_request,
        started_at: used.started_at,
        measured_at: used.measured_at,
        cpu_seconds: used.cpu_seconds.unwrap_or(0.0),
        memory_byte_seconds: used.memory_byte_seconds.unwrap_or(0.0),
        memory_peak: used.memory_peak.unwrap_or(0),
        accelerators: devices.collect(),
        end: used
            .end
            .as_ref()
            .map(|end| End { exit_code: end.exit_code, reason: end.reason.clone() }),
        is_complete: used.is_complete,
    }
}

fn labels_of(used: &ContainerUse, workspaces: &BTreeMap<String, String>) -> Labels {
    let label = |name: &str| used.labels.get(name).filter(|text| !text.is_empty()).cloned();
    let (owner_kind, owner_name) = owner(used);
    let app = [labels::APP, "app.kubernetes.io/name", "app"].into_iter().find_map(label);
    let kind = label(labels::KIND);
    let object = match &kind {
        Some(kind) if *kind != owner_kind => label(labels::INSTANCE),
        _ => None,
    };
    let user = user(used);
    Labels {
        project: used.namespace.clone(),
        workspace: workspaces.get(&used.namespace).cloned().unwrap_or_default(),
        app: app.unwrap_or_else(|| owner_name.clone()),
        user_alias: if user.is_empty() { String::new() } else { labels::label_value(&user) },
        user,
        kind: kind.unwrap_or(owner_kind),
        object: object.unwrap_or(owner_name),
        pod: used.pod.clone(),
        node: used.node.clone(),
    }
}

/// The workload that made the pod, else the pod itself.
fn owner(used: &ContainerUse) -> (String, String) {
    let Some((kind, name)) = used.owner.clone() else {
        return ("Pod".to_owned(), used.pod.clone());
    };
    // A ReplicaSet is its Deployment's, under its name and a hash.
    let hash = used.labels.get("pod-template-hash");
    let deployment = hash.and_then(|hash| name.strip_suffix(&format!("-{hash}")));
    match (kind.as_str(), deployment) {
        ("ReplicaSet", Some(deployment)) => ("Deployment".to_owned(), deployment.to_owned()),
        _ => (kind, name),
    }
}

/// Whom it is booked to. A person who makes a pod answers for it, whatever the
/// pod says; only of what a controller made is the label believed.
fn user(used: &ContainerUse) -> String {
    let annotation = |name: &str| used.annotations.get(name).filter(|text| !text.is_empty());
    let creator = annotation(labels::CREATED_BY).filter(|user| !user.starts_with(NOBODY));
    let named = || annotation(labels::USER_ANNOTATION).or_else(|| used.labels.get(labels::USER));
    creator.or_else(named).cloned().unwrap_or_default()
}

/// Follows the price list until the process shuts down.
pub async fn follow_prices(client: Client, told: watch::Sender<Prices>) {
    let maps = Api::<ConfigMap>::namespaced(client, PLATFORM_NAMESPACE);
    let mut changes = std::pin::pin!(watch_object(maps, prices::NAME).default_backoff());
    while let Some(change) = changes.next().await {
        let now = match change {
            Ok(now) => now,
            Err(error) => {
                tracing::warn!(%error, "the price list is not followed; trying again");
                continue;
            }
        };
        told.send_replace(now.map_or(Prices::Absent, |map| read(&map)));
    }
}

fn read(map: &ConfigMap) -> Prices {
    let text = map.data.as_ref().and_then(|data| data.get(prices::KEY));
    let Some(text) = text else {
        return Prices::Wrong(dais_ledger::Fault {
            field: format!("data[{:?}]", prices::KEY),
            reason: "is missing".to_owned(),
            hint: format!("write the list under {:?}", prices::KEY),
        });
    };
    match PriceList::read(text) {
        Ok(list) => Prices::Listed(list),
        Err(fault) => {
            tracing::warn!(field = fault.field, reason = fault.reason, "the price list is wrong");
            Prices::Wrong(fault)
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn used(labels: &[(&str, &str)], annotations: &[(&str, &str)]) -> ContainerUse {
        let map = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        ContainerUse {
            namespace: "risk".to_owned(),
            pod: "digits-1".to_owned(),
            pod_uid: "u".to_owned(),
            labels: map(labels),
            annotations: map(annotations),
            owner: None,
            container: "c".to_owned(),
            attempt: 0,
            node: "n".to_owned(),
            started_at: Timestamp::UNIX_EPOCH,
            measured_at: Timestamp::UNIX_EPOCH,
            end: None,
            cpu_seconds: None,
            memory_byte_seconds: None,
            memory_peak: None,
            cpu_request_milli: 0,
            memory_request: 0,
            devices: Vec::new(),
            is_complete: true,
        }
    }

    #[test]
    fn a_controllers_label_is_believed_and_a_persons_is_not() {
        let named = (labels::USER_ANNOTATION, "bob@example.org");
        let by = |creator| {
            user(&used(&[(labels::USER, "bob")], &[(labels::CREATED_BY, creator), named]))
        };
        assert_eq!(by("system:dais:controllers"), "bob@example.org");
        assert_eq!(by("ann"), "ann");
        assert_eq!(user(&used(&[(labels::USER, "bob")], &[])), "bob");
        assert_eq!(user(&used(&[], &[])), "");
    }

    #[test]
    fn others_pods_are_booked_to_their_workload() {
        let none = BTreeMap::new();
        let mut web = used(&[("pod-template-hash", "6d4c")], &[]);
        web.owner = Some(("ReplicaSet".to_owned(), "web-6d4c".to_owned()));
        let found = labels_of(&web, &none);
        assert_eq!((&*found.kind, &*found.object, &*found.app), ("Deployment", "web", "web"));

        let ours = [
            (labels::KIND, "InferenceService"),
            (labels::INSTANCE, "score"),
            (labels::APP, "credit"),
        ];
        web.labels.extend(ours.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let found = labels_of(&web, &none);
        assert_eq!(
            (&*found.kind, &*found.object, &*found.app),
            ("InferenceService", "score", "credit")
        );
        let found = labels_of(&used(&[], &[]), &none);
        assert_eq!((&*found.kind, &*found.object, &*found.app), ("Pod", "digits-1", "digits-1"));
    }
}
