//! Why servers are not ready, in the words of their pods.

use k8s_openapi::api::core::v1::{Event, Pod};
use kube::api::{Api, ListParams};
use kube::{Client, ResourceExt};

use super::{Front, Track};
use crate::context::Context;
use crate::error::{Error, Result};

/// The pods of a track.
pub async fn pods(front: &Front, track: Track, client: &Client) -> Result<Vec<Pod>, kube::Error> {
    let selector = front.selector(track);
    let selector: Vec<String> =
        selector.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let selected = ListParams::default().labels(&selector.join(","));
    Ok(Api::<Pod>::namespaced(client.clone(), &front.namespace).list(&selected).await?.items)
}

/// What the newest unready pod says, for the person who waits; empty when nothing.
pub async fn why_not_ready(front: &Front, track: Track, context: &Context) -> Result<String> {
    let pods = pods(front, track, &context.client).await;
    let pods = pods.map_err(Error::kube("listing the pods"))?;
    let unready = pods.into_iter().filter(|pod| !is_ready(pod));
    let Some(newest) = unready.max_by_key(|pod| pod.creation_timestamp()) else {
        return Ok(String::new());
    };
    if let Some(why) = trouble(&newest) {
        return Ok(format!("; {why}"));
    }
    let why = refused(&newest, context).await?;
    Ok(why.map_or_else(String::new, |why| format!("; {why}")))
}

fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.into_iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

/// What a running server answers when it is asked whether it is ready.
async fn refused(pod: &Pod, context: &Context) -> Result<Option<String>> {
    let about = format!("involvedObject.uid={}", pod.uid().unwrap_or_default());
    let project = pod.namespace().unwrap_or_default();
    let events = Api::<Event>::namespaced(context.client.clone(), &project)
        .list(&ListParams::default().fields(&about))
        .await
        .map_err(Error::kube("listing the pod's events"))?;
    let unhealthy = events.items.into_iter().filter(|e| e.reason.as_deref() == Some("Unhealthy"));
    let newest = unhealthy.max_by_key(|event| event.last_timestamp.clone());
    Ok(newest.and_then(|event| event.message))
}

/// Why a pod is not ready, in words; `None` when it says nothing.
fn trouble(pod: &Pod) -> Option<String> {
    let status = pod.status.as_ref()?;
    let conditions = status.conditions.iter().flatten();
    let unscheduled = conditions
        .into_iter()
        .find(|condition| condition.type_ == "PodScheduled" && condition.status == "False");
    if let Some(condition) = unscheduled {
        return Some(format!("waits for room: {}", condition.message.clone().unwrap_or_default()));
    }
    let container = status.container_statuses.iter().flatten().next()?;
    let last = container.last_state.as_ref().and_then(|state| state.terminated.as_ref());
    let now = container.state.as_ref();
    let ended = now.and_then(|state| state.terminated.as_ref()).or(last);
    if let Some(message) = ended.and_then(|ended| ended.message.as_ref()) {
        return Some(message.trim().to_owned());
    }
    let waiting = now?.waiting.as_ref()?;
    let reason = waiting.reason.as_deref().unwrap_or_default();
    Some(format!("{reason} {}", waiting.message.as_deref().unwrap_or_default()).trim().to_owned())
}
