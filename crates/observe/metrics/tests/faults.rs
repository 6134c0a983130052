//! A disk that fills up: what was answered with success is there afterwards, once.

#![allow(clippy::unwrap_used)]

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use axum::body::Body;
use axum::http::{Request, StatusCode};
use dais_metrics::promql::Source;
use dais_metrics::{Config, Ingest, Metadata, Scope, Store, ingest_router, now};
use serde_json::{Value, json};
use tower::ServiceExt;

/// A small file system of its own.
struct Disk(tempfile::TempDir);

impl Disk {
    /// `None` where mounting is not allowed.
    fn mount(size: &str) -> Option<Disk> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "none"]).arg(folder.path());
        let is_mounted = mount.stderr(Stdio::null()).status().is_ok_and(|status| status.success());
        is_mounted.then_some(Disk(folder))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0.path()).status();
    }
}

/// Sends one sample of each of some series, the same ones each time.
async fn send(store: &Store, time: i64) -> StatusCode {
    let point = |number: usize| {
        json!({"asDouble": time as f64 + number as f64, "timeUnixNano": format!("{time}000000"),
            "attributes": [{"key": "n", "value": {"stringValue": number.to_string()}}]})
    };
    let points: Vec<Value> = (0..500).map(point).collect();
    let body = json!({"resourceMetrics": [{"scopeMetrics": [{"metrics": [
        {"name": "sent", "gauge": {"dataPoints": points}}]}]}]});
    let request = Request::post("/v1/metrics").header("content-type", "application/json");
    let ingest = Ingest { store: store.clone(), metadata: Metadata::default(), reserved: &[] };
    let app = ingest_router(ingest).layer(axum::Extension(Scope::all()));
    app.oneshot(request.body(Body::from(body.to_string())).unwrap()).await.unwrap().status()
}

/// Times of all samples, which each series has alike.
fn kept(store: &Store) -> Vec<i64> {
    let all = store.select(&[], i64::MIN, i64::MAX).unwrap();
    assert_eq!(all.len(), 500);
    let times = |at: usize| -> Vec<i64> { all[at].samples.iter().map(|one| one.time).collect() };
    assert!((0..500).all(|at| times(at) == times(0)), "each batch is there whole or not at all");
    times(0)
}

fn fill(path: &Path) {
    let mut file = File::create(path).unwrap();
    while file.write_all(&[7; 64]).is_ok() {}
}

#[tokio::test]
async fn a_full_disk_is_said_and_loses_nothing_that_was_acknowledged() {
    let Some(disk) = Disk::mount("4m") else {
        println!("skipped: mounting a file system needs root");
        return;
    };
    let directory = disk.0.path().join("metrics");
    let open = || Store::open(Config::new(&directory)).unwrap();
    let store = open();
    let start = now() - 8 * 3_600_000;
    let (mut acknowledged, mut refused) = (Vec::new(), 0);
    let mut time = start;
    let mut next = || {
        time += 15_000;
        time
    };
    for _ in 0..10 {
        let time = next();
        assert_eq!(send(&store, time).await, StatusCode::OK);
        acknowledged.push(time);
    }
    for round in 0..3 {
        let filler = disk.0.path().join(format!("filler-{round}"));
        fill(&filler);
        // What stands in a page that the log has already is taken.
        while refused <= 20 * round {
            let time = next();
            match send(&store, time).await {
                StatusCode::OK => acknowledged.push(time),
                status => {
                    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
                    refused += 1;
                }
            }
        }
        assert!(store.keep_house(now()).is_err(), "no block can be written either");
        assert_eq!(kept(&store), acknowledged, "questions are still answered");
        fs::remove_file(&filler).unwrap();
        for _ in 0..50 {
            let time = next();
            assert_eq!(send(&store, time).await, StatusCode::OK);
            acknowledged.push(time);
        }
        assert_eq!(kept(&store), acknowledged, "round {round}");
    }
    drop(store);
    let store = open();
    assert_eq!(kept(&store), acknowledged, "from the log");
    store.keep_house(now()).unwrap();
    assert!(store.sizes().1 > 0);
    assert_eq!(kept(&store), acknowledged, "from blocks");
}
