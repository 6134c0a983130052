//! Events about pods, as `kubectl describe` shows them. Repeats are counted
//! on one object, and nothing waits for them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Event, EventSource, ObjectReference, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Client};
use serde_json::json;
use tokio::sync::mpsc;

use crate::host::lock;

/// Events that wait to be written; more than these are dropped, for a node in
/// trouble has other things to do.
const QUEUE: usize = 1024;

/// Hands events to a task that writes them.
#[derive(Clone)]
pub(crate) struct Events {
    queue: mpsc::Sender<Event>,
    node: Arc<str>,
}

impl Events {
    pub(crate) fn start(client: Client, node: &str) -> Events {
        let (queue, events) = mpsc::channel(QUEUE);
        tokio::spawn(write(client, events));
        Events { queue, node: node.into() }
    }

    /// Something expected.
    pub(crate) fn normal(&self, pod: &Pod, reason: &str, message: impl Into<String>) {
        self.send("Normal", pod, reason, message.into());
    }

    /// Something that a person may want to look at.
    pub(crate) fn warning(&self, pod: &Pod, reason: &str, message: impl Into<String>) {
        self.send("Warning", pod, reason, message.into());
    }

    fn send(&self, kind: &str, pod: &Pod, reason: &str, message: String) {
        let meta = &pod.metadata;
        let now = Time(Timestamp::now());
        let name =
            format!("{}.{:x}", meta.name.as_deref().unwrap_or_default(), now.0.as_nanosecond());
        let event = Event {
            metadata: ObjectMeta {
                name: Some(name),
                namespace: meta.namespace.clone(),
                ..ObjectMeta::default()
            },
            involved_object: ObjectReference {
                api_version: Some("v1".to_owned()),
                kind: Some("Pod".to_owned()),
                name: meta.name.clone(),
                namespace: meta.namespace.clone(),
                uid: meta.uid.clone(),
                resource_version: meta.resource_version.clone(),
                field_path: None,
            },
            type_: Some(kind.to_owned()),
            reason: Some(reason.to_owned()),
            message: Some(message),
            source: Some(EventSource {
                component: Some("kubelet".to_owned()),
                host: Some(self.node.to_string()),
            }),
            reporting_component: Some("kubelet".to_owned()),
            reporting_instance: Some(self.node.to_string()),
            count: Some(1),
            first_timestamp: Some(now.clone()),
            last_timestamp: Some(now),
            ..Event::default()
        };
        if self.queue.try_send(event).is_err() {
            tracing::warn!(pod = meta.name.as_deref(), reason, "event dropped");
        }
    }
}

/// What makes two events the same.
type Key = (Option<String>, Option<String>, Option<String>);

async fn write(client: Client, mut events: mpsc::Receiver<Event>) {
    let written: Mutex<BTreeMap<Key, (String, i32)>> = Mutex::default();
    while let Some(event) = events.recv().await {
        let namespace = event.metadata.namespace.clone().unwrap_or_default();
        let api: Api<Event> = Api::namespaced(client.clone(), &namespace);
        let key = (event.involved_object.uid.clone(), event.reason.clone(), event.message.clone());
        let known = lock(&written).get(&key).cloned();
        if let Some((name, count)) = known {
            let patch = json!({"count": count + 1, "lastTimestamp": event.last_timestamp});
            if api.patch(&name, &PatchParams::default(), &Patch::Merge(patch)).await.is_ok() {
                lock(&written).insert(key, (name, count + 1));
                continue;
            }
        }
        let name = event.metadata.name.clone().unwrap_or_default();
        match api.create(&PostParams::default(), &event).await {
            Ok(_) => {
                let mut written = lock(&written);
                if written.len() > QUEUE {
                    written.clear();
                }
                written.insert(key, (name, 1));
            }
            Err(error) => tracing::debug!(namespace, %error, "event not written"),
        }
    }
}
