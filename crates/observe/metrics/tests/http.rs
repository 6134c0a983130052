//! Scraping and the HTTP API together, in process.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{Request, StatusCode};
use dais_metrics::promql::Limits;
use dais_metrics::rules::RulesView;
use dais_metrics::{
    Admin, Api, Config, Labels, Metadata, Sample, Scope, Scraper, Store, Target, Targets, router,
};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

struct Server {
    api: Api,
    _directory: tempfile::TempDir,
}

impl Server {
    fn new() -> Server {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(Config::new(directory.path())).unwrap();
        let api = Api {
            store,
            metadata: Metadata::default(),
            targets: Targets::none(),
            rules: RulesView::none(),
            limits: Limits::default(),
        };
        Server { api, _directory: directory }
    }

    async fn call(&self, scope: &Scope, request: Request<Body>) -> (StatusCode, Value) {
        let app = router(self.api.clone()).layer(axum::Extension(scope.clone()));
        let response = app.oneshot(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap())
    }

    /// Sends a form, which may be longer than an address.
    async fn post(&self, scope: &Scope, path: &str, form: &[(&str, &str)]) -> (StatusCode, Value) {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request =
            Request::post(path).header("content-type", "application/x-www-form-urlencoded");
        self.call(scope, request.body(Body::from(form)).unwrap()).await
    }

    async fn get(&self, scope: &Scope, path: &str) -> Value {
        let (status, answer) =
            self.call(scope, Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
        answer
    }

    fn fill(&self) {
        for step in 0..=10 {
            let at = |namespace: &str, per_step: f64| {
                let labels = Labels::new([
                    ("__name__", "requests_total"),
                    ("namespace", namespace),
                    ("pod", &format!("{namespace}-1")),
                ]);
                (labels, Sample { time: step * 60_000, value: step as f64 * per_step })
            };
            self.api.store.append(vec![at("red", 60.0), at("blue", 120.0)]).unwrap();
        }
    }
}

#[tokio::test]
async fn queries_by_get_and_by_form() {
    let server = Server::new();
    server.fill();
    let all = Scope::all();
    let answer =
        server.get(&all, "/api/v1/query?query=sum(rate(requests_total[5m]))&time=600").await;
    assert_eq!(
        answer,
        json!({"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "value": [600, "3"]}]}})
    );
    let form = "query=requests_total%7Bnamespace%3D%22red%22%7D&start=0&end=120&step=1m";
    let request = Request::post("/api/v1/query_range")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(form))
        .unwrap();
    let (_, answer) = server.call(&all, request).await;
    assert_eq!(answer["data"]["result"][0]["values"], json!([[0, "0"], [60, "60"], [120, "120"]]));
    let scalar = server.get(&all, "/api/v1/query?query=1%2F0&time=1.5").await;
    assert_eq!(scalar["data"], json!({"resultType": "scalar", "result": [1.5, "+Inf"]}));
    let info = server.get(&all, "/api/v1/query?query=rate(up[5m])&time=600").await;
    assert_eq!(info["data"]["result"], json!([]));
}

#[tokio::test]
async fn a_scope_narrows_queries_series_and_names() {
    let server = Server::new();
    server.fill();
    let red = Scope::only(["red"]);
    for query in [
        "sum(requests_total)",
        "sum({__name__=~\".%2B\"})",
        "sum(requests_total{namespace=\"blue\"} or requests_total)",
        "sum(last_over_time(requests_total[10m:1m]))",
        "sum(requests_total{namespace=~\"blue|red\"})",
    ] {
        let path = format!(
            "/api/v1/query?time=600&query={}",
            query
                .replace(' ', "+")
                .replace('"', "%22")
                .replace('{', "%7B")
                .replace('}', "%7D")
                .replace('|', "%7C")
        );
        let answer = server.get(&red, &path).await;
        assert_eq!(answer["data"]["result"][0]["value"][1], "600", "{query}: {answer}");
    }
    let series = server.get(&red, "/api/v1/series?match[]=requests_total").await;
    assert_eq!(
        series["data"],
        json!([{"__name__": "requests_total", "namespace": "red", "pod": "red-1"}])
    );
    assert_eq!(server.get(&red, "/api/v1/label/pod/values").await["data"], json!(["red-1"]));
    assert_eq!(
        server.get(&red, "/api/v1/labels").await["data"],
        json!(["__name__", "namespace", "pod"])
    );
    assert_eq!(server.get(&Scope::nothing(), "/api/v1/labels").await["data"], json!([]));
    // Without the extension a request sees nothing at all.
    let request =
        Request::get("/api/v1/query?query=requests_total&time=600").body(Body::empty()).unwrap();
    let response = router(server.api.clone()).oneshot(request).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(serde_json::from_slice::<Value>(&body).unwrap()["data"]["result"], json!([]));
}

#[tokio::test]
async fn no_join_brings_a_label_of_a_foreign_series() {
    let server = Server::new();
    server.fill();
    // As if made for it: one of blue's under the name of red's pod.
    let labels = Labels::new([
        ("__name__", "owner_info"),
        ("namespace", "blue"),
        ("pod", "red-1"),
        ("owner", "s3cret"),
    ]);
    server.api.store.append(vec![(labels, Sample { time: 600_000, value: 1.0 })]).unwrap();
    let mine = "requests_total{namespace=\"red\"}";
    let ask = async |scope: &Scope, query: &str| {
        let form = [("query", query), ("time", "600")];
        let (status, answer) = server.post(scope, "/api/v1/query", &form).await;
        assert_eq!(status, StatusCode::OK, "{query}: {answer}");
        answer
    };
    for query in [
        format!("{mine} * on (pod) group_left (owner) owner_info"),
        format!("owner_info * on (pod) group_right (owner) {mine}"),
        format!("{mine} * on () group_left (owner) owner_info{{namespace=\"blue\"}}"),
        format!("{mine} * ignoring (namespace, owner) group_left (owner) owner_info"),
        format!("{mine} * on (pod) group_left (owner) (owner_info or on (pod) {mine})"),
        format!("{mine} * on (pod) group_left (owner) {{__name__=~\"owner.*\",owner!=\"\"}}"),
        format!("{mine} * on (pod) group_left (owner) max by (pod, owner) (owner_info)"),
        format!("{mine} * on (pod) group_left (owner) last_over_time(owner_info[10m])"),
        format!(
            "label_replace({mine}, \"namespace\", \"blue\", \"\", \"\") * on (namespace) group_left (owner) owner_info"
        ),
    ] {
        let told = ask(&Scope::all(), &query).await;
        assert!(told.to_string().contains("s3cret"), "{query} proves nothing: {told}");
        let told = ask(&Scope::only(["red"]), &query).await;
        assert!(!told.to_string().contains("s3cret"), "{query}: {told}");
    }
}

#[tokio::test]
async fn bad_requests_say_what_is_wrong() {
    let server = Server::new();
    server.fill();
    for (path, status, kind, word) in [
        ("/api/v1/query?query=sum(", 400, "bad_data", "parse error"),
        ("/api/v1/query", 400, "bad_data", "query"),
        ("/api/v1/query?query=up&time=soon", 400, "bad_data", "time"),
        ("/api/v1/query_range?query=up&start=0&end=10&step=0", 400, "bad_data", "step"),
        ("/api/v1/query_range?query=up&start=10&end=0&step=1", 400, "bad_data", "end"),
        (
            "/api/v1/query_range?query=up&start=0&end=100000000&step=1",
            400,
            "bad_data",
            "resolution",
        ),
        ("/api/v1/query_range?query=up[5m]&start=0&end=10&step=1", 400, "bad_data", "range"),
        (
            "/api/v1/query?query=requests_total+%2B+on()+requests_total&time=600",
            422,
            "execution",
            "many-to-many",
        ),
        ("/api/v1/series", 400, "bad_data", "match[]"),
        ("/api/v1/nothing", 404, "not_found", "nothing"),
    ] {
        let (got, answer) =
            server.call(&Scope::all(), Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(
            (got.as_u16(), answer["errorType"].as_str(), answer["status"].as_str()),
            (status, Some(kind), Some("error")),
            "{path}: {answer}"
        );
        assert!(answer["error"].as_str().unwrap().contains(word), "{path}: {answer}");
    }
}

#[tokio::test]
async fn scraped_series_appear_and_end() {
    let mut server = Server::new();
    let is_full = Arc::new(AtomicBool::new(true));
    let flag = is_full.clone();
    let target = Target::call("kubelet", "n1", move || {
        let is_full = flag.load(Ordering::SeqCst);
        Box::pin(async move {
            let gone = if is_full { "short_lived{pod=\"p\",namespace=\"red\"} 1\n" } else { "" };
            Ok(format!(
                "# TYPE cpu_seconds counter\n# HELP cpu_seconds Time\ncpu_seconds_total{{pod=\"p\",namespace=\"red\",job=\"own\"}} 5\n{gone}"
            ))
        })
    });
    let broken = Target::call("broken", "n1", || Box::pin(async { Err("not today".to_owned()) }));
    let interval = Duration::from_millis(50);
    let targets = vec![target.label("cluster", "c").every(interval), broken.every(interval)];
    let scraper = Scraper::start(server.api.store.clone(), server.api.metadata.clone(), targets);
    server.api.targets = scraper.targets();
    let count = |answer: &Value| answer["data"]["result"].as_array().unwrap().len();
    let all = Scope::all();
    wait_until(async || count(&server.get(&all, "/api/v1/query?query=short_lived").await) == 1)
        .await;
    let answer = server.get(&all, "/api/v1/query?query=cpu_seconds_total").await;
    assert_eq!(
        answer["data"]["result"][0]["metric"],
        json!({"__name__": "cpu_seconds_total", "cluster": "c", "exported_job": "own", "instance": "n1", "job": "kubelet", "namespace": "red", "pod": "p"})
    );
    wait_until(async || count(&server.get(&all, "/api/v1/query?query=up").await) == 2).await;
    let up = server.get(&all, "/api/v1/query?query=up%3D%3D0").await;
    assert_eq!(up["data"]["result"][0]["metric"]["job"], "broken");
    let targets = server.get(&all, "/api/v1/targets").await;
    assert!(targets.to_string().contains("not today"));
    let metadata = server.get(&Scope::only(["red"]), "/api/v1/metadata").await;
    assert_eq!(
        metadata["data"]["cpu_seconds"][0],
        json!({"type": "counter", "help": "Time", "unit": ""})
    );
    assert_eq!(server.get(&Scope::only(["blue"]), "/api/v1/metadata").await["data"], json!({}));
    is_full.store(false, Ordering::SeqCst);
    wait_until(async || count(&server.get(&all, "/api/v1/query?query=short_lived").await) == 0)
        .await;
    scraper.set_targets(vec![]);
    wait_until(async || {
        count(&server.get(&all, "/api/v1/query?query=cpu_seconds_total").await) == 0
    })
    .await;
    wait_until(async || count(&server.get(&all, "/api/v1/query?query=up").await) == 0).await;
}

#[tokio::test]
async fn only_an_administrator_deletes() {
    let server = Server::new();
    server.fill();
    let path = "/api/v1/admin/tsdb/delete_series?match[]=requests_total%7Bpod=%22red-1%22%7D";
    let all = Scope::all();
    for path in [path, "/api/v1/admin/tsdb/clean_tombstones"] {
        let request = Request::post(path).body(Body::empty()).unwrap();
        let (status, answer) = server.call(&all, request).await;
        assert_eq!(
            (status, answer["errorType"].as_str()),
            (StatusCode::FORBIDDEN, Some("forbidden"))
        );
        let narrow = router(server.api.clone())
            .layer(axum::Extension(Scope::only(["red"])))
            .layer(axum::Extension(Admin));
        let request = Request::post(path).body(Body::empty()).unwrap();
        assert_eq!(narrow.oneshot(request).await.unwrap().status(), StatusCode::FORBIDDEN);
    }
    let pods = "/api/v1/label/pod/values";
    assert_eq!(server.get(&all, pods).await["data"], json!(["blue-1", "red-1"]));
    let app = router(server.api.clone())
        .layer(axum::Extension(all.clone()))
        .layer(axum::Extension(Admin));
    for path in [path, "/api/v1/admin/tsdb/clean_tombstones"] {
        let request = Request::post(path).body(Body::empty()).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
        assert_eq!(server.get(&all, pods).await["data"], json!(["blue-1"]));
    }
}

#[tokio::test]
async fn scraped_exemplars_are_found_by_those_who_see_their_series() {
    let server = Server::new();
    let target = Target::call("gateway", "n1", || {
        let line = "latency_bucket{namespace=\"red\",le=\"1\"} 3 # {trace_id=\"abc\"} 0.5 1700000000\n# EOF";
        Box::pin(async move { Ok(line.to_owned()) })
    });
    let target = target.every(Duration::from_millis(20));
    let scraper =
        Scraper::start(server.api.store.clone(), server.api.metadata.clone(), vec![target]);
    let path = "/api/v1/query_exemplars?query=rate(latency_bucket%5B5m%5D)&start=1699999999&end=1700000001";
    let all = Scope::all();
    let data = async |scope: &Scope| server.get(scope, path).await["data"].clone();
    wait_until(async || data(&all).await != json!([])).await;
    let found = data(&Scope::only(["red"])).await;
    assert_eq!(found[0]["seriesLabels"]["le"], "1", "{found}");
    assert_eq!(
        found[0]["exemplars"],
        json!([{"labels": {"trace_id": "abc"}, "value": "0.5", "timestamp": 1_700_000_000.0}])
    );
    assert_eq!(data(&Scope::only(["blue"])).await, json!([]));
    drop(scraper);
}

async fn wait_until(mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !holds().await {
        assert!(Instant::now() < deadline, "it never held");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_query_that_would_end_the_stack_is_refused_wherever_it_is_read() {
    let server = Server::new();
    server.fill();
    let red = Scope::only(["red"]);
    let around = |count: usize, before: &str, after: &str| {
        format!("{}up{}", before.repeat(count), after.repeat(count))
    };
    let beyond = [
        format!("up{}", "+up".repeat(5_000)),
        format!("up{}", " or up".repeat(1_500)),
        format!("{}up", "-".repeat(20_000)),
        format!("up{}", " offset 1m".repeat(1_500)),
        around(1_900, "abs(", ")"),
        around(20_000, "(", ")"),
        around(1_900, "max_over_time(", "[1m:1m])"),
        "(".repeat(100_000),
        "[".repeat(20_000),
        "{".repeat(20_000),
        format!("{{{}}}", "a=~\"b\",".repeat(1_000)),
        format!("up # said\r{}", "+up".repeat(5_000)),
        format!("{{a=`\\``}}{} + {{a=`b`}}", "+up".repeat(5_000)),
    ];
    let paths = ["query", "query_range", "format_query", "query_exemplars", "series", "labels"];
    let times = [("start", "0"), ("end", "60"), ("step", "30")];
    for query in &beyond {
        for path in paths {
            let mut form = vec![("query", query.as_str()), ("match[]", query.as_str())];
            form.extend(times);
            let (status, answer) = server.post(&red, &format!("/api/v1/{path}"), &form).await;
            let words = answer["error"].as_str().unwrap();
            assert_eq!(
                (status.as_u16(), &answer["errorType"]),
                (400, &json!("bad_data")),
                "{words}"
            );
            assert!(words.contains("limit of"), "{path}: {words}");
        }
    }
    let within = [
        format!("up{}", "+up".repeat(200)),
        format!("{}up", "-".repeat(200)),
        around(60, "(", ")"),
        around(60, "abs(", ")"),
        around(59, "max_over_time(", "[1m:1m])"),
    ];
    for query in &within {
        for path in &paths[..4] {
            let mut form = vec![("query", query.as_str())];
            form.extend(times);
            let (status, answer) = server.post(&red, &format!("/api/v1/{path}"), &form).await;
            assert_eq!(status, StatusCode::OK, "{path} {query}: {answer}");
        }
    }
    let names = "a-1|".repeat(10_000);
    let selector = format!("requests_total{{pod!~\"{names}b\"}}");
    let (status, answer) = server.post(&red, "/api/v1/series", &[("match[]", &selector)]).await;
    assert_eq!((status.as_u16(), answer["data"].as_array().unwrap().len()), (200, 1), "{answer}");
}
