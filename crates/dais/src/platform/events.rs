//! Keeps Kubernetes events longer than the cluster does: each becomes a document of
//! the index `events`, beside the logs and searched in the same way.
//!
//! Guarantees: an event is kept once for each time that its count rises, also across
//! restarts: its id is looked for before it is written again.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::body::Body;
use dais_api::labels;
use futures::StreamExt;
use http_body_util::BodyExt;
use k8s_openapi::api::core::v1::{Event, Pod};
use kube::runtime::watcher::{self, Event as Change};
use kube::runtime::{WatchStreamExt, watcher as watch};
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};
use tower::ServiceExt;

/// Index of events.
const INDEX: &str = "events";
/// Field that says which event a document is of.
const ID: &str = "fields.event.id";
/// Events that are written together.
const TOGETHER: usize = 256;

/// Follows the events until the process shuts down; `logs` speaks Elasticsearch and
/// answers for every namespace.
pub async fn keep(client: Client, logs: Router) {
    let events = Api::<Event>::all(client.clone());
    let changes = watch(events, watcher::Config::default()).default_backoff();
    let mut changes = std::pin::pin!(changes.ready_chunks(TOGETHER));
    let mut listed = Vec::new();
    while let Some(chunk) = changes.next().await {
        let mut told = Vec::new();
        for change in chunk {
            match change {
                Ok(Change::Init) => listed.clear(),
                Ok(Change::InitApply(event)) => listed.push(event),
                Ok(Change::InitDone) => told.append(&mut listed),
                Ok(Change::Apply(event)) => told.push(event),
                Ok(Change::Delete(_)) => {}
                Err(error) => tracing::warn!(%error, "events not followed; trying again"),
            }
        }
        for some in told.chunks(TOGETHER) {
            write_in_the_end(&client, &logs, some).await;
        }
    }
}

/// Between attempts while the logs are away: at first, and at most.
const RETRY: Duration = Duration::from_secs(1);
const MAX_RETRY: Duration = Duration::from_secs(30);

/// The logs cannot be asked now.
#[derive(Debug)]
struct Away(String);

impl std::fmt::Display for Away {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Away {}

/// Waits for logs that are away: the events wait in the cluster meanwhile.
async fn write_in_the_end(client: &Client, logs: &Router, events: &[Event]) {
    let mut pause = RETRY;
    while let Err(error) = write(client, logs, events).await {
        let is_away = error.downcast_ref::<Away>().is_some();
        tracing::warn!(error = format!("{error:#}"), is_away, "events not kept");
        if !is_away {
            return;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(MAX_RETRY);
    }
}

async fn write(client: &Client, logs: &Router, events: &[Event]) -> Result<()> {
    let known = known(logs, events).await?;
    let mut lines = String::new();
    for event in events.iter().filter(|event| !known.contains(&id(event))) {
        let document = document(event, application(client, event).await);
        lines += &format!("{}\n{document}\n", json!({"create": {}}));
    }
    if lines.is_empty() {
        return Ok(());
    }
    let answer = ask(logs, &format!("/{INDEX}/_bulk"), lines).await?;
    ensure!(answer["errors"] == false, "refused: {}", answer["items"]);
    Ok(())
}

/// Ids that are stored.
async fn known(logs: &Router, events: &[Event]) -> Result<HashSet<String>> {
    let ids: Vec<String> = events.iter().map(id).collect();
    let query = json!({"size": ids.len(), "query": {"terms": {ID: ids}}, "_source": [ID]});
    let answer =
        ask(logs, &format!("/{INDEX}/_search?ignore_unavailable=true"), query.to_string()).await?;
    let hits = answer["hits"]["hits"].as_array().cloned().unwrap_or_default();
    let id = |hit: Value| Some(hit["_source"]["fields"]["event"]["id"].as_str()?.to_owned());
    Ok(hits.into_iter().filter_map(id).collect())
}

async fn ask(logs: &Router, path: &str, body: String) -> Result<Value> {
    let request = http::Request::post(path)
        .header("content-type", "application/json")
        .extension(dais_logs::Scope::all())
        .body(Body::from(body))?;
    let response = match logs.clone().oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    let body = String::from_utf8_lossy(&body);
    if matches!(status.as_u16(), 429 | 502 | 503) {
        return Err(Away(format!("{path} answered {status}: {body}")).into());
    }
    ensure!(status.is_success(), "{path} answered {status}: {body}");
    serde_json::from_str(&body).with_context(|| format!("{path} answered {body}"))
}

/// The same event is told again with a higher count.
fn id(event: &Event) -> String {
    format!("{}.{}", event.uid().unwrap_or_default(), count(event))
}

fn count(event: &Event) -> i32 {
    let series = event.series.as_ref().and_then(|series| series.count);
    event.count.or(series).unwrap_or(1)
}

/// Fields as those of a log line, so that one search finds both.
fn document(event: &Event, application: Vec<(&'static str, String)>) -> Value {
    let object = &event.involved_object;
    let time = event
        .last_timestamp
        .as_ref()
        .map(|time| time.0)
        .or_else(|| event.series.as_ref()?.last_observed_time.as_ref().map(|time| time.0))
        .or_else(|| event.event_time.as_ref().map(|time| time.0))
        .or_else(|| event.metadata.creation_timestamp.as_ref().map(|time| time.0));
    let component = event.source.as_ref().and_then(|source| source.component.clone());
    let is_warning = event.type_.as_deref() == Some("Warning");
    let mut document = json!({
        "message": event.message,
        "severity": if is_warning { "warn" } else { "info" },
        "namespace": event.namespace(),
        "node": event.source.as_ref().and_then(|source| source.host.clone()),
        "fields": {"event": {
            "id": id(event),
            "reason": event.reason,
            "type": event.type_,
            "kind": object.kind,
            "name": object.name,
            "uid": object.uid,
            "count": count(event),
            "component": component.or_else(|| event.reporting_component.clone()),
        }},
    });
    if let Some(time) = time {
        document["@timestamp"] = time.to_string().into();
    }
    if object.kind.as_deref() == Some("Pod") {
        document["pod"] = json!(object.name);
    }
    for (name, value) in application {
        document[name] = value.into();
    }
    without_nulls(document)
}

/// What the pod's labels say of application and person, while it is still there.
async fn application(client: &Client, event: &Event) -> Vec<(&'static str, String)> {
    let object = &event.involved_object;
    let (Some("Pod"), Some(name)) = (object.kind.as_deref(), &object.name) else { return vec![] };
    let namespace = object.namespace.clone().unwrap_or_default();
    let pod = Api::<Pod>::namespaced(client.clone(), &namespace).get_opt(name).await;
    let Ok(Some(pod)) = pod else { return vec![] };
    let user = pod.annotations().get(labels::USER_ANNOTATION).or(pod.labels().get(labels::USER));
    let app = pod.labels().get(labels::APP).or(pod.labels().get("app.kubernetes.io/name"));
    let found = [("app", app.cloned()), ("user", user.cloned())];
    found.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(name, value)| (name, without_nulls(value))).collect())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_reads_like_a_line() {
        let event: Event = serde_json::from_value(json!({
            "metadata": {"namespace": "shop", "name": "p.1", "uid": "u"},
            "involvedObject": {"kind": "Pod", "name": "p", "namespace": "shop"},
            "reason": "BackOff", "message": "back-off restarting", "type": "Warning", "count": 3,
            "lastTimestamp": "2026-11-24T10:00:00Z", "source": {"component": "kubelet", "host": "n1"},
        }))
        .expect("an event");
        let found = document(&event, vec![("app", "web".to_owned())]);
        assert_eq!(
            found,
            json!({
                "@timestamp": "2026-11-24T10:00:00Z", "message": "back-off restarting",
                "severity": "warn", "namespace": "shop", "node": "n1", "pod": "p", "app": "web",
                "fields": {"event": {
                    "id": "u.3", "reason": "BackOff", "type": "Warning", "kind": "Pod", "name": "p",
                    "count": 3, "component": "kubelet",
                }},
            })
        );
    }
}
