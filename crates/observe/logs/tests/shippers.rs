//! Requests as log shippers document them: Fluent Bit, Vector, OTLP exporters.

#![allow(clippy::unwrap_used)]

#[path = "support/server.rs"]
mod server;

use std::io::Write;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use dais_logs::{Scope, otlp_router};
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use server::Server;
use tower::ServiceExt;

fn packed(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

async fn post(
    router: Router,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> (StatusCode, Value) {
    let request = headers
        .iter()
        .fold(Request::post(path), |request, (name, value)| request.header(*name, *value));
    let response = router.oneshot(request.body(body.into()).unwrap()).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

async fn found(server: &Server, query: Value) -> Value {
    server.logs.flush().await.unwrap();
    let answer = server.search(&Scope::all(), json!({"query": query})).await;
    assert_eq!(answer["hits"]["total"]["value"], 1, "{answer}");
    answer["hits"]["hits"][0].clone()
}

#[tokio::test]
async fn fluent_bit_creates_from_kubernetes_records() {
    let server = Server::new();
    let record = json!({
        "@timestamp": "2026-11-24T10:00:00.000Z", "stream": "stderr", "_p": "F",
        "log": "{\"level\":\"error\",\"msg\":\"it failed\",\"trace_id\":\"ab\",\"step\":3}",
        "kubernetes": {"pod_name": "train-1", "namespace_name": "red", "container_name": "main", "host": "n1"},
    });
    // Without the last newline, as a cut buffer ends.
    let body = format!("{{\"create\":{{\"_index\":\"fluent-bit\"}}}}\n{record}");
    let (status, answer) = post(
        server.router(Scope::only(["red"])),
        "/_bulk",
        &[("content-type", "application/x-ndjson"), ("user-agent", "Fluent-Bit")],
        body,
    )
    .await;
    assert_eq!((status, &answer["items"][0]["create"]["status"]), (StatusCode::OK, &json!(201)));
    let hit = found(&server, json!({"bool": {"filter": [
        {"term": {"namespace": "red"}}, {"term": {"pod": "train-1"}}, {"term": {"container": "main"}},
        {"term": {"node": "n1"}}, {"term": {"severity": "error"}}, {"term": {"trace_id": "ab"}},
        {"term": {"stream": "stderr"}}, {"term": {"fields.step": 3}}, {"match": {"message": "failed"}},
    ]}}))
    .await;
    assert_eq!(hit["_source"]["message"], "it failed");
}

#[tokio::test]
async fn vector_creates_compressed() {
    let server = Server::new();
    let record = json!({
        "timestamp": "2026-11-24T10:00:00.123456789Z", "message": "WARN slow", "stream": "stdout",
        "source_type": "kubernetes_logs",
        "kubernetes": {"pod_name": "web-1", "pod_namespace": "red", "container_name": "main", "pod_node_name": "n2"},
    });
    let body = format!("{{\"create\":{{\"_index\":\"vector\",\"_type\":\"_doc\"}}}}\n{record}\n");
    let headers = [("content-type", "application/x-ndjson"), ("content-encoding", "gzip")];
    let router = || server.router(Scope::only(["red"]));
    let (status, answer) = post(router(), "/_bulk?timeout=60s", &headers, packed(&body)).await;
    assert_eq!((status, &answer["errors"]), (StatusCode::OK, &json!(false)));
    let hit = found(&server, json!({"bool": {"filter": [
        {"term": {"namespace": "red"}}, {"term": {"node": "n2"}}, {"term": {"severity": "warn"}},
        {"range": {"@timestamp": {"gte": "2026-11-24T10:00:00.123456789Z", "lte": "2026-11-24T10:00:00.123456789Z"}}},
    ]}}))
    .await;
    assert_eq!(hit["_index"], "vector");
    // What is not what it says, or not what we know, is refused by name.
    let (status, answer) = post(router(), "/_bulk", &headers, body.clone()).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(answer["error"]["reason"].as_str().unwrap().contains("gzip"));
    let zstd = [("content-encoding", "zstd")];
    let (status, answer) = post(router(), "/_bulk", &zstd, body).await;
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert!(answer["error"]["reason"].as_str().unwrap().contains("zstd"));
    let bomb = packed(&"\n".repeat(40 << 20));
    assert_eq!(post(router(), "/_bulk", &headers, bomb).await.0, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn exporters_send_compressed_records() {
    let server = Server::new();
    let body = json!({"resourceLogs": [{
        "resource": {"attributes": [{"key": "k8s.namespace.name", "value": {"stringValue": "red"}}]},
        "scopeLogs": [{"logRecords": [{"timeUnixNano": "1795514400000000000", "severityText": "WARN", "body": {"stringValue": "slow"}}]}],
    }]});
    let headers = [("content-type", "application/json"), ("content-encoding", "gzip")];
    let router = otlp_router(server.logs.clone()).layer(axum::Extension(Scope::only(["red"])));
    let (status, _) = post(router, "/v1/logs", &headers, packed(&body.to_string())).await;
    assert_eq!(status, StatusCode::OK);
    let hit = found(&server, json!({"term": {"severity": "warn"}})).await;
    assert_eq!(hit["_source"]["message"], "slow");
}
