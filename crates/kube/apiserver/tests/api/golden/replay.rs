//! Sends the recorded requests to a fresh server.

use std::path::Path;
use std::time::Duration;

use axum::body::Body;
use dais_apiserver::UserInfo;
use futures::StreamExt;
use http::Request;
use serde_json::Value;
use tokio::task::JoinHandle;

use super::compare::Known;
use crate::rig::Rig;

pub struct Outcome {
    pub passed: usize,
    pub failures: Vec<String>,
}

struct Watching {
    record: Value,
    task: JoinHandle<(u16, Vec<Value>)>,
}

pub async fn replay(folder: &Path, name: &str) -> Outcome {
    let text = std::fs::read_to_string(folder.join(format!("{name}.jsonl"))).expect("a recording");
    let rig = Rig::new().await;
    let mut known = Known::default();
    let mut outcome = Outcome { passed: 0, failures: Vec::new() };
    let mut watches: Vec<Watching> = Vec::new();
    let mut records: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("a record")).collect();
    records.sort_by_key(|record| record["t_ms"].as_i64());
    for record in records {
        if skipped(&record) {
            continue;
        }
        let request = request(&record, &known);
        if record["response"]["events"].is_array() {
            let response = rig.raw(request).await;
            watches.push(Watching { record, task: tokio::spawn(events(response)) });
            tokio::task::yield_now().await;
            continue;
        }
        let answer = rig.read(request).await;
        let found = known.compare_answer(&record["response"], &answer);
        report(&record, found, &mut outcome);
    }
    tokio::time::sleep(Duration::from_millis(if watches.is_empty() { 0 } else { 100 })).await;
    for Watching { record, task } in watches {
        let wanted = record["response"]["events"].as_array().map_or(0, Vec::len);
        let timeout = tokio::time::timeout(Duration::from_secs(4), task).await;
        let (code, events) = timeout.ok().and_then(Result::ok).unwrap_or((0, Vec::new()));
        let found = known.compare_events(
            &record["response"],
            code,
            &events[..events.len().min(wanted.max(events.len()))],
        );
        report(&record, found, &mut outcome);
    }
    outcome
}

fn report(record: &Value, found: Vec<String>, outcome: &mut Outcome) {
    if found.is_empty() {
        outcome.passed += 1;
        return;
    }
    let request = &record["request"];
    let head = format!(
        "#{} [{}] {} {}?{} ({})",
        record["seq"],
        record["user"].as_str().unwrap_or_default(),
        request["method"].as_str().unwrap_or_default(),
        request["path"].as_str().unwrap_or_default(),
        request["query"].as_str().unwrap_or_default(),
        record["step"].as_str().unwrap_or_default()
    );
    let body: String = request["body"].to_string().chars().take(400).collect();
    outcome.failures.push(format!("{head}\n  > {body}\n  {}", found.join("\n  ")));
}

/// Bodies that were cut from the recording, and users that only its server knows.
fn skipped(record: &Value) -> bool {
    let request = &record["request"];
    request["body_elided"].is_object()
        || request["body_encoding"].is_string()
        || record["user"] == "<token>"
        || record["response"]["body_elided"].is_object()
        || request["path"].as_str().is_some_and(|path| path.starts_with("/openapi"))
        || !request["headers"]["content-encoding"].is_null()
}

fn user(name: &str) -> Option<UserInfo> {
    match name {
        "admin" => Some(UserInfo::new("admin", ["system:masters"])),
        "dev" => Some(UserInfo::new("dev", ["devs"])),
        "alice" => Some(UserInfo::new("alice", ["team-a", "team-b"])),
        "bob" => Some(UserInfo::new::<String>("bob", [])),
        _ => None,
    }
}

fn request(record: &Value, known: &Known) -> Request<Body> {
    let recorded = &record["request"];
    let path = known.substitute(recorded["path"].as_str().unwrap_or_default());
    let query = known.substitute(recorded["query"].as_str().unwrap_or_default());
    let uri = if query.is_empty() { path } else { format!("{path}?{query}") };
    let mut builder =
        Request::builder().method(recorded["method"].as_str().unwrap_or("GET")).uri(uri);
    let protobuf = !recorded["body_protobuf_base64"].is_null();
    for (name, value) in recorded["headers"].as_object().into_iter().flatten() {
        let values = match value {
            Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
            other => vec![other.as_str().unwrap_or_default()],
        };
        for value in values {
            builder = builder.header(
                name,
                if protobuf && name == "content-type" { "application/json" } else { value },
            );
        }
    }
    if let Some(user) = user(record["user"].as_str().unwrap_or_default()) {
        builder = builder.extension(user);
    }
    let body = match &recorded["body"] {
        Value::Null => String::new(),
        Value::String(text) if recorded["headers"]["content-type"] != "application/json" => {
            text.clone()
        }
        other => known.substitute(&other.to_string()),
    };
    builder.body(Body::from(body)).expect("a recorded request is well-formed")
}

/// The lines of a watch until it has been silent for a while.
async fn events(response: http::Response<Body>) -> (u16, Vec<Value>) {
    let code = response.status().as_u16();
    let mut stream = response.into_body().into_data_stream();
    let mut text = Vec::new();
    while let Ok(Some(Ok(chunk))) =
        tokio::time::timeout(Duration::from_millis(1500), stream.next()).await
    {
        text.extend_from_slice(&chunk);
    }
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    (code, lines.filter_map(|line| serde_json::from_slice(line).ok()).collect())
}
