//! What goes, of whom, and when.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::time::Duration;

use dais_logs::{Config, Entry, Keep, Logs, Scope};
use serde_json::json;

const DAY: Duration = Duration::from_secs(86_400);

async fn add(logs: &Logs, workspace: Option<&str>, days_ago: i64, count: usize) {
    let time = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24 * days_ago);
    let line = |number: usize| {
        // Words that do not compress, so that sizes mean something.
        let noise = (0..40).map(|salt: usize| {
            format!("{:x}", (number * 97 + salt + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
        });
        let mut source =
            json!({"@timestamp": time.to_string(), "message": noise.collect::<String>()});
        if let Some(workspace) = workspace {
            source["workspace"] = workspace.into();
        }
        Entry::new("logs", source.as_object().unwrap().clone(), 0).unwrap()
    };
    logs.ingest((0..count).map(line).collect()).await.unwrap();
    logs.flush().await.unwrap();
}

fn count(logs: &Logs, workspace: &str) -> u64 {
    let query = json!({"query": {"term": {"workspace": workspace}}});
    logs.count("_all", &query, &Scope::all()).unwrap()["count"].as_u64().unwrap()
}

fn store(directory: &std::path::Path) -> Logs {
    let mut config = Config::new(directory);
    config.keep = 10 * DAY;
    // Every addition below fills a window.
    config.window_lines = 20;
    config.workspaces = BTreeMap::from([
        ("short".to_owned(), Keep { age: Some(3 * DAY), bytes: None }),
        ("long".to_owned(), Keep { age: Some(30 * DAY), bytes: None }),
    ]);
    Logs::open(config).unwrap()
}

#[tokio::test]
async fn each_workspace_keeps_its_own_age() {
    let directory = tempfile::tempdir().unwrap();
    let logs = store(directory.path());
    for days_ago in [40, 20, 5, 0] {
        for workspace in [Some("short"), Some("long"), Some("other"), None] {
            add(&logs, workspace, days_ago, 5).await;
        }
    }
    // Closes the last window.
    add(&logs, Some("other"), 0, 1).await;
    let windows = directory.path().join("windows");
    let before = std::fs::read_dir(&windows).unwrap().count();
    logs.retain();
    let counts = |logs: &Logs| ["short", "long", "other"].map(|name| count(logs, name));
    assert_eq!(counts(&logs), [5, 15, 11]);
    let nobody = json!({"query": {"bool": {"must_not": {"exists": {"field": "workspace"}}}}});
    assert_eq!(logs.count("_all", &nobody, &Scope::all()).unwrap()["count"], 10);
    assert_eq!(std::fs::read_dir(&windows).unwrap().count(), before - 1, "one went as a whole");
    logs.close();
    assert_eq!(counts(&store(directory.path())), [5, 15, 11]);
}

#[tokio::test]
async fn a_workspace_beyond_its_size_loses_its_oldest_lines() {
    let directory = tempfile::tempdir().unwrap();
    let logs = store(directory.path());
    for days_ago in [4, 3, 2, 1, 0] {
        add(&logs, Some("large"), days_ago, 15).await;
        add(&logs, Some("other"), days_ago, 5).await;
    }
    let keep =
        |bytes| BTreeMap::from([("large".to_owned(), Keep { age: None, bytes: Some(bytes) })]);
    logs.set_retention(keep(1 << 30));
    logs.retain();
    assert_eq!((count(&logs, "large"), count(&logs, "other")), (75, 25));
    logs.set_retention(keep(1));
    logs.retain();
    // The newest window is being written and stays.
    assert_eq!((count(&logs, "large"), count(&logs, "other")), (15, 25));
    let body = json!({"query": {"term": {"workspace": "large"}}, "sort": [{"@timestamp": "asc"}]});
    let answer = logs.search("_all", &body, &Scope::all()).unwrap();
    let oldest = answer["hits"]["hits"][0]["_source"]["@timestamp"].as_str().unwrap();
    let age = jiff::Timestamp::now() - oldest.parse::<jiff::Timestamp>().unwrap();
    assert!(age.get_hours() < 12, "{oldest}");
}

#[tokio::test]
async fn a_sender_does_not_choose_its_workspace() {
    let directory = tempfile::tempdir().unwrap();
    let logs = store(directory.path());
    logs.set_workspaces(BTreeMap::from([("red".to_owned(), "mine".to_owned())]));
    for namespace in ["red", "unknown"] {
        let source = json!({"message": "x", "namespace": namespace, "workspace": "other"});
        let entry = Entry::new("logs", source.as_object().unwrap().clone(), 0).unwrap();
        logs.ingest(vec![entry]).await.unwrap();
    }
    logs.flush().await.unwrap();
    assert_eq!((count(&logs, "mine"), count(&logs, "other")), (1, 0));
}
