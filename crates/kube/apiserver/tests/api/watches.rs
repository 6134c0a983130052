//! Watches: selectors, bookmarks, many watchers, versions that are gone.

use axum::body::Body;
use dais_apiserver::UserInfo;
use futures::StreamExt;
use http::Request;
use serde_json::{Value, json};

use crate::rig::Rig;

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

/// The events of a watch, one by one.
struct Events {
    stream: axum::body::BodyDataStream,
    text: Vec<u8>,
}

impl Events {
    async fn open(rig: &Rig, query: &str) -> Events {
        let request = Request::get(format!("{MAPS}?watch=1&{query}"))
            .extension(UserInfo::admin())
            .body(Body::empty());
        let response = rig.raw(request.expect("a request")).await;
        assert_eq!(response.status(), 200);
        Events { stream: response.into_body().into_data_stream(), text: Vec::new() }
    }

    /// The next event's type, name and version.
    async fn next(&mut self) -> (String, String, String) {
        let event = self.next_value().await;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let metadata = &event["object"]["metadata"];
        (text(&event["type"]), text(&metadata["name"]), text(&metadata["resourceVersion"]))
    }

    async fn next_value(&mut self) -> Value {
        loop {
            if let Some(end) = self.text.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.text.drain(..=end).collect();
                return serde_json::from_slice(&line).expect("a line of JSON");
            }
            let chunk =
                tokio::time::timeout(std::time::Duration::from_secs(10), self.stream.next())
                    .await
                    .expect("an event in time");
            self.text.extend_from_slice(
                &chunk.expect("the watch goes on").expect("no error in between"),
            );
        }
    }
}

async fn make(rig: &Rig, name: &str, label: &str) {
    let map = json!({"metadata": {"name": name, "labels": {"l": label}}});
    assert_eq!(rig.ask(&UserInfo::admin(), "POST", MAPS, Some(&map)).await.code, 201);
}

#[tokio::test]
async fn a_selector_turns_changes_into_arrivals_and_departures() {
    let rig = Rig::new().await;
    let mut events = Events::open(&rig, "labelSelector=l%3D1").await;
    make(&rig, "a", "0").await;
    let relabel = async |label: &str| {
        rig.ask(
            &UserInfo::admin(),
            "PATCH",
            &format!("{MAPS}/a"),
            Some(&json!({"metadata": {"labels": {"l": label}}})),
        )
        .await;
    };
    relabel("1").await;
    assert_eq!(events.next().await.0, "ADDED");
    relabel("0").await;
    assert_eq!(events.next().await.0, "DELETED");
    relabel("1").await;
    assert_eq!(events.next().await.0, "ADDED");
    rig.ask(&UserInfo::admin(), "DELETE", &format!("{MAPS}/a"), None).await;
    assert_eq!(events.next().await.0, "DELETED");
}

#[tokio::test]
async fn initial_events_end_with_a_bookmark() {
    let rig = Rig::new().await;
    make(&rig, "a", "1").await;
    let query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    let mut events = Events::open(&rig, query).await;
    assert_eq!(events.next().await.1, "a");
    let bookmark = events.next_value().await;
    assert_eq!(bookmark["type"], "BOOKMARK");
    assert_eq!(bookmark["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
    make(&rig, "b", "1").await;
    assert_eq!(events.next().await.1, "b");
}

#[tokio::test]
async fn many_watchers_see_every_write_once_and_in_order() {
    let rig = Rig::new().await;
    let mut watchers = Vec::new();
    for _ in 0..50 {
        watchers.push(Events::open(&rig, "resourceVersion=0").await);
    }
    for number in 0..40 {
        make(&rig, &format!("m{number}"), "1").await;
    }
    for watcher in &mut watchers {
        for number in 0..40 {
            let (kind, name, _) = watcher.next().await;
            assert_eq!((kind.as_str(), name), ("ADDED", format!("m{number}")));
        }
    }
}

#[tokio::test]
async fn a_version_that_is_gone_is_told_as_an_event() {
    let rig = Rig::new().await;
    make(&rig, "a", "1").await;
    make(&rig, "b", "1").await;
    rig.store.compact(rig.store.revision()).await.expect("compact");
    let mut events = Events::open(&rig, "resourceVersion=2").await;
    let event = events.next_value().await;
    assert_eq!(event["type"], "ERROR");
    assert_eq!(event["object"]["code"], 410);
    assert_eq!(event["object"]["reason"], "Expired");
}
