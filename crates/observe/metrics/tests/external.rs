//! Another server behind our routes: what reaches it, and what comes back to whom.

#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Extension, Json, Router};
use dais_metrics::promql::Limits;
use dais_metrics::rules::RulesView;
use dais_metrics::{
    Api, Config, External, Labels, Metadata, Sample, Scope, Store, Targets, external_router, now,
    router,
};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

/// A store with a series of each of two namespaces and one of a machine.
struct Filled {
    api: Api,
    _directory: tempfile::TempDir,
}

impl Filled {
    fn new() -> Filled {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(Config::new(directory.path())).unwrap();
        for minute in 0..=10 {
            let series = |name: &str, namespace: &str| {
                let labels = [("__name__", name), ("namespace", namespace), ("pod", namespace)];
                let time = now() - (10 - minute) * 60_000;
                (Labels::new(labels), Sample { time, value: minute as f64 })
            };
            let all = vec![
                series("requests_total", "red"),
                series("requests_total", "blue"),
                series("secrets_of_blue", "blue"),
                series("load_of_machine", ""),
            ];
            store.append(all).unwrap();
        }
        let (metadata, targets) = (Metadata::default(), Targets::none());
        let rules = RulesView::none();
        let api = Api { store, metadata, targets, rules, limits: Limits::default() };
        Filled { api, _directory: directory }
    }
}

/// The addresses and forms that reached the other server.
#[derive(Clone, Default)]
struct Record(Arc<Mutex<Vec<String>>>);

impl Record {
    async fn note(
        Extension(record): Extension<Record>,
        request: Request,
        next: Next,
    ) -> impl IntoResponse {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let text = format!("{} {}", parts.uri, String::from_utf8_lossy(&body));
        record.0.lock().unwrap().push(text);
        next.run(Request::from_parts(parts, Body::from(body))).await
    }
}

async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn ask(app: &Router, scope: &Scope, path: &str) -> (StatusCode, Value) {
    let app = app.clone().layer(Extension(scope.clone()));
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = app.oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8_lossy(&body).into_owned();
    (status, serde_json::from_slice(&body).unwrap_or(Value::String(text)))
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// What a tenant tries in order to see the other's series.
const ESCAPES: [&str; 18] = [
    r#"requests_total or requests_total{namespace="blue"}"#,
    r#"requests_total{namespace="blue"}"#,
    r#"requests_total{namespace=~".*"}"#,
    r#"{__name__=~".+"}"#,
    r#"{__name__="secrets_of_blue"}"#,
    r#"{namespace!="red"}"#,
    r#"{namespace=~"red|blue",namespace=~"blue"}"#,
    r#"requests_total{namespace="red" or namespace="blue"}"#,
    r#"requests_total + on () group_left (namespace) secrets_of_blue"#,
    r#"requests_total * on () group_right () secrets_of_blue"#,
    r#"count by (namespace) ({__name__!=""})"#,
    r#"max_over_time(secrets_of_blue[5m:1m] offset 1m)"#,
    r#"topk(scalar(count(secrets_of_blue)) + 5, {__name__!=""})"#,
    r#"label_replace(secrets_of_blue, "namespace", "red", "", "")"#,
    r#"label_join(secrets_of_blue, "namespace", "", "pod")"#,
    r#"-(secrets_of_blue) unless load_of_machine"#,
    r#"quantile_over_time(scalar(secrets_of_blue), requests_total[5m])"#,
    r#"sum_over_time(secrets_of_blue[5m])} or {namespace="blue""#,
];

#[tokio::test]
async fn no_question_reaches_what_is_anothers() {
    let (filled, record) = (Filled::new(), Record::default());
    let upstream = router(filled.api.clone())
        .layer(Extension(Scope::all()))
        .layer(from_fn(Record::note))
        .layer(Extension(record.clone()));
    let external = External::new(&serve(upstream).await, Some("theirs")).unwrap();
    let app = external_router(external, Filled::new().api);
    let red = Scope::only(["red"]);
    let nobody = Scope::nothing();
    for query in ESCAPES {
        for path in [
            "query?query",
            "query_range?start=0&end=1&step=1&query",
            "query_exemplars?start=0&end=1&query",
            "series?match[]",
            "labels?match[]",
            "label/pod/values?match[]",
            "format_query?query",
        ] {
            let path = format!("/api/v1/{path}={}", encoded(query));
            for scope in [&red, &nobody] {
                let (_, answer) = ask(&app, scope, &path).await;
                let text = answer["data"].to_string();
                let is_echo = path.contains("format_query");
                assert!(
                    is_echo || !text.contains("blue") && !text.contains("machine"),
                    "{path}: {answer}"
                );
            }
        }
    }
    for text in record.0.lock().unwrap().iter() {
        let selectors =
            text.contains("namespace%3D%7E%22red%22") || text.contains("namespace%3D%22%22");
        assert!(selectors, "reached the other server as it was: {text}");
    }
    let (status, answer) = ask(&app, &red, "/api/v1/query?query=sum(requests_total)").await;
    assert_eq!((status, &answer["data"]["result"][0]["value"][1]), (StatusCode::OK, &json!("10")));
    let (_, answer) = ask(&app, &Scope::all(), "/api/v1/query?query=sum(requests_total)").await;
    assert_eq!(answer["data"]["result"][0]["value"][1], "20");
}

#[tokio::test]
async fn what_no_query_narrows_is_filtered_or_refused() {
    let filled = Filled::new();
    let about = json!({"status": "success", "data": {
        "requests_total": [{"type": "counter", "help": "", "unit": ""}],
        "secrets_of_blue": [{"type": "gauge", "help": "", "unit": ""}],
    }});
    let upstream = Router::new()
        .route("/api/v1/metadata", get(Json(about)))
        .fallback_service(router(filled.api.clone()).layer(Extension(Scope::all())));
    let external = External::new(&serve(upstream).await, None).unwrap();
    let app = external_router(external, filled.api.clone());
    let red = Scope::only(["red"]);
    for path in [
        "labels",
        "label/namespace/values",
        "label/__name__/values",
        "metadata",
        "targets",
        "alerts",
        "rules",
        "series",
    ] {
        let (_, answer) = ask(&app, &red, &format!("/api/v1/{path}")).await;
        assert!(!answer.to_string().contains("blue"), "{path}: {answer}");
    }
    let (_, names) = ask(&app, &red, "/api/v1/label/__name__/values").await;
    assert_eq!(names["data"], json!(["requests_total"]));
    let (_, names) = ask(&app, &Scope::all(), "/api/v1/metadata").await;
    assert!(names.to_string().contains("secrets_of_blue"), "{names}");
    for path in [
        "status/config",
        "status/tsdb",
        "status/flags",
        "admin/tsdb/delete_series",
        "label/a%2F..%2Fb/values",
        "write",
    ] {
        let (status, answer) = ask(&app, &red, &format!("/api/v1/{path}")).await;
        assert!(status.is_client_error(), "{path}: {status} {answer}");
    }
    let (_, text) = ask(&app, &red, "/federate?match[]=%7B__name__!%3D%22%22%7D").await;
    assert!(
        text.as_str().unwrap().contains("requests_total") && !text.to_string().contains("blue"),
        "{text}"
    );
}

#[tokio::test]
async fn rules_of_the_other_server_are_shown_by_their_alerts() {
    let alert = |namespace: &str| json!({"labels": {"alertname": "A", "namespace": namespace}, "annotations": {}, "state": "firing", "value": "1"});
    let rules = json!({"status": "success", "data": {"groups": [
        {"name": "g", "file": "f", "rules": [
            {"name": "A", "type": "alerting", "health": "ok", "lastError": "blue", "query": "q", "labels": {}, "alerts": [alert("red"), alert("blue")]},
            {"name": "of_blue", "type": "alerting", "health": "ok", "query": "q", "labels": {}, "alerts": [alert("blue")]},
            {"name": "recorded", "type": "recording", "health": "ok", "query": "q"},
        ]},
        {"name": "blue", "file": "f", "rules": [{"name": "r", "type": "recording", "query": "blue", "health": "ok"}]},
    ]}});
    let alerts = json!({"status": "success", "data": {"alerts": [alert("red"), alert("blue")]}});
    let upstream = Router::new()
        .route("/api/v1/rules", get(Json(rules)))
        .route("/api/v1/alerts", get(Json(alerts)));
    let external = External::new(&serve(upstream).await, None).unwrap();
    let app = external_router(external, Filled::new().api);
    let red = Scope::only(["red"]);
    let (_, shown) = ask(&app, &red, "/api/v1/rules").await;
    let groups = shown["data"]["groups"].as_array().unwrap();
    assert_eq!(groups.len(), 1, "{shown}");
    assert_eq!(groups[0]["rules"].as_array().unwrap().len(), 1, "{shown}");
    assert!(!shown.to_string().contains("blue"), "{shown}");
    let (_, shown) = ask(&app, &red, "/api/v1/alerts").await;
    assert_eq!(shown["data"]["alerts"].as_array().unwrap().len(), 1, "{shown}");
    let (_, shown) = ask(&app, &Scope::all(), "/api/v1/rules").await;
    assert_eq!(shown["data"]["groups"].as_array().unwrap().len(), 2, "{shown}");
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_told_in_words() {
    let elsewhere = || async { (StatusCode::FOUND, [(header::LOCATION, "http://inside/")]) };
    let refusing = Router::new()
        .route("/api/v1/query", get(elsewhere).post(elsewhere))
        .fallback(|| async { StatusCode::UNAUTHORIZED });
    // A port that was free a moment ago, and is again.
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for url in [serve(refusing).await, format!("http://user:secret@{gone}")] {
        let external = External::new(&url, None).unwrap();
        assert!(external.check().await.is_err());
        let app = external_router(external, Filled::new().api);
        for path in ["query?query=up", "labels", "rules", "alerts", "targets"] {
            let (status, answer) = ask(&app, &Scope::all(), &format!("/api/v1/{path}")).await;
            assert_eq!(status, StatusCode::BAD_GATEWAY, "{path}: {answer}");
            assert!(answer["error"].as_str().unwrap().contains("does not answer"), "{answer}");
            assert!(
                answer["hint"].as_str().is_some_and(|hint| hint.contains("dais status")),
                "{answer}"
            );
            assert!(!answer.to_string().contains("secret"), "{answer}");
        }
    }
}
