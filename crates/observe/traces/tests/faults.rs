//! A process that is killed and a disk that fills up: what was flushed is found again.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use dais_traces::{Attributes, Config, Error, Scope, Span, Traces};

/// Names the directory to the process that is to be killed.
const VICTIM: &str = "DAIS_TRACES_VICTIM";
const TRACE: [u8; 16] = [7; 16];

fn open(directory: &Path) -> Traces {
    Traces::open(Config { keep: Duration::MAX, ..Config::new(directory) }).unwrap()
}

/// Some fifty of them fill a block.
fn span(number: u64) -> Span {
    let noise: String = (0..2_500).map(|at| format!("{:x}", at * (number + 1) * 7_919)).collect();
    Span {
        trace_id: TRACE,
        span_id: (number + 1).to_be_bytes(),
        name: format!("span {number}").into(),
        attributes: Attributes::from([("noise", noise.into())]),
        ..Span::default()
    }
}

fn found(traces: &Traces) -> BTreeSet<String> {
    let spans = traces.trace(TRACE, &Scope::all()).unwrap();
    spans.iter().map(|span| span.name.to_string()).collect()
}

/// Not a test by itself: stores spans and tells of each that was flushed, until it is
/// killed by [`what_was_flushed_survives_a_kill_at_any_moment`].
#[tokio::test]
#[ignore = "run by another test, which kills it"]
async fn victim() {
    let Some(directory) = std::env::var_os(VICTIM).map(PathBuf::from) else { return };
    let traces = open(&directory);
    let first = found(&traces).len() as u64;
    let mut out = std::io::stdout();
    for number in first.. {
        traces.ingest(vec![span(number)]).unwrap();
        traces.flush().await.unwrap();
        writeln!(out, "\nflushed span {number}").unwrap();
    }
}

#[test]
fn what_was_flushed_survives_a_kill_at_any_moment() {
    let directory = tempfile::tempdir().unwrap();
    let mut flushed = BTreeSet::new();
    for round in 1..=8 {
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "victim", "--ignored", "--nocapture"])
            .env(VICTIM, directory.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(victim.stdout.take().unwrap()).lines();
        let told = lines
            .map_while(Result::ok)
            .filter_map(|line| line.strip_prefix("flushed ").map(str::to_owned));
        // Other numbers each time, so that it dies at other points of a block's life.
        flushed.extend(told.take(11 * round));
        victim.kill().unwrap();
        victim.wait().unwrap();
        let traces = open(directory.path());
        let lost: Vec<_> = flushed.difference(&found(&traces)).cloned().collect();
        assert!(lost.is_empty(), "round {round}: {lost:?}");
    }
    let blocks = fs::read_dir(directory.path()).unwrap().filter(|entry| {
        let path = entry.as_ref().unwrap().path();
        path.extension().is_some_and(|extension| extension == "block")
    });
    assert!(blocks.count() >= 2, "the kills fell into several blocks");
}

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

#[tokio::test]
async fn a_full_disk_is_said_and_loses_nothing_that_was_flushed() {
    let Some(disk) = Disk::mount("8m") else {
        println!("skipped: mounting a file system needs root");
        return;
    };
    let directory = disk.0.path().join("traces");
    let traces = open(&directory);
    traces.ingest(vec![span(0)]).unwrap();
    traces.flush().await.unwrap();

    let filler = disk.0.path().join("filler");
    let mut file = File::create(&filler).unwrap();
    while file.write_all(&[7; 4096]).is_ok() {}
    drop(file);
    traces.ingest((1..10).map(span).collect()).unwrap();
    let error = traces.flush().await.unwrap_err();
    assert!(matches!(error, Error::NotWritten), "{error}");
    assert!(error.to_string().contains("disk"), "{error}");
    assert_eq!(found(&traces).len(), 10, "questions are still answered");

    fs::remove_file(&filler).unwrap();
    traces.flush().await.unwrap();
    drop(traces);
    assert_eq!(found(&open(&directory)).len(), 10);
}
