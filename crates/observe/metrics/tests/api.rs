//! The rest of the HTTP API: federation, formatting, status; and `promtool` as a client.
//! What needs promtool (Debian's prometheus) is skipped without it, except with `CI=true`.

#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::process::{Command, Stdio};

use dais_metrics::promql::Limits;
use dais_metrics::rules::RulesView;
use dais_metrics::{
    Api, Config, Labels, Metadata, STALE, Sample, Scope, Store, Targets, now, router,
};
use serde_json::{Value, json};

struct Server {
    address: String,
    store: Store,
    _directory: tempfile::TempDir,
}

/// Serves a store to a caller of a scope over TCP.
async fn serve(scope: Scope) -> Server {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(Config::new(directory.path())).unwrap();
    let api = Api {
        store: store.clone(),
        metadata: Metadata::default(),
        targets: Targets::none(),
        rules: RulesView::none(),
        limits: Limits::default(),
    };
    let app = router(api).layer(axum::Extension(scope));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    let server = Server { address, store, _directory: directory };
    server.fill();
    server
}

impl Server {
    fn fill(&self) {
        let now = now();
        for (name, namespace, age, value) in [
            ("requests_total", "red", 20_000, 4.0),
            ("requests_total", "red", 10_000, 5.0),
            ("requests_total", "blue", 10_000, 6.0),
            ("ended", "red", 20_000, 1.0),
            ("ended", "red", 10_000, STALE),
            ("old", "red", 400_000, 1.0),
            ("quoted", "a\"\\\n", 10_000, f64::INFINITY),
        ] {
            let labels = Labels::new([("__name__", name), ("namespace", namespace)]);
            self.store.append(vec![(labels, Sample { time: now - age, value })]).unwrap();
        }
    }

    async fn text(&self, path: &str) -> (u16, String) {
        let response = reqwest::get(format!("{}{path}", self.address)).await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    async fn json(&self, path: &str) -> Value {
        let (status, text) = self.text(path).await;
        assert_eq!(status, 200, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }
}

/// `None` where there is no promtool.
fn promtool(arguments: &[&str], input: &str) -> Option<(bool, String)> {
    let child = Command::new("promtool")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        assert!(std::env::var_os("CI").is_none(), "promtool is needed (Debian's prometheus)");
        eprintln!("skipped: there is no promtool");
        return None;
    };
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    Some((output.status.success(), text.into_owned()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn federation_tells_the_newest_of_what_the_caller_may_see() {
    let server = serve(Scope::all()).await;
    let (_, text) = server.text("/federate?match[]=%7B__name__!=%22%22%7D").await;
    let lines: Vec<&str> = text.lines().map(|line| line.rsplit_once(' ').unwrap().0).collect();
    assert_eq!(
        lines,
        [
            "# TYPE quoted",
            "quoted{instance=\"\",namespace=\"a\\\"\\\\\\n\"} +Inf",
            "# TYPE requests_total",
            "requests_total{instance=\"\",namespace=\"blue\"} 6",
            "requests_total{instance=\"\",namespace=\"red\"} 5",
        ]
    );
    let twice = server.text("/federate?match[]=requests_total&match[]=%7Bnamespace=%22red%22%7D");
    assert_eq!(twice.await.1.lines().count(), 3);
    let (status, text) = server.text("/federate").await;
    assert!(status == 400 && text.contains("match[]"), "{text}");
    let red = serve(Scope::only(["red"])).await;
    let (_, text) = red.text("/federate?match[]=%7B__name__!=%22%22%7D").await;
    assert!(text.lines().count() == 2 && !text.contains("blue"), "{text}");
    if let Some((succeeded, words)) = promtool(&["check", "metrics"], &text) {
        assert!(succeeded || !words.contains("error while linting"), "{words}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn status_has_the_shapes_that_clients_read_and_tells_no_more_than_may_be_seen() {
    let server = serve(Scope::only(["red"])).await;
    let tsdb = server.json("/api/v1/status/tsdb?limit=1").await;
    assert_eq!(tsdb["data"]["headStats"]["numSeries"], 3);
    assert_eq!(
        tsdb["data"]["seriesCountByLabelValuePair"],
        json!([{"name": "namespace=red", "value": 3}])
    );
    assert!(!tsdb.to_string().contains("blue"));
    for (path, field) in [
        ("config", "yaml"),
        ("flags", "storage.tsdb.retention.time"),
        ("runtimeinfo", "storageRetention"),
        ("walreplay", "current"),
        ("buildinfo", "version"),
    ] {
        let answer = server.json(&format!("/api/v1/status/{path}")).await;
        assert!(answer["data"].get(field).is_some(), "{path}: {answer}");
    }
    for path in ["/-/healthy", "/-/ready"] {
        assert_eq!(server.text(path).await.0, 200);
    }
    let formatted = server.json("/api/v1/format_query?query=sum(rate(x%5B5m%5D))by(a)").await;
    assert_eq!(formatted["data"], "sum by (a) (rate(x[5m]))");
    let names = server.json("/api/v1/label/__name__/values?limit=1").await;
    assert_eq!(names["data"], json!(["ended"]));
    assert_eq!(names["warnings"], json!(["results truncated due to limit"]));
    let labels = server.json("/api/v1/labels?match[]=old&limit=5").await;
    assert_eq!(labels["data"], json!(["__name__", "namespace"]));
    assert_eq!(server.text("/api/v1/metadata?limit=some").await.0, 400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promtool_reads_the_api() {
    let server = serve(Scope::all()).await;
    let address = server.address.as_str();
    let cases: [(&[&str], &str); 4] = [
        (&["query", "instant", address, "sum(requests_total)"], "{} => 11 @["),
        (&["query", "range", "--step=10s", address, "requests_total{namespace=\"red\"}"], "5 @["),
        (&["query", "series", "--match=requests_total", address], "namespace=\"blue\""),
        (&["query", "labels", address, "namespace"], "blue"),
    ];
    for (arguments, expected) in cases {
        let arguments: Vec<String> = arguments.iter().map(|text| (*text).to_owned()).collect();
        let run = tokio::task::spawn_blocking(move || {
            promtool(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), "")
        });
        let Some((succeeded, text)) = run.await.unwrap() else { return };
        assert!(succeeded && text.contains(expected), "{expected}: {text}");
    }
}
