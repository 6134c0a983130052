//! OTLP's two doors: what an exporter sends is taken in whole or refused with a reason.

#![allow(clippy::unwrap_used)]

use std::io::Write;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use dais_traces::{Config, Query, Sampling, Scope, Traces, grpc_router, otlp_router};
use http_body_util::BodyExt;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use tower::ServiceExt;

struct Store {
    traces: Traces,
    _directory: tempfile::TempDir,
}

impl Store {
    fn new(sampling: Sampling) -> Store {
        let directory = tempfile::tempdir().unwrap();
        let config = Config { sampling, ..Config::new(directory.path()) };
        Store { traces: Traces::open(config).unwrap(), _directory: directory }
    }

    fn keeping_all() -> Store {
        Store::new(Sampling::default())
    }

    /// Names of the stored spans.
    async fn names(&self) -> Vec<String> {
        self.traces.flush().await.unwrap();
        let query = Query { to: i64::MAX, limit: 100, ..Query::default() };
        let found = self.traces.search(&query, &Scope::all()).unwrap();
        let mut names: Vec<String> =
            found.iter().flatten().map(|span| span.name.to_string()).collect();
        names.sort();
        names
    }

    fn namespaces(&self) -> Vec<Option<String>> {
        let query = Query { to: i64::MAX, limit: 100, ..Query::default() };
        let found = self.traces.search(&query, &Scope::all()).unwrap();
        found.iter().flatten().map(|span| span.namespace().map(str::to_owned)).collect()
    }

    async fn post(&self, scope: &Scope, encoding: &str, body: Vec<u8>) -> (StatusCode, String) {
        let request = Request::post("/v1/traces")
            .header(header::CONTENT_TYPE, "application/x-protobuf")
            .header(header::CONTENT_ENCODING, encoding)
            .body(Body::from(body))
            .unwrap();
        let response = send(otlp_router(self.traces.clone()), scope, request).await;
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8_lossy(&body).into_owned())
    }

    /// gRPC's status and message.
    async fn call(&self, scope: &Scope, method: &str, frame: Vec<u8>) -> (String, String) {
        let path = format!("/opentelemetry.proto.collector.trace.v1.TraceService/{method}");
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/grpc")
            .header("te", "trailers")
            .header("grpc-encoding", "gzip")
            .body(Body::from(frame))
            .unwrap();
        let response = send(grpc_router(self.traces.clone()), scope, request).await;
        assert_eq!(response.status(), StatusCode::OK);
        let mut said = response.headers().clone();
        let body = response.into_body().collect().await.unwrap();
        said.extend(body.trailers().cloned().unwrap_or_default());
        let text = |name: &str| {
            said.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
        };
        (text("grpc-status"), text("grpc-message"))
    }
}

async fn send(router: Router, scope: &Scope, request: Request<Body>) -> Response<Body> {
    router.layer(axum::Extension(scope.clone())).oneshot(request).await.unwrap()
}

fn span(name: &str, trace: u8) -> Span {
    Span {
        trace_id: vec![trace; 16],
        span_id: vec![trace; 8],
        name: name.to_owned(),
        start_time_unix_nano: u64::from(trace),
        ..Span::default()
    }
}

fn export(namespace: Option<&str>, spans: Vec<Span>) -> Vec<u8> {
    let attribute = |namespace: &str| KeyValue {
        key: "k8s.namespace.name".to_owned(),
        value: Some(AnyValue { value: Some(any_value::Value::StringValue(namespace.to_owned())) }),
        ..KeyValue::default()
    };
    let attributes = namespace.map(attribute).into_iter().collect();
    let request = ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(Resource { attributes, ..Resource::default() }),
            scope_spans: vec![ScopeSpans { spans, ..ScopeSpans::default() }],
            ..ResourceSpans::default()
        }],
    };
    request.encode_to_vec()
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

/// A message as gRPC frames it.
fn frame(message: &[u8], is_compressed: bool) -> Vec<u8> {
    let mut frame = vec![u8::from(is_compressed)];
    frame.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    frame.extend(message);
    frame
}

#[tokio::test]
async fn http_takes_protobuf_plain_and_compressed() {
    let store = Store::keeping_all();
    let body = export(None, vec![span("plain", 1)]);
    assert_eq!(store.post(&Scope::all(), "identity", body).await.0, StatusCode::OK);
    let body = gzip(&export(None, vec![span("small", 2)]));
    assert_eq!(store.post(&Scope::all(), "gzip", body).await.0, StatusCode::OK);
    assert_eq!(store.names().await, ["plain", "small"]);
}

#[tokio::test]
async fn what_http_cannot_take_is_refused_with_its_reason() {
    let store = Store::keeping_all();
    let good = export(None, vec![span("x", 1)]);
    let bomb = gzip(&vec![0; 17 << 20]);
    let mut zero = span("nothing", 0);
    zero.span_id = vec![1; 8];
    for (encoding, body, status, word) in [
        ("gzip", good.clone(), 400, "gzip"),
        ("zstd", good.clone(), 400, "zstd"),
        ("gzip", bomb, 400, "smaller batches"),
        ("identity", b"{}".to_vec(), 400, "protobuf"),
        ("identity", vec![0; 17 << 20], 413, "limit"),
        ("identity", export(None, vec![zero]), 400, "trace_id of span \\\"nothing\\\""),
    ] {
        let (got, said) = store.post(&Scope::all(), encoding, body).await;
        assert_eq!(got.as_u16(), status, "{said}");
        assert!(said.contains(word) && said.contains("\"code\":3"), "{said}");
    }
    assert!(store.names().await.is_empty());
}

#[tokio::test]
async fn grpc_takes_spans_plain_and_compressed() {
    let store = Store::keeping_all();
    let all = Scope::all();
    let plain = frame(&export(None, vec![span("plain", 1)]), false);
    assert_eq!(store.call(&all, "Export", plain).await.0, "0");
    let small = frame(&gzip(&export(None, vec![span("small", 2)])), true);
    assert_eq!(store.call(&all, "Export", small).await.0, "0");
    assert_eq!(store.names().await, ["plain", "small"]);
    let broken = frame(&export(None, vec![Span { trace_id: vec![1], ..span("short", 1) }]), false);
    let (status, message) = store.call(&all, "Export", broken).await;
    assert_eq!(status, "3", "{message}");
    assert!(message.contains("trace_id"), "{message}");
    assert_eq!(store.call(&all, "Import", frame(&[], false)).await.0, "12", "not implemented");
}

#[tokio::test]
async fn a_scope_names_the_namespace_that_is_left_out_and_refuses_others() {
    let store = Store::keeping_all();
    let red = Scope::only(["red"]);
    let unnamed = frame(&export(None, vec![span("mine", 1)]), false);
    assert_eq!(store.call(&red, "Export", unnamed.clone()).await.0, "0");
    let foreign = export(Some("blue"), vec![span("theirs", 2)]);
    let (status, message) = store.call(&red, "Export", frame(&foreign, false)).await;
    assert_eq!(status, "7", "{message}");
    assert!(message.contains("blue"), "{message}");
    assert_eq!(store.post(&red, "identity", foreign).await.0, StatusCode::FORBIDDEN);
    assert_eq!(store.call(&Scope::nothing(), "Export", unnamed).await.0, "7");
    assert_eq!(store.names().await, ["mine"]);
    assert_eq!(store.namespaces(), [Some("red".to_owned())]);
}

#[tokio::test]
async fn head_sampling_honours_what_was_decided_outside() {
    let store = Store::new(Sampling { head: 0.5, tail: None });
    let sampled = Span { flags: 1, ..span("chosen outside", 0x11) };
    let spans = vec![span("low id", 0x22), sampled, span("high id", 0xee)];
    let body = frame(&export(None, spans), false);
    assert_eq!(store.call(&Scope::all(), "Export", body).await.0, "0");
    assert_eq!(store.names().await, ["chosen outside", "high id"]);
    let metrics = store.traces.metrics().text();
    assert!(metrics.contains(r#"{reason="HeadSampling"} 1"#), "{metrics}");
}
