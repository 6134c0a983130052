//! Whoever asks, and however: nothing of a namespace outside the scope shows, be it a
//! span, a name, a count or an id.

#![allow(clippy::unwrap_used)]

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use dais_traces::{Attributes, Config, Kind, NAMESPACE, Scope, Span, Traces, router};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

/// Trace 1 goes from red's shop to blue's vault and back to red's shop; trace 2 is
/// blue's alone.
const SHARED: &str = "01010101010101010101010101010101";
const SECRET: &str = "02020202020202020202020202020202";
const ASKED: &str = "start=1&end=1000000";

struct Store {
    traces: Traces,
    _directory: tempfile::TempDir,
}

impl Store {
    async fn with(spans: Vec<Span>) -> Store {
        let directory = tempfile::tempdir().unwrap();
        let keep = std::time::Duration::MAX;
        let config = Config { keep, ..Config::new(directory.path()) };
        let store = Store { traces: Traces::open(config).unwrap(), _directory: directory };
        store.traces.ingest(spans).unwrap();
        store.traces.flush().await.unwrap();
        store
    }

    async fn of_two() -> Store {
        let root = span(1, 1, 0, "shop", "red");
        let vault = Span {
            error: Some("combination 1234 is wrong".into()),
            ..span(1, 2, 1, "vault", "blue")
        };
        let spans = vec![root, vault, span(1, 3, 2, "shop", "red"), span(2, 4, 0, "vault", "blue")];
        Store::with(spans).await
    }

    async fn get(&self, scope: Option<Scope>, path: &str) -> (StatusCode, Value) {
        let mut request = Request::get(path).body(Body::empty()).unwrap();
        if let Some(scope) = scope {
            request.extensions_mut().insert(scope);
        }
        let response = router(self.traces.clone()).oneshot(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap())
    }

    async fn red(&self, path: &str) -> (StatusCode, Value) {
        self.get(Some(Scope::only(["red"])), path).await
    }
}

fn span(trace: u8, number: u8, parent: u8, service: &str, namespace: &str) -> Span {
    let said = |text: &str| dais_traces::Value::from(text);
    Span {
        trace_id: [trace; 16],
        span_id: [number; 8],
        parent: (parent > 0).then_some([parent; 8]),
        name: format!("{service} {number}").into(),
        kind: Kind::Server,
        start: i64::from(number) * 1_000_000,
        duration: i64::from(number) * 10_000_000,
        attributes: Attributes::from([("dais.app", said(service)), ("dais.user", said("ana"))]),
        resource: Attributes::from([("service.name", said(service)), (NAMESPACE, said(namespace))])
            .into(),
        ..Span::default()
    }
}

#[tokio::test]
async fn no_question_gets_another_namespaces_answer() {
    let store = Store::of_two().await;
    let tags = |tags: Value| {
        let written = tags.to_string();
        form_urlencoded(&written)
    };
    let questions = [
        "/api/services".to_owned(),
        "/api/services/vault/operations".to_owned(),
        "/api/services/shop/operations".to_owned(),
        "/api/operations?service=vault".to_owned(),
        "/api/operations?service=shop".to_owned(),
        format!("/api/traces?{ASKED}"),
        format!("/api/traces?{ASKED}&service=vault"),
        format!("/api/traces?{ASKED}&operation=vault%202"),
        format!("/api/traces?{ASKED}&tag=dais.app:vault"),
        format!("/api/traces?{ASKED}&tag=k8s.namespace.name:blue"),
        format!("/api/traces?{ASKED}&tags={}", tags(json!({"k8s.namespace.name": "blue"}))),
        format!("/api/traces?{ASKED}&tags={}", tags(json!({"error": "true"}))),
        format!("/api/traces?{ASKED}&minDuration=15ms&maxDuration=25ms"),
        format!("/api/traces?traceID={SHARED}&traceID={SHARED}"),
        format!("/api/traces/{SHARED}"),
        "/api/dependencies?endTs=1000&lookback=1000".to_owned(),
        format!("/api/map?{ASKED}"),
        format!("/api/compare?a={SHARED}&b={SHARED}"),
    ];
    for question in questions {
        let (status, answer) = store.red(&question).await;
        assert_eq!(status, StatusCode::OK, "{question}: {answer}");
        let shown = answer.to_string();
        for secret in ["vault", "blue", "1234", SECRET, "0202020202020202\",\"op"] {
            assert!(!shown.contains(secret), "{question} shows {secret}: {shown}");
        }
        let (status, answer) = store.get(None, &question).await;
        assert!(status == StatusCode::NOT_FOUND || !answer.to_string().contains("shop"));
    }
}

#[tokio::test]
async fn a_trace_of_others_is_as_unknown_as_one_that_is_not() {
    let store = Store::of_two().await;
    let unknown = "03030303030303030303030303030303";
    for path in ["/api/traces/ID", "/api/compare?a=ID&b=ID", "/api/traces?traceID=ID"] {
        let secret = store.red(&path.replace("ID", SECRET)).await;
        let none = store.red(&path.replace("ID", unknown)).await;
        let erased = |answer: &Value, id: &str| answer.to_string().replace(id, "ID");
        assert_eq!(secret.0, none.0);
        assert_eq!(erased(&secret.1, SECRET), erased(&none.1, unknown), "{path}");
    }
}

#[tokio::test]
async fn a_map_counts_what_is_visible() {
    let store = Store::of_two().await;
    let (_, map) = store.get(Some(Scope::all()), &format!("/api/map?{ASKED}")).await;
    let shop = &map["data"]["services"][0];
    assert_eq!(
        (&shop["service"], &shop["requests"], &shop["errors"]),
        (&json!("shop"), &json!(2), &json!(0))
    );
    let vault = &map["data"]["services"][1];
    assert_eq!((&vault["requests"], &vault["errorShare"]), (&json!(2), &json!(0.5)));
    let calls: Vec<(&Value, &Value, &Value)> = map["data"]["calls"]
        .as_array()
        .unwrap()
        .iter()
        .map(|call| (&call["parent"], &call["child"], &call["errors"]))
        .collect();
    assert_eq!(
        calls,
        [
            (&json!("shop"), &json!("vault"), &json!(1)),
            (&json!("vault"), &json!("shop"), &json!(0)),
        ]
    );
    let p50 = map["data"]["calls"][0]["p50"].as_f64().unwrap();
    assert!((p50 - 20_000.0).abs() < 400.0, "{p50}");

    let (_, map) = store.red(&format!("/api/map?{ASKED}")).await;
    assert_eq!(map["data"]["calls"], json!([]));
    assert_eq!(map["data"]["services"][0]["requests"], 2);
    assert_eq!(map["data"]["limited"], false);
    for (namespace, services) in [("red", 1), ("blue", 0), ("none", 0)] {
        let (_, map) = store.red(&format!("/api/map?{ASKED}&namespace={namespace}")).await;
        assert_eq!(map["data"]["services"].as_array().unwrap().len(), services, "{namespace}");
    }
    let (_, map) = store.red("/api/map?start=3&end=4").await;
    assert_eq!(map["data"]["services"], json!([]), "nothing began then");
}

#[tokio::test]
async fn a_span_with_the_ids_of_anothers_hides_it_from_nobody() {
    let store = Store::of_two().await;
    let forged = Span { name: "forged".into(), ..span(1, 1, 0, "shop", "green") };
    store.traces.ingest(vec![forged]).unwrap();
    store.traces.flush().await.unwrap();
    let (_, found) = store.red(&format!("/api/traces/{SHARED}")).await;
    assert!(!found.to_string().contains("forged"), "{found}");
    let (_, found) = store.get(Some(Scope::all()), &format!("/api/traces/{SHARED}")).await;
    assert_eq!(found["data"][0]["spans"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn traces_are_found_by_application_person_event_and_status() {
    let mut noisy = span(1, 1, 0, "shop", "red");
    noisy.error = Some("closed".into());
    noisy.events = vec![dais_traces::Event {
        name: "exception".into(),
        attributes: Attributes::from([("exception.type", "OutOfMemory".into())]),
        ..Default::default()
    }];
    let store = Store::with(vec![noisy, span(2, 2, 0, "vault", "blue")]).await;
    for (tag, count) in [
        ("dais.app:shop", 1),
        ("dais.user:ana", 2),
        ("dais.user:eve", 0),
        ("exception.type:OutOfMemory", 1),
        ("event:exception", 1),
        ("otel.status_code:ERROR", 1),
        ("otel.status_description:closed", 1),
        ("error:false", 1),
        ("span.kind:server", 2),
        ("span.kind:client", 0),
    ] {
        let path = format!("/api/traces?{ASKED}&tag={tag}");
        let (_, found) = store.get(Some(Scope::all()), &path).await;
        assert_eq!(found["data"].as_array().unwrap().len(), count, "{tag}: {found}");
    }
}

#[tokio::test]
async fn mistakes_are_told_in_jaegers_shape() {
    let store = Store::of_two().await;
    for (path, status, word) in [
        ("/api/map?start=5&end=5", 400, "start"),
        ("/api/map?start=soon", 400, "start"),
        ("/api/compare?a=1", 400, "'b'"),
        ("/api/compare?a=1&b=xyz", 400, "hexadecimal"),
        ("/api/compare?a=1&b=2", 404, "not found"),
        ("/api/traces?traceID=xyz", 400, "hexadecimal"),
        ("/api/services/%FF/operations", 400, "UTF-8"),
    ] {
        let (got, answer) = store.red(path).await;
        assert_eq!(got.as_u16(), status, "{path}: {answer}");
        assert_eq!(answer["errors"][0]["code"], status, "{path}");
        assert!(answer["errors"][0]["msg"].as_str().unwrap().contains(word), "{path}: {answer}");
    }
    let request = Request::builder().method(Method::DELETE).uri("/api/services");
    let request = request.body(Body::empty()).unwrap();
    let response = router(store.traces.clone()).oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert!(String::from_utf8_lossy(&body).contains("only answers GET"));
}

/// Percent-encodes everything but letters and digits.
fn form_urlencoded(text: &str) -> String {
    let encode = |byte: u8| match byte.is_ascii_alphanumeric() {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}
