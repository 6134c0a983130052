//! Tells people what was done: core/v1 Events, as `kubectl describe` shows them.
//!
//! Owns aggregation (the same words about the same object raise a count) and the
//! writing in the background: an event never delays the work that it reports.

use std::collections::{BTreeMap, VecDeque};

use futures::StreamExt;
use futures::channel::mpsc::{Receiver, Sender, channel};
use k8s_openapi::api::core::v1::{Event, EventSource, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, Time};
use k8s_openapi::jiff::Timestamp;
use kube::api::{ObjectMeta, Patch, PatchParams, PostParams};
use kube::{Api, Client, Resource, ResourceExt};
use serde_json::json;

use crate::error::is_not_found;

/// Events that may wait to be written. Beyond it they are dropped: they are for
/// people to read, and nobody reads a thousand.
const QUEUE: usize = 1024;
/// Recently told events that a repetition is counted on.
const REMEMBERED: usize = 2048;

/// Whether somebody should worry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Something was done.
    Normal,
    /// Something could not be done.
    Warning,
}

/// The part of the system that speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Component(pub &'static str);

/// One thing to tell.
#[derive(Debug, Clone)]
pub struct Told {
    pub component: Component,
    pub severity: Severity,
    /// A word in CamelCase.
    pub reason: &'static str,
    /// A sentence.
    pub message: String,
    /// What was attempted; set by components that report in the manner of
    /// `events.k8s.io/v1` (the scheduler).
    pub action: Option<&'static str>,
}

/// Where controllers drop what they have to tell.
#[derive(Debug, Clone)]
pub struct Recorder(Sender<(ObjectReference, Told)>);

impl Recorder {
    /// The recorder, and the task that writes.
    pub fn new(client: Client) -> (Self, impl Future<Output = ()> + Send) {
        let (sender, receiver) = channel(QUEUE);
        (Self(sender), write_all(client, receiver))
    }

    /// Tells; never waits.
    pub fn tell<K: Resource<DynamicType = ()>>(&self, about: &K, told: Told) {
        let reference = about.object_ref(&());
        if self.0.clone().try_send((reference, told)).is_err() {
            tracing::debug!("an event was dropped: too many wait to be written");
        }
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord, Clone)]
struct Key {
    uid: Option<String>,
    component: Component,
    reason: &'static str,
    message: String,
}

struct Written {
    name: String,
    count: i32,
}

async fn write_all(client: Client, mut queue: Receiver<(ObjectReference, Told)>) {
    let mut written: BTreeMap<Key, Written> = BTreeMap::new();
    let mut order: VecDeque<Key> = VecDeque::new();
    while let Some((about, told)) = queue.next().await {
        let key = Key {
            uid: about.uid.clone(),
            component: told.component,
            reason: told.reason,
            message: told.message.clone(),
        };
        let namespace = about.namespace.clone().unwrap_or_else(|| "default".into());
        let api: Api<Event> = Api::namespaced(client.clone(), &namespace);
        if let Some(earlier) = written.get_mut(&key) {
            earlier.count += 1;
            if repeat(&api, earlier, &told).await {
                continue;
            }
        }
        let event = first(&namespace, about, told, Timestamp::now());
        let name = event.name_any();
        if let Err(error) = api.create(&PostParams::default(), &event).await {
            // A namespace that is going away takes no events: nothing is lost.
            tracing::debug!(event = name, error = %error, "an event was not written");
            continue;
        }
        written.insert(key.clone(), Written { name, count: 1 });
        order.push_back(key);
        if order.len() > REMEMBERED
            && let Some(oldest) = order.pop_front()
        {
            written.remove(&oldest);
        }
    }
}

/// Counts a repetition; false when the earlier event has expired.
async fn repeat(api: &Api<Event>, earlier: &Written, told: &Told) -> bool {
    let now = Timestamp::now();
    let change = match told.action {
        Some(_) => json!({"series": {"count": earlier.count, "lastObservedTime": MicroTime(now)}}),
        None => json!({"count": earlier.count, "lastTimestamp": Time(now)}),
    };
    match api.patch(&earlier.name, &PatchParams::default(), &Patch::Merge(change)).await {
        Ok(_) => true,
        Err(error) => !is_not_found(&error),
    }
}

/// The event of a first telling.
fn first(namespace: &str, about: ObjectReference, told: Told, now: Timestamp) -> Event {
    let component = told.component.0.to_owned();
    let modern = told.action.is_some();
    Event {
        metadata: ObjectMeta {
            name: Some(format!(
                "{}.{:x}",
                about.name.as_deref().unwrap_or("unknown"),
                now.as_nanosecond()
            )),
            namespace: Some(namespace.to_owned()),
            ..ObjectMeta::default()
        },
        involved_object: about,
        reason: Some(told.reason.to_owned()),
        message: Some(told.message),
        type_: Some(format!("{:?}", told.severity)),
        action: told.action.map(str::to_owned),
        event_time: modern.then_some(MicroTime(now)),
        reporting_component: Some(component.clone()),
        reporting_instance: modern.then(|| format!("{component}-0")),
        source: (!modern).then_some(EventSource { component: Some(component), host: None }),
        first_timestamp: (!modern).then_some(Time(now)),
        last_timestamp: (!modern).then_some(Time(now)),
        count: (!modern).then_some(1),
        ..Event::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_manners_of_events() {
        let told = |action| Told {
            component: Component("job-controller"),
            severity: Severity::Normal,
            reason: "Completed",
            message: "Job completed".into(),
            action,
        };
        let about = ObjectReference { name: Some("one".into()), ..ObjectReference::default() };
        let now = Timestamp::UNIX_EPOCH;
        let classic = first("a", about.clone(), told(None), now);
        assert_eq!(classic.count, Some(1));
        assert_eq!(classic.type_.as_deref(), Some("Normal"));
        assert!(classic.event_time.is_none());
        let modern = first("a", about, told(Some("Binding")), now);
        assert_eq!(modern.count, None);
        assert_eq!(modern.event_time, Some(MicroTime(now)));
        assert_eq!(modern.reporting_instance.as_deref(), Some("job-controller-0"));
    }
}
