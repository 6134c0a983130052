//! The cluster's collector and our own make the same document of the same line.
//! Runs `deploy/fluent-bit/document.lua` on records as Fluent Bit's `cri` parser and
//! `kubernetes` filter document them. Skipped without Lua 5.4, except with `CI=true`.

#![allow(clippy::unwrap_used)]

#[path = "support/server.rs"]
mod server;

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use dais_logs::{Collector, CollectorConfig, Scope, fields_from_labels};
use serde_json::{Value, json};
use server::Server;

const LINES: [&str; 12] = [
    "plain text, no error found",
    "2026-11-24 18:00:00,123 ERROR root: failed",
    "[warn] careful \"quoted\" \\ 损失",
    "E1124 18:52:27.1 1 main.go:1] bad",
    "ts=1 level=debug msg=x",
    "WARNING:root:careful",
    "Exception in thread \"main\" java.lang.Error",
    r#"{"level":"WARN","msg":"slow","trace_id":"ab","span_id":"cd","status":500,"user":{"id":1}}"#,
    r#"{"level":50,"message":"pino","ok":true}"#,
    r#"{"lvl":"crit","event":"e","levelname":"x"}"#,
    r#"{"only":"fields"}"#,
    "{not json",
];

fn labels() -> Value {
    json!({"app.kubernetes.io/name": "digits", "app": "second", "dais.io/user": "zhang-3f"})
}

/// A value as Lua writes it.
fn lua(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            members.iter().fold("{".to_owned(), |mut text, (name, member)| {
                write!(text, "[{}]={},", lua(&name.as_str().into()), lua(member)).unwrap();
                text
            }) + "}"
        }
        Value::Array(members) => {
            format!("{{{}}}", members.iter().map(lua).collect::<Vec<_>>().join(","))
        }
        Value::String(text) => {
            format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
        }
        Value::Null => "nil".to_owned(),
        plain => plain.to_string(),
    }
}

/// What reaches the script for a line: the CRI parser's parts and the pod's.
fn record(line: &str) -> Value {
    let mut record = json!({
        "time": "2026-11-24T10:00:00.000000001Z", "stream": "stdout", "_p": "F", "log": line,
        "kubernetes": {
            "namespace_name": "team", "pod_name": "train-1", "container_name": "main", "host": "n1",
            "labels": labels(), "annotations": {"dais.io/user-name": "张三"},
        },
        "kubernetes_namespace": {"name": "team", "labels": {"dais.io/workspace": "vision"}},
    });
    if let Ok(fields @ Value::Object(_)) = serde_json::from_str(line) {
        record["fields"] = fields;
    }
    record
}

fn of_fluent_bit(directory: &Path) -> Option<Vec<Value>> {
    let records: Vec<Value> = LINES.iter().map(|line| record(line)).collect();
    let given = directory.join("records.lua");
    fs::write(&given, format!("return {}", lua(&records.into()))).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new("lua5.4")
        .arg(root.join("tests/fluent_bit.lua"))
        .arg(root.join("../../../deploy/fluent-bit/document.lua"))
        .arg(given)
        .output();
    let output = match output {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let is_ci = std::env::var("CI").as_deref() == Ok("true");
            assert!(!is_ci, "lua5.4 is needed (Debian's, or scripts/prepare test)");
            return None;
        }
        other => other.unwrap(),
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let made = String::from_utf8(output.stdout).unwrap();
    Some(made.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

/// The same lines through files, as a node of ours writes them.
fn start_collector(server: &Server, directory: &Path) -> Collector {
    let pod = directory.join("team_train-1_uid");
    fs::create_dir_all(pod.join("main")).unwrap();
    let annotations = json!({"dais.io/user-name": "张三", "dais.io/workspace": "vision"});
    let description = json!({"namespace": "team", "pod": "train-1", "uid": "uid", "node": "n1", "labels": labels(), "annotations": annotations});
    fs::write(pod.join("pod.json"), description.to_string()).unwrap();
    let lines: String = LINES
        .iter()
        .enumerate()
        .map(|(number, line)| format!("2026-11-24T10:00:00.{number:09}Z stdout F {line}\n"))
        .collect();
    fs::write(pod.join("main/0.log"), lines).unwrap();
    let describe = fields_from_labels([
        ("dais.io/app", "app"),
        ("app.kubernetes.io/name", "app"),
        ("app", "app"),
        ("dais.io/user-name", "user"),
        ("dais.io/user", "user"),
        ("dais.io/workspace", "workspace"),
    ]);
    let config = CollectorConfig { directory: directory.to_owned(), index: "own".into(), describe };
    Collector::start(server.logs.clone(), config).unwrap()
}

async fn documents(server: &Server, index: &str) -> Vec<Value> {
    let body = json!({"size": 100, "sort": ["@timestamp"]}).to_string();
    let path = format!("/{index}/_search?ignore_unavailable=true");
    let (_, answer) = server.call(&Scope::all(), "POST", &path, body).await;
    let hits = answer["hits"]["hits"].as_array().unwrap();
    hits.iter().map(|hit| hit["_source"].clone()).collect()
}

#[tokio::test]
async fn both_collectors_make_the_same_documents() {
    let directory = tempfile::tempdir().unwrap();
    let Some(made) = of_fluent_bit(directory.path()) else {
        eprintln!("skipped: lua5.4 is not installed");
        return;
    };
    let server = Server::new();
    let _collector = start_collector(&server, &directory.path().join("logs"));
    let mut body = String::new();
    for (number, mut document) in made.into_iter().enumerate() {
        // What the es output adds.
        document["@timestamp"] = format!("2026-11-24T10:00:00.{number:09}Z").into();
        writeln!(body, "{{\"create\":{{\"_index\":\"logs\"}}}}\n{document}").unwrap();
    }
    let (status, answer) =
        server.call(&Scope::only(["team"]), "POST", "/_bulk?refresh=true", body).await;
    assert_eq!((status, &answer["errors"]), (StatusCode::OK, &json!(false)), "{answer}");
    let deadline = Instant::now() + Duration::from_secs(30);
    while documents(&server, "own").await.len() < LINES.len() && Instant::now() < deadline {
        server.logs.flush().await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (theirs, ours) = (documents(&server, "logs").await, documents(&server, "own").await);
    assert_eq!((theirs.len(), ours.len()), (LINES.len(), LINES.len()));
    for (theirs, ours) in theirs.iter().zip(&ours) {
        assert_eq!(theirs, ours);
        let known = [
            "@timestamp",
            "message",
            "severity",
            "stream",
            "namespace",
            "pod",
            "container",
            "node",
            "app",
            "user",
            "workspace",
            "trace_id",
            "span_id",
            "fields",
        ];
        let names = ours.as_object().unwrap().keys();
        assert!(names.clone().all(|name| known.contains(&name.as_str())), "{ours}");
        assert_eq!((&ours["app"], &ours["user"]), (&json!("digits"), &json!("张三")));
    }
}
