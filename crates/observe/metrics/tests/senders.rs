//! Other people's programs send metrics: the OpenTelemetry SDK for Python over OTLP, and
//! Prometheus by remote write. The first runs when `DAIS_TEST_PYTHON` names an interpreter
//! that has `opentelemetry-sdk` and `opentelemetry-exporter-otlp-proto-http`; the second is
//! skipped where there is no `prometheus`, except with `CI=true`.

#![allow(clippy::unwrap_used)]

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use dais_metrics::promql::{Limits, Source};
use dais_metrics::rules::RulesView;
use dais_metrics::{
    Api, Config, Ingest, Metadata, Scope, Series, Store, Targets, ingest_router, is_marker, router,
};
use promql_parser::label::{MatchOp, Matcher};
use serde_json::{Value, json};
use tokio::process::Command;

struct Server {
    address: String,
    store: Store,
    directory: tempfile::TempDir,
}

async fn serve(scope: Scope) -> Server {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(Config::new(directory.path().join("store"))).unwrap();
    let metadata = Metadata::default();
    let api = Api {
        store: store.clone(),
        metadata: metadata.clone(),
        targets: Targets::none(),
        rules: RulesView::none(),
        limits: Limits::default(),
    };
    let app = router(api)
        .merge(ingest_router(Ingest { store: store.clone(), metadata, reserved: &[] }))
        .layer(axum::Extension(scope));
    Server { address: listen(app).await, store, directory }
}

async fn listen(app: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_opentelemetry_sdks_metrics_are_found() {
    let Some(python) = std::env::var_os("DAIS_TEST_PYTHON") else {
        eprintln!("skipped: DAIS_TEST_PYTHON names no interpreter");
        return;
    };
    let server = serve(Scope::only(["red"])).await;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/opentelemetry_sdk.py");
    let address = format!("http://{}", server.address);
    let output = Command::new(python).arg(script).arg(address).output().await.unwrap();
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.contains("all held"), "{out}\n{err}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otlp_as_json_is_read_and_what_is_not_kept_is_named() {
    let server = serve(Scope::only(["red"])).await;
    let time = format!("{}000000", dais_metrics::now());
    let point = json!({"asDouble": 1.5, "timeUnixNano": time});
    let sum = |temporality: u8| json!({"dataPoints": [point], "aggregationTemporality": temporality, "isMonotonic": true});
    let request = |namespace: &str| {
        json!({"resourceMetrics": [{
            "resource": {"attributes": [{"key": "k8s.namespace.name", "value": {"stringValue": namespace}}]},
            "scopeMetrics": [{"metrics": [
                {"name": "kept", "gauge": {"dataPoints": [point]}},
                {"name": "deltas", "sum": sum(1)},
                {"name": "sums", "sum": sum(2)},
                {"name": "exponential", "exponentialHistogram": {"aggregationTemporality": 2, "dataPoints": [
                    {"timeUnixNano": time, "count": "1", "scale": 0, "zeroCount": "1"}]}},
            ]}],
        }]})
    };
    let client = reqwest::Client::new();
    let send = async |namespace: &str| {
        let url = format!("http://{}/v1/metrics", server.address);
        let response = client.post(url).json(&request(namespace)).send().await.unwrap();
        (response.status().as_u16(), response.json::<Value>().await.unwrap())
    };
    let (status, answer) = send("red").await;
    assert_eq!(
        (status, &answer["partialSuccess"]["rejectedDataPoints"]),
        (200, &json!("2")),
        "{answer}"
    );
    let words = answer["partialSuccess"]["errorMessage"].as_str().unwrap();
    assert!(words.contains("delta temporality") && words.contains("exponential"), "{words}");
    let kept = server.store.select(&[], i64::MIN, i64::MAX).unwrap();
    let mut names: Vec<&str> = kept.iter().map(|series| series.labels.get("__name__")).collect();
    names.sort_unstable();
    assert_eq!(names, ["kept", "sums_total"]);
    assert_eq!(send("blue").await.0, 403);
    let url = format!("http://{}/v1/metrics", server.address);
    let bad = client.post(url).header("content-type", "application/json").body("{");
    assert_eq!(bad.send().await.unwrap().status().as_u16(), 400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prometheus_writes_what_it_scrapes() {
    let server = serve(Scope::only(["red"])).await;
    let scrapes = Arc::new(AtomicU32::new(0));
    let counter = scrapes.clone();
    let page = move || {
        let scrape = counter.fetch_add(1, Ordering::SeqCst);
        let gone = if scrape == 0 { "gone 1\n" } else { "" };
        async move { format!("# TYPE told counter\ntold_total{{a=\"b\"}} {scrape}\n{gone}") }
    };
    let target = listen(Router::new().route("/metrics", get(page))).await;
    let config = json!({
        "global": {"scrape_interval": "1s"},
        "scrape_configs": [{"job_name": "test", "static_configs": [{"targets": [target]}]}],
        "remote_write": [{"url": format!("http://{}/api/v1/write", server.address)}],
    });
    let directory = server.directory.path();
    std::fs::write(directory.join("prometheus.json"), config.to_string()).unwrap();
    let started = Command::new("prometheus")
        .arg(format!("--config.file={}", directory.join("prometheus.json").display()))
        .arg(format!("--storage.tsdb.path={}", directory.join("prometheus").display()))
        .arg("--web.listen-address=127.0.0.1:0")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn();
    let Ok(_prometheus) = started else {
        assert!(std::env::var_os("CI").is_none(), "prometheus is needed (Debian's)");
        eprintln!("skipped: there is no prometheus");
        return;
    };
    let series = |name: &str| -> Vec<Series> {
        let matchers = [Matcher::new(MatchOp::Equal, "__name__", name)];
        server.store.select(&matchers, i64::MIN, i64::MAX).unwrap()
    };
    let values = |name: &str| -> Vec<f64> {
        series(name).iter().flat_map(|series| &series.samples).map(|sample| sample.value).collect()
    };
    wait_until(|| values("told_total").len() >= 3 && values("gone").len() == 2).await;
    assert_eq!(values("told_total")[..3], [0.0, 1.0, 2.0]);
    assert!(values("gone")[0] == 1.0 && is_marker(values("gone")[1]), "it ended");
    let labels = &series("told_total")[0].labels;
    assert_eq!(
        (labels.get("namespace"), labels.get("job"), labels.get("a")),
        ("red", "test", "b"),
        "{labels}"
    );
}

async fn wait_until(holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < deadline, "it never held");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
