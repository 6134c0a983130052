//! OTLP in and Jaeger out, in process and by scope.

#![allow(clippy::unwrap_used)]

use axum::body::Body;
use axum::http::{Request, StatusCode};
use dais_traces::{Config, Scope, Span, Traces, otlp_router, router};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

struct Server {
    traces: Traces,
    _directory: tempfile::TempDir,
}

impl Server {
    fn new() -> Server {
        let directory = tempfile::tempdir().unwrap();
        Server {
            traces: Traces::open(Config::new(directory.path())).unwrap(),
            _directory: directory,
        }
    }

    async fn call(&self, scope: &Scope, request: Request<Body>) -> (StatusCode, Value) {
        let app = router(self.traces.clone()).merge(otlp_router(self.traces.clone()));
        // A merged router keeps one fallback; the scope lies over both.
        let response = app.layer(axum::Extension(scope.clone())).oneshot(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    async fn get(&self, scope: &Scope, path: &str) -> (StatusCode, Value) {
        self.call(scope, Request::get(path).body(Body::empty()).unwrap()).await
    }

    async fn send(&self, scope: &Scope, body: Value) -> StatusCode {
        let request = Request::post("/v1/traces").header("content-type", "application/json");
        let status = self.call(scope, request.body(Body::from(body.to_string())).unwrap()).await.0;
        self.traces.flush().await.unwrap();
        status
    }
}

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// A gateway's span and below it a model server's, in two namespaces.
fn exported() -> Value {
    let resource = |service: &str, namespace: &str| {
        json!({"attributes": [
            {"key": "service.name", "value": {"stringValue": service}},
            {"key": "k8s.namespace.name", "value": {"stringValue": namespace}},
        ]})
    };
    json!({"resourceSpans": [
        {"resource": resource("gateway", "red"), "scopeSpans": [{"scope": {"name": "dais"}, "spans": [{
            "traceId": TRACE, "spanId": "b7ad6b7169203331", "name": "POST /infer", "kind": 2,
            "startTimeUnixNano": "1795514400000000000", "endTimeUnixNano": "1795514400005000000",
            "attributes": [{"key": "http.response.status_code", "value": {"intValue": "500"}}],
            "status": {"code": 2, "message": "upstream gone"},
            "events": [{"timeUnixNano": "1795514400001000000", "name": "retry", "attributes": []}],
        }]}]},
        {"resource": resource("digits", "blue"), "scopeSpans": [{"spans": [{
            "traceId": TRACE, "spanId": "00f067aa0ba902b7", "parentSpanId": "b7ad6b7169203331", "name": "predict", "kind": 1,
            "startTimeUnixNano": "1795514400002000000", "endTimeUnixNano": "1795514400003000000",
        }]}]},
    ]})
}

#[tokio::test]
async fn what_comes_in_by_otlp_is_found_as_jaeger_asks() {
    let server = Server::new();
    let all = Scope::all();
    assert_eq!(server.send(&all, exported()).await, StatusCode::OK);
    let (_, services) = server.get(&all, "/api/services").await;
    assert_eq!(services["data"], json!(["digits", "gateway"]));
    let (_, operations) = server.get(&all, "/api/services/gateway/operations").await;
    assert_eq!(operations["data"], json!(["POST /infer"]));
    let (_, trace) = server.get(&all, &format!("/api/traces/{TRACE}")).await;
    let spans = trace["data"][0]["spans"].as_array().unwrap();
    assert_eq!(
        (spans.len(), &spans[0]["operationName"], &spans[0]["duration"]),
        (2, &json!("POST /infer"), &json!(5000))
    );
    assert_eq!(spans[1]["references"][0]["spanID"], "b7ad6b7169203331");
    assert_eq!(spans[0]["logs"][0]["fields"][0]["value"], "retry");
    assert_eq!(
        trace["data"][0]["processes"][spans[1]["processID"].as_str().unwrap()]["serviceName"],
        "digits"
    );
    let (_, dependencies) =
        server.get(&all, "/api/dependencies?endTs=1795514500000&lookback=3600000").await;
    assert_eq!(
        dependencies["data"],
        json!([{"parent": "gateway", "child": "digits", "callCount": 1}])
    );
    for (search, count) in [
        ("service=gateway", 1),
        (
            "service=gateway&tags=%7B%22http.response.status_code%22:%22500%22,%22error%22:%22true%22%7D",
            1,
        ),
        ("service=gateway&tag=http.response.status_code:200", 0),
        ("service=digits&minDuration=2ms", 0),
        ("service=digits&maxDuration=2ms", 1),
        ("service=gateway&end=1795514300000000", 0),
        ("service=gateway&operation=predict", 0),
    ] {
        let (_, found) =
            server.get(&all, &format!("/api/traces?start=0&end=1895514300000000&{search}")).await;
        let found = found["data"].as_array().unwrap();
        assert_eq!(found.len(), count, "{search}");
    }
}

#[tokio::test]
async fn a_scope_hides_the_spans_of_others() {
    let server = Server::new();
    server.send(&Scope::all(), exported()).await;
    let blue = Scope::only(["blue"]);
    assert_eq!(server.get(&blue, "/api/services").await.1["data"], json!(["digits"]));
    assert_eq!(server.get(&blue, "/api/services/gateway/operations").await.1["data"], json!([]));
    let (_, trace) = server.get(&blue, &format!("/api/traces/{TRACE}")).await;
    assert_eq!(trace["data"][0]["spans"].as_array().unwrap().len(), 1);
    assert!(!trace.to_string().contains("gateway"));
    let (_, found) = server.get(&blue, "/api/traces?end=1895514300000000").await;
    assert_eq!(found["data"].as_array().unwrap().len(), 1);
    assert_eq!(
        server.get(&blue, "/api/dependencies?endTs=1795514500000").await.1["data"],
        json!([])
    );
    assert_eq!(
        server.get(&Scope::nothing(), &format!("/api/traces/{TRACE}")).await.0,
        StatusCode::NOT_FOUND
    );
    assert_eq!(server.send(&blue, exported()).await, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn mistakes_are_named_in_jaegers_shape() {
    let server = Server::new();
    for (path, status, word) in [
        ("/api/traces/xyz", 400, "hexadecimal"),
        ("/api/traces/1234", 404, "not found"),
        ("/api/traces?service=a&limit=many", 400, "limit"),
        ("/api/operations", 400, "service"),
        ("/api/nothing", 404, "nothing"),
    ] {
        let (got, answer) = server.get(&Scope::all(), path).await;
        assert_eq!(got.as_u16(), status, "{path}");
        assert!(answer["errors"][0]["msg"].as_str().unwrap().contains(word), "{path}: {answer}");
    }
    assert_eq!(
        server.send(&Scope::all(), json!({"resourceSpans": 5})).await,
        StatusCode::BAD_REQUEST
    );
    let short = json!({"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "ab", "spanId": "b7ad6b7169203331", "name": "x"}]}]}]});
    assert_eq!(server.send(&Scope::all(), short).await, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn spans_handed_in_directly_survive_a_reopening() {
    let directory = tempfile::tempdir().unwrap();
    let traces = Traces::open(Config::new(directory.path())).unwrap();
    let handed = traces.ingest(vec![Span {
        trace_id: [7; 16],
        span_id: [1; 8],
        name: "x".into(),
        ..Span::default()
    }]);
    handed.unwrap();
    drop(traces);
    let traces = Traces::open(Config::new(directory.path())).unwrap();
    assert_eq!(traces.trace([7; 16], &Scope::all()).unwrap().len(), 1);
}
