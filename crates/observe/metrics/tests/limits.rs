//! What one query, and what one namespace, may take: each refusal names its limit, and
//! nobody else notices.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use dais_metrics::promql::{Engine, Limits, Source};
use dais_metrics::rules::{Group, RuleGroup, RuleHealth, RulesConfig, RulesView};
use dais_metrics::{
    Api, Config, Ingest, Labels, Metadata, Sample, Scope, Scraper, Store, Target, Targets,
    ingest_router, now, router,
};
use futures::future::BoxFuture;
use http_body_util::BodyExt;
use promql_parser::label::{MatchOp, Matcher};
use serde_json::{Value, json};
use tower::ServiceExt;

const MINUTE: i64 = 60_000;

struct World {
    store: Store,
    _directory: tempfile::TempDir,
}

impl World {
    fn with(change: impl FnOnce(Config) -> Config) -> World {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(change(Config::new(directory.path()))).unwrap();
        World { store, _directory: directory }
    }

    /// A namespace may have so many series.
    fn of(most: usize) -> World {
        World::with(|config| Config { series_per_namespace: most, ..config })
    }

    /// Series of one name, a sample each minute for some.
    fn fill(&self, series: usize, minutes: i64) {
        for minute in 0..minutes {
            let of = |number: usize| {
                let sample = Sample {
                    time: minute * MINUTE,
                    value: (minute * 1_000 + number as i64) as f64,
                };
                (Labels::new([("__name__", "x"), ("n", &number.to_string())]), sample)
            };
            self.store.append((0..series).map(of).collect()).unwrap();
        }
    }

    fn fault(&self, query: &str, change: impl Fn(Limits) -> Limits) -> String {
        let limits = change(Limits::default());
        let engine = Engine { source: &self.store, limits };
        engine.range(query, 0, 20 * MINUTE, MINUTE).unwrap_err().to_string()
    }

    fn count(&self, namespace: &str, name: &str) -> usize {
        let matchers = [
            Matcher::new(MatchOp::Equal, "namespace", namespace),
            Matcher::new(MatchOp::Equal, "__name__", name),
        ];
        self.store.select(&matchers, i64::MIN, i64::MAX).unwrap().len()
    }

    async fn send(&self, scope: Scope, namespace: &str, series: std::ops::Range<usize>) -> Value {
        let (store, metadata) = (self.store.clone(), Metadata::default());
        let app = ingest_router(Ingest { store, metadata, reserved: &[] });
        let (_, answer) = ask(&app.layer(axum::Extension(scope)), otlp(namespace, series)).await;
        answer
    }
}

fn otlp(namespace: &str, series: std::ops::Range<usize>) -> Request<Body> {
    let time = format!("{}000000", now());
    let point = |number: usize| {
        json!({"asDouble": 1.5, "timeUnixNano": time,
            "attributes": [{"key": "n", "value": {"stringValue": number.to_string()}}]})
    };
    let points: Vec<Value> = series.map(point).collect();
    let body = json!({"resourceMetrics": [{
        "resource": {"attributes": [
            {"key": "k8s.namespace.name", "value": {"stringValue": namespace}}]},
        "scopeMetrics": [{"metrics": [{"name": "sent", "gauge": {"dataPoints": points}}]}],
    }]});
    let request = Request::post("/v1/metrics").header("content-type", "application/json");
    request.body(Body::from(body.to_string())).unwrap()
}

async fn ask(app: &Router, request: Request<Body>) -> (StatusCode, Value) {
    let response = app.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}

/// Joins a label to itself so many times.
fn doubled(times: usize) -> String {
    format!("{}x{}", "label_join(".repeat(times), ",\"n\",\"\",\"n\",\"n\")".repeat(times))
}

/// Puts a label of some thousand bytes into itself.
fn replaced(references: usize) -> String {
    let references = "$1".repeat(references);
    format!("label_replace({}, \"n\", \"{references}\", \"n\", \"(.*)\")", doubled(11))
}

/// A query, what is said of it, and the limits under which it is asked.
type Case = (String, &'static str, fn(Limits) -> Limits);

#[test]
fn each_refusal_of_a_query_names_its_limit() {
    let world = World::with(|config| config);
    world.fill(20, 20);
    let cases: [Case; 8] = [
        (doubled(26), "label_join() makes a label's value longer than the limit of 65536", |l| l),
        (replaced(100), "label_replace() makes a label's value longer", |limits| limits),
        (replaced(5_000), "label_replace() makes a label's value longer", |limits| limits),
        (doubled(12), "limit of 100000 bytes", |limits| Limits { bytes: 100_000, ..limits }),
        ("x".into(), "limit of 19 series", |limits| Limits { series: 19, ..limits }),
        ("count_values(\"v\", x)".into(), "limit of 40 series", |limits| Limits {
            series: 40,
            ..limits
        }),
        ("x".into(), "limit of 300 samples", |limits| Limits { samples: 300, ..limits }),
        (
            "x".into(),
            "timed out in expression evaluation, after its limit of 0 seconds",
            |limits| Limits { time: Duration::ZERO, ..limits },
        ),
    ];
    for (query, words, change) in cases {
        let fault = world.fault(&query, change);
        assert!(fault.contains(words), "{query:.80}: {fault}");
    }
    let engine = Engine { source: &world.store, limits: Limits::default() };
    for query in [doubled(14), replaced(10), "count_values(\"v\", x)".into()] {
        engine.range(&query, 0, 20 * MINUTE, MINUTE).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queries_wait_for_their_turn_and_are_told_when_none_comes() {
    let world = World::with(|config| config);
    world.fill(50, 20);
    let limits = Limits { at_once: 1, samples: usize::MAX, ..Limits::default() };
    let api = Api {
        store: world.store.clone(),
        metadata: Metadata::default(),
        targets: Targets::none(),
        rules: RulesView::none(),
        limits,
    };
    let app = router(api).layer(axum::Extension(Scope::all()));
    let get = |path: String| Request::get(path).body(Body::empty()).unwrap();
    // Some seconds of work, cut off by its own time.
    let steps = "start=0&end=1200&step=0.2&timeout=3";
    let slow = format!("/api/v1/query_range?{steps}&query={}x", "x*on(n)".repeat(190));
    let long = tokio::spawn({
        let (app, slow) = (app.clone(), get(slow));
        async move { ask(&app, slow).await.0 }
    });
    let quick = || get("/api/v1/query?query=1&timeout=0.02".to_owned());
    let until = Instant::now() + Duration::from_secs(10);
    let (status, answer) = loop {
        let (status, answer) = ask(&app, quick()).await;
        if status != StatusCode::OK {
            break (status, answer);
        }
        assert!(Instant::now() < until && !long.is_finished(), "it never had to wait");
    };
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{answer}");
    let words = answer["error"].as_str().unwrap();
    assert!(words.contains("limit of 1 at once") && words.contains("ask again"), "{words}");
    let patient = get("/api/v1/query?query=1&timeout=60".to_owned());
    assert_eq!(ask(&app, patient).await.0, StatusCode::OK);
    long.await.unwrap();
}

#[tokio::test]
async fn a_namespace_gets_no_more_new_series_than_it_may_have_by_otlp() {
    let world = World::of(100);
    let red = || Scope::only(["red"]);
    assert_eq!(world.send(red(), "red", 0..90).await, json!({}));
    let answer = world.send(red(), "red", 80..120).await;
    let partial = &answer["partialSuccess"];
    assert_eq!(partial["rejectedDataPoints"], "20", "{answer}");
    let words = partial["errorMessage"].as_str().unwrap();
    assert!(words.contains("limit of 100 series"), "{words}");
    assert_eq!(world.count("red", "sent"), 100);
    assert_eq!(world.send(red(), "red", 0..90).await, json!({}), "those that are there go on");
    assert_eq!(world.send(Scope::only(["blue"]), "blue", 0..100).await, json!({}));
    assert_eq!(world.send(Scope::all(), "red", 200..300).await, json!({}), "the platform's own");
    let page = world.store.metrics();
    for line in ["dais_metrics_series{namespace=\"red\"} 200", "dais_metrics_series_limit 100"] {
        assert!(page.lines().any(|told| told == line), "{line}: {page}");
    }
}

#[tokio::test]
async fn a_scrape_beyond_its_namespaces_limit_keeps_what_is_there_and_says_so() {
    let world = World::of(20);
    let told = Arc::new(AtomicUsize::new(10));
    let target = |job: &str, namespace: Option<&str>| {
        let told = told.clone();
        let text = move || {
            let count = told.load(Ordering::SeqCst);
            let page: String =
                (0..count).map(|number| format!("told{{n=\"{number}\"}} 1\n")).collect();
            Box::pin(async move { Ok(page) }) as BoxFuture<'static, Result<String, String>>
        };
        let target = Target::call(job, "i", text).every(Duration::from_millis(20));
        Target { namespace: namespace.map(str::to_owned), ..target }
    };
    let targets = vec![target("red", Some("red")), target("own", None)];
    let scraper = Scraper::start(world.store.clone(), Metadata::default(), targets);
    let fault = |job: &str| {
        let health = scraper.targets().health();
        health.into_iter().find(|health| health.job == job).and_then(|health| health.error)
    };
    wait_until(|| world.count("red", "told") == 10 && fault("red").is_none()).await;
    told.store(50, Ordering::SeqCst);
    wait_until(|| fault("red").is_some() && world.count("", "told") == 50).await;
    let words = fault("red").unwrap();
    assert!(words.contains("namespace red has reached its limit of 20 series"), "{words}");
    // Of twenty, six are what is said of each scrape.
    assert_eq!((world.count("red", "told"), world.count("red", "up")), (14, 1));
    assert_eq!(fault("own"), None);
    told.store(14, Ordering::SeqCst);
    wait_until(|| fault("red").is_none()).await;
}

#[test]
fn a_rule_beyond_its_namespaces_limit_fails_alone() {
    let world = World::of(30);
    let of = |number: usize| {
        Labels::new([("__name__", "x"), ("namespace", "red"), ("n", &number.to_string())])
    };
    let sample = Sample { time: 0, value: 1.0 };
    world.store.append((0..20).map(|number| (of(number), sample)).collect()).unwrap();
    let rules = json!([{"record": "x:all", "expr": "x"}, {"alert": "Any", "expr": "count(x) > 1"}]);
    let mut config: RuleGroup =
        serde_json::from_value(json!({"name": "g", "rules": rules})).unwrap();
    config.namespace = Some("red".into());
    let mut group = Group::new(config);
    let due = group.evaluate(&world.store, &RulesConfig::default(), 0);
    assert_eq!(due.len(), 1, "it is told although its series cannot be kept");
    let status = group.status(Duration::ZERO);
    let error = status.rules[0].error.clone().unwrap();
    assert!(error.contains("limit of 30 series"), "{error}");
    assert_eq!(status.rules[0].health, RuleHealth::Err);
    assert_eq!(world.count("red", "x:all"), 10);
}

async fn wait_until(holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(Instant::now() < deadline, "it never held");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
