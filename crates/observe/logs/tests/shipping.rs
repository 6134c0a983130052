//! Lines on their way to another engine: none is lost by one that is away, none is there
//! twice, and nobody is told that a line is stored before it is.

#![allow(clippy::unwrap_used)]

#[path = "support/engine.rs"]
mod engine;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use dais_logs::{
    Collector, CollectorConfig, Config, Engine, Logs, Scope, fields_from_labels, router,
};
use engine::{Behind, Theirs, open, serve};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);

fn write(directory: &Path, lines: std::ops::Range<usize>) {
    let container = directory.join("red_web-0_uid1/main");
    fs::create_dir_all(&container).unwrap();
    let pod = json!({"metadata": {"namespace": "red", "name": "web-0", "uid": "uid1", "labels": {"app": "web"}}});
    fs::write(directory.join("red_web-0_uid1/pod.json"), pod.to_string()).unwrap();
    let mut file =
        OpenOptions::new().create(true).append(true).open(container.join("0.log")).unwrap();
    for line in lines {
        // Equal lines at equal times are lines nevertheless.
        writeln!(file, "2026-11-24T10:00:00.{:09}Z stdout F line {}", line / 3, line / 3).unwrap();
    }
}

fn collect(engine: &Engine, directory: &Path) -> Collector {
    let describe = fields_from_labels([("app", "app")]);
    let config =
        CollectorConfig { directory: directory.to_owned(), index: "logs".into(), describe };
    Collector::start(engine.clone(), config).unwrap()
}

/// How many lines the engine has; a flush of its store is the event that is waited for.
async fn until_there_are(theirs: &Logs, count: u64) {
    let begun = Instant::now();
    loop {
        theirs.flush().await.unwrap();
        let found = theirs.count("dais-logs-*", &Value::Null, &Scope::all()).unwrap();
        if found["count"] == count {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "{found} instead of {count}");
        tokio::task::yield_now().await;
    }
}

/// An engine that can go away, before it stores or before it says so.
#[derive(Clone, Default)]
struct Moods {
    is_away: Arc<AtomicBool>,
    forgets_to_say: Arc<AtomicUsize>,
}

async fn moody(Extension(moods): Extension<Moods>, request: Request, next: Next) -> Response {
    let is_bulk = request.uri().path() == "/_bulk";
    if is_bulk && moods.is_away.load(Ordering::SeqCst) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let answer = next.run(request).await;
    let forgets = |left: usize| left.checked_sub(1);
    let is_forgotten = is_bulk
        && moods.forgets_to_say.fetch_update(Ordering::SeqCst, Ordering::SeqCst, forgets).is_ok();
    if is_forgotten { StatusCode::GATEWAY_TIMEOUT.into_response() } else { answer }
}

async fn theirs() -> (Logs, Moods, String, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let logs = Logs::open(Config::new(directory.path())).unwrap();
    let moods = Moods::default();
    let served: Router = router(logs.clone())
        .layer(Extension(Scope::all()))
        .layer(from_fn(moody))
        .layer(Extension(moods.clone()));
    (logs, moods, serve(served).await, directory)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_arrives_once_whatever_happens_to_the_engine_and_to_us() {
    let (logs, moods, url, _held) = theirs().await;
    let ours = tempfile::tempdir().unwrap();
    let (files, sent) = (ours.path().join("logs"), ours.path().join("sent"));
    write(&files, 0..300);
    moods.is_away.store(true, Ordering::SeqCst);
    let engine = open(&url, sent.clone());
    let collector = collect(&engine, &files);
    // Whoever sends lines is told that it is away: then what was collected waits, too.
    let behind = Behind::with(engine.clone());
    let line = "{\"index\":{\"_index\":\"logs\"}}\n{\"message\":\"m\",\"namespace\":\"red\"}\n";
    let (status, _) = behind.call(&Scope::all(), "POST", "/_bulk", line).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert!(!sent.join("sent.json").exists(), "a position of lines that nobody has");
    // It comes back, stores and dies before it says so, twice.
    moods.forgets_to_say.store(2, Ordering::SeqCst);
    moods.is_away.store(false, Ordering::SeqCst);
    until_there_are(&logs, 300).await;
    let begun = Instant::now();
    while !sent.join("sent.json").exists() {
        assert!(begun.elapsed() < PATIENCE, "no position though it says so by now");
        tokio::task::yield_now().await;
    }
    drop(collector);
    tokio::task::spawn_blocking(move || drop((behind, engine))).await.unwrap();

    // Started anew it goes on, and with positions that are lost it sends again.
    write(&files, 300..420);
    let engine = open(&url, sent.clone());
    let collector = collect(&engine, &files);
    until_there_are(&logs, 420).await;
    drop(collector);
    tokio::task::spawn_blocking(move || drop(engine)).await.unwrap();
    fs::remove_file(sent.join("sent.json")).unwrap();
    write(&files, 420..450);
    let engine = open(&url, sent);
    let collector = collect(&engine, &files);
    until_there_are(&logs, 450).await;
    drop(collector);
    tokio::task::spawn_blocking(move || drop(engine)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_senders_own_id_is_its_namespaces() {
    let theirs = Theirs::new().await;
    let behind = Behind::of(&theirs.url).await;
    let line = |namespace: &str| {
        format!(
            "{{\"index\":{{\"_index\":\"logs\",\"_id\":\"1\"}}}}\n{}\n",
            json!({"@timestamp": "2026-11-24T10:00:00Z", "message": format!("of {namespace}"), "namespace": namespace})
        )
    };
    for namespace in ["red", "blue"] {
        let (status, answer) = behind
            .call(&Scope::only([namespace]), "POST", "/_bulk?refresh=true", &line(namespace))
            .await;
        assert_eq!(
            (status, &answer["items"][0]["index"]["_id"]),
            (StatusCode::OK, &json!("1")),
            "{answer}"
        );
    }
    let (status, answer) =
        behind.call(&Scope::only(["red"]), "POST", "/_bulk", &line("blue")).await;
    assert_eq!(
        (status, &answer["items"][0]["index"]["status"]),
        (StatusCode::OK, &json!(403)),
        "{answer}"
    );
    for namespace in ["red", "blue"] {
        let (_, found) = behind.call(&Scope::only([namespace]), "GET", "/logs/_doc/1", "").await;
        assert_eq!(found["_source"]["message"], format!("of {namespace}"), "{found}");
    }
    let (_, found) = behind.call(&Scope::only(["red"]), "GET", "/logs/_doc/blue:1", "").await;
    assert_eq!(found["found"], false, "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_makes_an_index_for_each_line() {
    let theirs = Theirs::new().await;
    let behind = Behind::of(&theirs.url).await;
    let red = Scope::only(["red"]);
    let send = async |index: &str, time: &str| {
        let line = json!({"@timestamp": time, "message": "m", "namespace": "red"});
        let action = json!({"create": {"_index": index}});
        behind.call(&red, "POST", "/_bulk?refresh=true", &format!("{action}\n{line}\n")).await
    };
    for year in 1970..2010 {
        let (status, answer) = send("logs", &format!("{year}-01-01T00:00:00Z")).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
    }
    let (_, indices) = behind.call(&Scope::all(), "GET", "/_cat/indices?format=json", "").await;
    // Two where midnight passes meanwhile.
    assert!(indices.as_array().unwrap().len() <= 2, "{indices}");
    let mut refused = 0;
    for name in 0..40 {
        let (status, answer) = send(&format!("name-{name}"), "2026-11-24T10:00:00Z").await;
        refused +=
            usize::from(status == StatusCode::BAD_REQUEST && answer.to_string().contains("[logs]"));
    }
    assert_eq!(refused, 11);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_whose_fields_do_not_fit_is_kept_as_text() {
    let (logs, _, url, _held) = theirs().await;
    // As Elasticsearch refuses an object where it has numbers.
    let picky = |request: Request, next: Next| async move {
        if request.uri().path() != "/_bulk" {
            return next.run(request).await;
        }
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        if !String::from_utf8_lossy(&body).contains("\"size\":{") {
            return next.run(Request::from_parts(parts, body.into())).await;
        }
        let error = json!({"type": "document_parsing_exception", "reason": "object field starting in a number"});
        axum::Json(json!({"errors": true, "items": [{"create": {"status": 400, "error": error}}]}))
            .into_response()
    };
    let served = router(logs.clone()).layer(Extension(Scope::all())).layer(from_fn(picky));
    drop(url);
    let behind = Behind::of(&serve(served).await).await;
    let line = format!(
        "{{\"create\":{{\"_index\":\"logs\"}}}}\n{}\n",
        json!({"@timestamp": "2026-11-24T10:00:00Z", "message": "m", "namespace": "red", "fields": {"size": {"x": 1}}})
    );
    let (status, answer) = behind.call(&Scope::all(), "POST", "/_bulk?refresh=true", &line).await;
    assert_eq!((status, &answer["errors"]), (StatusCode::OK, &json!(false)), "{answer}");
    let (_, found) = behind.call(&Scope::all(), "POST", "/logs/_search", "{}").await;
    assert_eq!(
        found["hits"]["hits"][0]["_source"]["fields"]["as_text"], r#"{"size":{"x":1}}"#,
        "{found}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_client_works_over_another_engine() {
    let Some(python) = std::env::var_os("DAIS_TEST_PYTHON") else {
        eprintln!("skipped: DAIS_TEST_PYTHON names no interpreter");
        return;
    };
    let theirs = Theirs::new().await;
    let behind = Behind::of(&theirs.url).await;
    let url = serve(router(behind.engine.clone()).layer(Extension(Scope::all()))).await;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/elasticsearch_client.py");
    let output =
        tokio::process::Command::new(python).args([script, &url, "dais-"]).output().await.unwrap();
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.contains("all held"), "{out}\n{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tail_over_another_engine_tells_what_arrives_once() {
    use futures::StreamExt;
    use tower::ServiceExt;
    let theirs = Theirs::new().await;
    let behind = Behind::of(&theirs.url).await;
    let red = Scope::only(["red"]);
    let send = async |namespace: &str, message: &str| {
        let line = format!(
            "{{\"create\":{{\"_index\":\"logs\"}}}}\n{}\n",
            json!({"message": message, "namespace": namespace})
        );
        let (status, answer) =
            behind.call(&Scope::all(), "POST", "/_bulk?refresh=true", &line).await;
        assert_eq!((status, &answer["errors"]), (StatusCode::OK, &json!(false)), "{answer}");
    };
    send("red", "earlier").await;
    let request =
        axum::http::Request::get("/_tail?lines=10").body(axum::body::Body::empty()).unwrap();
    let app = router(behind.engine.clone()).layer(Extension(red));
    let mut told = app.oneshot(request).await.unwrap().into_body().into_data_stream();
    send("blue", "not yours").await;
    send("red", "later").await;
    let mut text = String::new();
    let read = async {
        while !text.contains("later") {
            text += &String::from_utf8_lossy(&told.next().await.unwrap().unwrap());
        }
    };
    tokio::time::timeout(PATIENCE, read).await.unwrap();
    assert_eq!(text.matches("\"earlier\"").count(), 1, "{text}");
    assert!(!text.contains("not yours"), "{text}");
    // Nothing again at the next turn: the next line is the next event.
    send("red", "last").await;
    let mut rest = String::new();
    let read = async {
        while !rest.contains("last") {
            rest += &String::from_utf8_lossy(&told.next().await.unwrap().unwrap());
        }
    };
    tokio::time::timeout(PATIENCE, read).await.unwrap();
    assert!(!rest.contains("later") && !rest.contains("earlier"), "{rest}");
}
