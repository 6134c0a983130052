//! What Grafana's Prometheus data source sends, replayed as its documentation and its
//! source have it (`pkg/promlib`: queries and what is passed through, by POST with a form
//! where the data source is set to it; `packages/grafana-prometheus`: what the editor
//! asks), and whether the answers have the status and the shape that it reads.
//! Shapes: <https://prometheus.io/docs/prometheus/latest/querying/api/>.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use dais_metrics::promql::Limits;
use dais_metrics::rules::{RuleGroup, Rules, RulesConfig};
use dais_metrics::{Api, Config, Metadata, Scope, Scraper, Store, Target, now, router};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

const PAGE: &str = r#"# TYPE requests counter
# HELP requests Answered requests
requests_total{namespace="red",code="200"} 7 # {trace_id="abc"} 1 EXEMPLAR
requests_total{namespace="red",code="500"} 2
requests_total{namespace="blue",code="418"} 9
# TYPE memory_bytes gauge
# HELP memory_bytes In use
# UNIT memory_bytes bytes
memory_bytes{namespace="red"} 512
# EOF"#;

/// A data source of somebody who sees one of two projects.
struct Source {
    api: Api,
    /// Seconds since 1970: around all that there is.
    start: String,
    end: String,
    _running: (Scraper, Rules, tempfile::TempDir),
}

impl Source {
    async fn new() -> Source {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(Config::new(directory.path())).unwrap();
        let metadata = Metadata::default();
        let seconds = now() as f64 / 1000.0;
        let page = PAGE.replace("EXEMPLAR", &seconds.to_string());
        let target = Target::call("web", "n1", move || {
            let page = page.clone();
            Box::pin(async move { Ok(page) })
        });
        let target = target.every(Duration::from_millis(20));
        let scraper = Scraper::start(store.clone(), metadata.clone(), vec![target]);
        let rules = Rules::start(store.clone(), RulesConfig::default(), Arc::new(|_| {}));
        let group: RuleGroup = serde_json::from_value(json!({"name": "web", "rules": [
            {"record": "code:requests", "expr": "sum by (code) (requests_total)"},
            {"alert": "Errors", "expr": "requests_total{code=\"500\"} > 1", "for": "5m",
             "labels": {"severity": "page"}, "annotations": {"summary": "it fails"}},
        ]}))
        .unwrap();
        rules.set_groups(vec![RuleGroup {
            source: "red/web".into(),
            namespace: Some("red".into()),
            ..group
        }]);
        let (targets, view) = (scraper.targets(), rules.view());
        let api = Api { store, metadata, targets, rules: view, limits: Limits::default() };
        let (start, end) = ((seconds - 60.0).to_string(), (seconds + 60.0).to_string());
        let source = Source { api, start, end, _running: (scraper, rules, directory) };
        let is_ready = async || {
            let data = source.get("/api/v1/metadata?limit=40000").await;
            let exemplars = source.post("query_exemplars", &[("query", "requests_total")]).await;
            let groups = source.get("/api/v1/rules").await["groups"].clone();
            let seen = source.post("query", &[("query", "memory_bytes"), ("time", "")]).await;
            [&data["memory_bytes"], &exemplars[0], &groups[0], &seen["result"][0]]
                .iter()
                .all(|found| !found.is_null())
        };
        while !is_ready().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        source
    }

    async fn send(&self, request: Request<Body>) -> (StatusCode, Value) {
        let app = router(self.api.clone()).layer(axum::Extension(Scope::only(["red"])));
        let response = app.oneshot(request).await.unwrap();
        let kind = response.headers()[header::CONTENT_TYPE].to_str().unwrap().to_owned();
        assert!(kind.starts_with("application/json"), "{kind}");
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap())
    }

    /// The data of an answer that must be a success.
    async fn data(&self, asked: &str, request: Request<Body>) -> Value {
        let (status, mut answer) = self.send(request).await;
        assert_eq!((status, &answer["status"]), (StatusCode::OK, &json!("success")), "{asked}");
        assert!(!answer.to_string().contains("blue"), "{asked}: {answer}");
        answer["data"].take()
    }

    async fn get(&self, path: &str) -> Value {
        self.data(path, Request::get(path).body(Body::empty()).unwrap()).await
    }

    async fn post(&self, route: &str, form: &[(&str, &str)]) -> Value {
        self.data(route, posted(route, form)).await
    }
}

fn posted(route: &str, form: &[(&str, &str)]) -> Request<Body> {
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    Request::post(format!("/api/v1/{route}"))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form))
        .unwrap()
}

/// `[1700000000.123, "7"]`.
fn is_point(value: &Value) -> bool {
    value[0].is_number() && value[1].as_str().is_some_and(|text| text.parse::<f64>().is_ok())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn saving_a_data_source_finds_a_prometheus() {
    let source = Source::new().await;
    let build = source.get("/api/v1/status/buildinfo").await;
    for field in ["version", "revision", "branch", "buildUser", "buildDate", "goVersion"] {
        assert!(build[field].is_string(), "{field}: {build}");
    }
    let major = build["version"].as_str().unwrap().split('.').next().unwrap().parse::<u32>();
    assert!(major.unwrap() >= 2, "{build}");
    let tested = source.post("query", &[("query", "1+1"), ("time", "4")]).await;
    assert_eq!(tested, json!({"resultType": "scalar", "result": [4, "2"]}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn panels_are_drawn_by_forms() {
    let source = Source::new().await;
    let (start, end) = (source.start.as_str(), source.end.as_str());
    let query = ("query", "sum by (code) (requests_total{namespace=~\".*\"})");
    let form = [query, ("start", start), ("end", end), ("step", "15")];
    let drawn = source.post("query_range", &form).await;
    assert_eq!(drawn["resultType"], "matrix");
    let codes: Vec<&Value> =
        drawn["result"].as_array().unwrap().iter().map(|series| &series["metric"]).collect();
    assert_eq!(codes, [&json!({"code": "200"}), &json!({"code": "500"})]);
    for series in drawn["result"].as_array().unwrap() {
        let values = series["values"].as_array().unwrap();
        assert!(!values.is_empty() && values.iter().all(is_point), "{series}");
    }
    let now = (now() as f64 / 1000.0).to_string();
    let seen = source.post("query", &[query, ("time", now.as_str())]).await;
    assert_eq!(
        (&seen["resultType"], seen["result"].as_array().unwrap().len()),
        (&json!("vector"), 2)
    );
    assert!(is_point(&seen["result"][0]["value"]), "{seen}");
    let form = [("query", "rate(requests_total[5m])"), ("start", start), ("end", end)];
    let exemplars = source.post("query_exemplars", &form).await;
    let series = &exemplars[0];
    assert_eq!(series["seriesLabels"]["__name__"], "requests_total", "{exemplars}");
    let exemplar = &series["exemplars"][0];
    assert_eq!(
        (&exemplar["labels"], &exemplar["value"]),
        (&json!({"trace_id": "abc"}), &json!("1"))
    );
    assert!(exemplar["timestamp"].is_number(), "{exemplar}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_editor_completes_what_may_be_seen() {
    let source = Source::new().await;
    let (start, end) = (source.start.as_str(), source.end.as_str());
    let span = format!("start={start}&end={end}");
    let selector = "match[]=%7B__name__%3D%22requests_total%22%7D";
    let names = json!(["__name__", "code", "instance", "job", "namespace"]);
    let labels = source.get(&format!("/api/v1/labels?{span}&{selector}")).await;
    assert_eq!(labels, names);
    let form = [("start", start), ("end", end), ("match[]", "requests_total")];
    assert_eq!(source.post("labels", &form).await, names);
    for (path, expected) in [
        (format!("code/values?{span}&{selector}"), json!(["200", "500"])),
        (format!("namespace/values?{span}"), json!(["red"])),
        (format!("code/values?{span}&{selector}&limit=1"), json!(["200"])),
        (
            format!("__name__/values?{span}&match[]=%7B__name__%3D~%22.*byte.*%22%7D&limit=40000"),
            json!(["memory_bytes"]),
        ),
    ] {
        assert_eq!(source.get(&format!("/api/v1/label/{path}")).await, expected, "{path}");
    }
    let form = [
        ("start", start),
        ("end", end),
        ("match[]", "requests_total{code=\"500\"}"),
        ("match[]", "memory_bytes"),
        ("limit", "40000"),
    ];
    let series = source.post("series", &form).await;
    let found: Vec<&str> =
        series.as_array().unwrap().iter().map(|one| one["__name__"].as_str().unwrap()).collect();
    assert_eq!(found, ["memory_bytes", "requests_total"]);
    let limited = source.get("/api/v1/metadata?limit=1").await;
    assert_eq!(limited.as_object().unwrap().len(), 1, "{limited}");
    let about = source.get("/api/v1/metadata?metric=memory_bytes&limit_per_metric=1").await;
    let memory = json!([{"type": "gauge", "help": "In use", "unit": "bytes"}]);
    assert_eq!(about, json!({"memory_bytes": memory}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_and_alerts_are_listed() {
    let source = Source::new().await;
    let rules = source.get("/api/v1/rules").await;
    let group = &rules["groups"][0];
    assert_eq!((&group["name"], &group["file"]), (&json!("web"), &json!("red/web")));
    assert!(group["interval"].is_number() && group["lastEvaluation"].is_string(), "{group}");
    let (recording, alerting) = (&group["rules"][0], &group["rules"][1]);
    assert_eq!(
        (&recording["type"], &recording["name"]),
        (&json!("recording"), &json!("code:requests"))
    );
    assert_eq!((&alerting["type"], &alerting["duration"]), (&json!("alerting"), &json!(300.0)));
    for field in ["name", "query", "health", "state", "lastEvaluation"] {
        assert!(alerting[field].is_string(), "{field}: {alerting}");
    }
    for field in ["labels", "annotations"] {
        assert!(alerting[field].is_object(), "{field}: {alerting}");
    }
    assert!(alerting["alerts"].is_array() && alerting["evaluationTime"].is_number(), "{alerting}");
    let alerts = source.get("/api/v1/rules?type=alert").await;
    assert_eq!(alerts["groups"][0]["rules"].as_array().unwrap().len(), 1, "{alerts}");
    assert!(source.get("/api/v1/alerts").await["alerts"].is_array());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_faulty_query_is_told_as_grafana_reads_it() {
    let source = Source::new().await;
    for (route, form) in [
        ("query", vec![("query", "sum("), ("time", "4")]),
        ("query_range", vec![("query", "sum("), ("start", "0"), ("end", "60"), ("step", "15")]),
        ("query_range", vec![("query", "up"), ("start", "60"), ("end", "0"), ("step", "15")]),
        ("query_exemplars", vec![("query", "sum("), ("start", "0"), ("end", "60")]),
        ("series", vec![("match[]", "sum(up)")]),
    ] {
        let (status, answer) = source.send(posted(route, &form)).await;
        assert_eq!(
            (status, &answer["status"], &answer["errorType"]),
            (StatusCode::BAD_REQUEST, &json!("error"), &json!("bad_data")),
            "{route} {form:?}: {answer}"
        );
        assert!(answer["error"].as_str().is_some_and(|words| !words.is_empty()), "{answer}");
    }
}
