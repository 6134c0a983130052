//! Another Jaeger behind our routes: our own router in that part, with the spans of two
//! namespaces in it, and everything that reaches it written down.

#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse;
use axum::{Extension, Router};
use dais_traces::{
    Attributes, Config, Exporter, External, Kind, NAMESPACE, Scope, Span, Traces, external_router,
    otlp_router, router,
};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

/// Trace 1 goes from red's shop to blue's vault and back; trace 2 is blue's alone.
const SHARED: &str = "01010101010101010101010101010101";
const SECRET: &str = "02020202020202020202020202020202";

#[derive(Clone, Default)]
struct Record(Arc<Mutex<Vec<String>>>);

impl Record {
    async fn note(
        Extension(record): Extension<Record>,
        request: Request,
        next: Next,
    ) -> impl IntoResponse {
        record.0.lock().unwrap().push(request.uri().to_string());
        next.run(request).await
    }
}

struct Jaeger {
    traces: Traces,
    record: Record,
    url: String,
    _directory: tempfile::TempDir,
}

impl Jaeger {
    async fn new() -> Jaeger {
        let directory = tempfile::tempdir().unwrap();
        let config = Config { keep: Duration::MAX, ..Config::new(directory.path()) };
        let traces = Traces::open(config).unwrap();
        let record = Record::default();
        let served = router(traces.clone())
            .merge(otlp_router(traces.clone()))
            .layer(Extension(Scope::all()))
            .layer(from_fn(Record::note))
            .layer(Extension(record.clone()));
        Jaeger { traces, record, url: serve(served).await, _directory: directory }
    }

    async fn of_two() -> Jaeger {
        let jaeger = Jaeger::new().await;
        let vault =
            Span { error: Some("combination 1234".into()), ..span(1, 2, 1, "vault", "blue") };
        let spans = vec![
            span(1, 1, 0, "shop", "red"),
            vault,
            span(1, 3, 2, "till", "red"),
            span(2, 4, 0, "vault", "blue"),
            span(2, 5, 4, "shop", "blue"),
        ];
        jaeger.traces.ingest(spans).unwrap();
        jaeger.traces.flush().await.unwrap();
        jaeger
    }

    fn behind(&self) -> Router {
        external_router(External::new(&self.url, Some("token")).unwrap())
    }
}

async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

fn span(trace: u8, number: u8, parent: u8, service: &str, namespace: &str) -> Span {
    let said = |text: &str| dais_traces::Value::from(text);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let minute_ago = i64::try_from(now.as_nanos()).unwrap() - 60_000_000_000;
    Span {
        trace_id: [trace; 16],
        span_id: [number; 8],
        parent: (parent > 0).then_some([parent; 8]),
        name: format!("{service} {number}").into(),
        kind: Kind::Server,
        start: minute_ago + i64::from(number) * 1_000_000,
        duration: i64::from(number) * 10_000_000,
        attributes: Attributes::from([("dais.user", said("ana")), ("of", said(namespace))]),
        resource: Attributes::from([("service.name", said(service)), (NAMESPACE, said(namespace))])
            .into(),
        ..Span::default()
    }
}

async fn ask(app: &Router, scope: &Scope, path: &str) -> (StatusCode, Value) {
    let app = app.clone().layer(Extension(scope.clone()));
    let response = app.oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_another_namespace_comes_back() {
    let jaeger = Jaeger::of_two().await;
    let app = jaeger.behind();
    let red = Scope::only(["red"]);
    let tags = |text: &str| format!("traces?service=shop&tags={}", encoded(text));
    let twice = r#"{"k8s.namespace.name":"red","k8s.namespace.name":"blue"}"#;
    let mut paths: Vec<String> = vec![
        "services".into(),
        "services/vault/operations".into(),
        "services/shop/operations".into(),
        "services/..%2Fx/operations".into(),
        "operations?service=vault".into(),
        "operations?service=shop&service=vault".into(),
        "traces?service=shop".into(),
        "traces?service=vault".into(),
        "traces?service=till".into(),
        "traces?service=shop&operation=vault%202".into(),
        "traces?service=shop&service=vault".into(),
        "traces?service=shop&tag=k8s.namespace.name:blue".into(),
        "traces?service=shop&tag=of:blue".into(),
        "traces?service=shop&minDuration=45ms".into(),
        "dependencies".into(),
        "dependencies?lookback=99999999".into(),
        format!("traces/{SHARED}"),
        format!("traces/{SECRET}"),
        format!("traces?traceID={SHARED}&traceID={SECRET}"),
        format!("traces/{SECRET}?raw=true"),
        format!("traces/{SHARED}%2F..%2F{SECRET}"),
        "traces/2".into(),
        "map".into(),
        "search".into(),
        "../api/traces".into(),
        "transform".into(),
    ];
    paths.extend(
        [
            twice,
            r#"{"k8s.namespace.name":"blue"}"#,
            r#"{"of":"blue"}"#,
            r#"{"error":"true"}"#,
            r#"{"k8s.namespace.name":["red","blue"]}"#,
        ]
        .map(tags),
    );
    for path in paths {
        for scope in [red.clone(), Scope::nothing(), Scope::only(["re", "red.", "*", "blu"])] {
            let (status, answer) = ask(&app, &scope, &format!("/api/{path}")).await;
            let text = answer.to_string();
            // What the caller wrote itself may come back in an error.
            let told = status.is_success() || !path.contains("blue") && !path.contains("vault");
            for secret in ["blue", "vault", "1234", r#""0404"#, "0505"] {
                assert!(!told || !text.contains(secret), "{path} as {scope:?}: {status} {text}");
            }
            assert!(
                scope == red || answer["data"].as_array().is_none_or(Vec::is_empty),
                "{path}: {text}"
            );
        }
    }
    for asked in jaeger.record.0.lock().unwrap().iter().filter(|asked| asked.contains("/traces?")) {
        assert_eq!(asked.matches("k8s.namespace.name").count(), 1, "{asked}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_finds_their_own_part() {
    let jaeger = Jaeger::of_two().await;
    let app = jaeger.behind();
    let red = Scope::only(["red", "green"]);
    let (_, found) = ask(&app, &red, "/api/services").await;
    assert_eq!(found["data"], json!(["shop", "till"]));
    let (_, found) = ask(&app, &red, "/api/services/shop/operations").await;
    assert_eq!(found["data"], json!(["shop 1"]));
    let (_, found) = ask(&app, &red, "/api/operations?service=shop&spanKind=server").await;
    assert_eq!(found["data"], json!([{"name": "shop 1", "spanKind": "server"}]));
    let (_, found) =
        ask(&app, &red, "/api/traces?service=shop&tag=dais.user:ana&minDuration=5ms").await;
    assert_eq!(found["data"].as_array().unwrap().len(), 1, "{found}");
    assert_eq!(found["data"][0]["spans"].as_array().unwrap().len(), 2, "{found}");
    let (_, found) = ask(&app, &red, &format!("/api/traces/{SHARED}")).await;
    assert_eq!(found["data"][0]["processes"].as_object().unwrap().len(), 2, "{found}");
    let (status, _) = ask(&app, &red, &format!("/api/traces/{SECRET}")).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let all = Scope::all();
    let (_, found) = ask(&app, &all, "/api/services").await;
    assert_eq!(found["data"], json!(["shop", "till", "vault"]));
    let (_, found) = ask(&app, &all, "/api/traces?service=vault").await;
    assert_eq!(found["data"].as_array().unwrap().len(), 2, "{found}");
    let (_, found) = ask(&app, &all, "/api/dependencies").await;
    assert_eq!(found["data"].as_array().unwrap().len(), 3, "{found}");
    let both = Scope::only(["red", "blue"]);
    let (_, found) = ask(&app, &both, "/api/dependencies").await;
    assert_eq!(found["data"].as_array().unwrap().len(), 3, "{found}");
    let (_, found) = ask(&app, &both, "/api/traces?service=shop&tag=k8s.namespace.name:blue").await;
    assert_eq!(found["data"][0]["traceID"], SECRET, "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_does_not_answer_is_told_in_words() {
    let refusing = Router::new().fallback(|| async { StatusCode::UNAUTHORIZED });
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for url in [serve(refusing).await, format!("http://{gone}")] {
        let external = External::new(&url, None).unwrap();
        assert!(external.check().await.is_err());
        let app = external_router(external);
        for path in ["services", "traces?service=a", "dependencies"] {
            for scope in [Scope::all(), Scope::only(["red"])] {
                let (status, answer) = ask(&app, &scope, &format!("/api/{path}")).await;
                assert_eq!(status, StatusCode::BAD_GATEWAY, "{path}: {answer}");
                assert!(
                    answer["errors"][0]["msg"].as_str().unwrap().contains("--jaeger-url"),
                    "{answer}"
                );
            }
        }
    }
    assert!(External::new("ftp://x", None).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_in_goes_on_to_the_collector() {
    let jaeger = Jaeger::new().await;
    let directory = tempfile::tempdir().unwrap();
    let exporter = Exporter::start(&jaeger.url, None).unwrap();
    let config =
        Config { exporter: Some(exporter), keep: Duration::MAX, ..Config::new(directory.path()) };
    let own = Traces::open(config).unwrap();
    own.ingest(vec![span(1, 1, 0, "shop", "red")]).unwrap();
    let app = jaeger.behind();
    let found = tokio::time::timeout(Duration::from_secs(30), async {
        loop {
            let (_, found) =
                ask(&app, &Scope::only(["red"]), &format!("/api/traces/{SHARED}")).await;
            if let Some(trace) = found["data"].get(0) {
                break trace.clone();
            }
            tokio::task::yield_now().await;
        }
    });
    let trace = found.await.unwrap();
    assert_eq!(trace["spans"][0]["operationName"], "shop 1", "{trace}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_brings_spans_waits_for_a_collector_that_is_away() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let exporter = Exporter::start(&format!("http://{gone}"), None).unwrap();
    let many = vec![span(1, 1, 0, "shop", "red"); 40_000];
    exporter.offer(many.clone()).unwrap();
    exporter.offer(many.clone()).unwrap();
    assert!(exporter.offer(many).unwrap_err().to_string().contains("try again"));
}
