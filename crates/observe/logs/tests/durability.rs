//! What was acknowledged is there exactly once after a SIGKILL, and after a disk
//! that refused for a while.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use dais_logs::{Config, Entry, Error, Logs, Scope};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::{Value, json};

const CHILD_DIRECTORY: &str = "DAIS_LOGS_TEST_WRITE_IN";

fn lines(from: u64, count: u64) -> Vec<Entry> {
    let line = |number: u64| {
        let source =
            json!({"message": format!("line {number}"), "namespace": "a", "fields": {"n": number}});
        Entry::new("logs", source.as_object().unwrap().clone(), 1_795_514_400_000_000_000).unwrap()
    };
    (from..from + count).map(line).collect()
}

fn open(directory: &Path, commit_every: Duration) -> Logs {
    let mut config = Config::new(directory);
    config.commit_every = commit_every;
    Logs::open(config).unwrap()
}

/// How often each numbered line is in the store.
fn numbers(logs: &Logs) -> BTreeMap<u64, u64> {
    let body = json!({"size": 0, "aggs": {"n": {"terms": {"field": "fields.n", "size": 65_536}}}});
    let answer = logs.search("_all", &body, &Scope::all()).unwrap();
    let buckets = answer["aggregations"]["n"]["buckets"].as_array().unwrap().clone();
    let pair =
        |bucket: Value| (bucket["key"].as_u64().unwrap(), bucket["doc_count"].as_u64().unwrap());
    buckets.into_iter().map(pair).collect()
}

fn assert_once(logs: &Logs, acknowledged: u64) {
    let found = numbers(logs);
    let missing: Vec<u64> =
        (0..acknowledged).filter(|number| !found.contains_key(number)).collect();
    assert!(missing.is_empty(), "lost {} of {acknowledged}: {missing:?}", missing.len());
    assert!(found.values().all(|times| *times == 1), "stored twice");
}

fn spawn(test: &str, directory: &Path) -> Child {
    // Beyond a file size limit the kernel sends a signal; ignored, it is an error as of a full disk.
    Command::new("sh")
        .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(CHILD_DIRECTORY, directory)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The last number that a child printed after `acknowledged`.
fn last_acknowledged(child: &mut Child, enough: u64) -> u64 {
    let mut last = 0;
    for line in BufReader::new(child.stdout.as_mut().unwrap()).lines() {
        let line = line.unwrap();
        if let Some(number) = line.strip_prefix("acknowledged ") {
            last = number.parse().unwrap();
            if last >= enough {
                return last;
            }
        }
    }
    last
}

fn tell(acknowledged: u64) {
    let mut out = std::io::stdout();
    writeln!(out, "acknowledged {acknowledged}").unwrap();
    out.flush().unwrap();
}

/// Not a test of its own: the process that `a_killed_store_…` kills.
#[tokio::test]
async fn child_takes_lines_until_killed() {
    let Some(directory) = std::env::var_os(CHILD_DIRECTORY) else { return };
    let logs = open(Path::new(&directory), Duration::from_millis(20));
    let mut acknowledged = numbers(&logs).len() as u64;
    println!();
    loop {
        logs.ingest(lines(acknowledged, 7)).await.unwrap();
        acknowledged += 7;
        tell(acknowledged);
    }
}

#[test]
fn a_killed_store_has_all_that_it_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    let mut acknowledged = 0;
    for round in 1..=5 {
        let mut child = spawn("child_takes_lines_until_killed", directory.path());
        acknowledged = last_acknowledged(&mut child, acknowledged + 300 * round);
        child.kill().unwrap();
        child.wait().unwrap();
        let logs = open(directory.path(), Duration::from_secs(3600));
        assert_once(&logs, acknowledged);
    }
    assert!(acknowledged >= 4500);
}

fn limit_files(bytes: Option<u64>) {
    let maximum = getrlimit(Resource::Fsize).maximum;
    setrlimit(Resource::Fsize, Rlimit { current: bytes.or(maximum), maximum }).unwrap();
}

/// Not a test of its own: its disk is full for a while.
#[tokio::test]
async fn child_writes_to_a_full_disk() {
    let Some(directory) = std::env::var_os(CHILD_DIRECTORY) else { return };
    let logs = open(Path::new(&directory), Duration::from_secs(3600));
    println!();
    logs.ingest(lines(0, 100)).await.unwrap();
    logs.flush().await.unwrap();

    // No room in the journal: refused at once, nothing kept.
    limit_files(Some(512));
    let refused = logs.ingest(lines(1000, 100)).await;
    assert!(matches!(refused, Err(Error::Full(_))), "{refused:?}");
    limit_files(None);
    logs.ingest(lines(100, 100)).await.unwrap();

    // No room for the commit: what was accepted waits, what comes is refused.
    limit_files(Some(64));
    let flushed = logs.flush().await;
    assert!(matches!(flushed, Err(Error::Full(_))), "{flushed:?}");
    let refused = logs.ingest(lines(2000, 1)).await;
    assert!(matches!(refused, Err(Error::Full(_))), "{refused:?}");
    limit_files(None);
    while logs.ingest(lines(200, 50)).await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tell(250);
    std::future::pending().await
}

#[test]
fn a_full_disk_refuses_and_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let mut child = spawn("child_writes_to_a_full_disk", directory.path());
    let acknowledged = last_acknowledged(&mut child, 250);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(acknowledged, 250, "the child failed");
    let logs = open(directory.path(), Duration::from_secs(3600));
    assert_once(&logs, 250);
    assert_eq!(numbers(&logs).len(), 250, "refused lines were stored");
}
