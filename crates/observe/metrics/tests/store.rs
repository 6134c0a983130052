//! The store on real files: what is appended is there again after a crash, in blocks,
//! past torn ends; and is gone after its time.

#![allow(clippy::unwrap_used)]

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use dais_metrics::promql::Source;
use dais_metrics::{Config, Labels, STALE, Sample, Store, is_marker};
use promql_parser::label::{MatchOp, Matcher};

const HOUR: i64 = 3_600_000;
const CHILD_DIRECTORY: &str = "DAIS_METRICS_TEST_APPEND_IN";

fn named(name: &str, host: &str) -> Labels {
    Labels::new([("__name__", name), ("host", host)])
}

fn all() -> Vec<Matcher> {
    vec![Matcher::new(MatchOp::NotEqual, "__name__", "")]
}

/// A sample a minute for so many hours, on three hosts.
fn fill(store: &Store, hours: i64) {
    for minute in 0..hours * 60 {
        let sample = Sample { time: minute * 60_000, value: minute as f64 };
        let batch = ["a", "b", "c"].map(|host| (named("load", host), sample));
        store.append(batch.to_vec()).unwrap();
    }
}

fn values(store: &Store, host: &str) -> Vec<f64> {
    let matchers = [Matcher::new(MatchOp::Equal, "host", host)];
    let found = store.select(&matchers, i64::MIN, i64::MAX).unwrap();
    assert!(found.len() <= 1);
    found.into_iter().flat_map(|series| series.samples).map(|sample| sample.value).collect()
}

fn counting(count: i64) -> Vec<f64> {
    (0..count).map(|value| value as f64).collect()
}

#[test]
fn samples_are_the_same_from_memory_from_the_log_and_from_blocks() {
    let directory = tempfile::tempdir().unwrap();
    let config = || Config::new(directory.path());
    let store = Store::open(config()).unwrap();
    fill(&store, 7);
    assert_eq!(values(&store, "b"), counting(420));
    drop(store);
    let store = Store::open(config()).unwrap();
    assert_eq!(values(&store, "b"), counting(420), "from the log");
    store.keep_house(7 * HOUR).unwrap();
    let (series, blocks, _) = store.sizes();
    assert_eq!((series, blocks), (3, 3), "six hours are in blocks");
    assert_eq!(values(&store, "b"), counting(420), "from blocks and memory");
    drop(store);
    let store = Store::open(config()).unwrap();
    assert_eq!(values(&store, "b"), counting(420), "after both");
    let middle = store.select(&all(), HOUR, 2 * HOUR).unwrap();
    assert!(middle.len() == 3 && middle.iter().all(|series| series.samples.len() == 61));
    assert_eq!(store.label_sets(&all(), 0, HOUR).unwrap().len(), 3);
    assert!(store.label_sets(&all(), 100 * HOUR, 101 * HOUR).unwrap().is_empty());
}

#[test]
fn old_blocks_go() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(Config {
        keep: Duration::from_secs(4 * 3_600),
        ..Config::new(directory.path())
    })
    .unwrap();
    fill(&store, 9);
    store.keep_house(9 * HOUR).unwrap();
    let kept = values(&store, "a");
    assert_eq!(kept.first(), Some(&240.0), "blocks that ended more than four hours ago are gone");
    assert_eq!(kept.last(), Some(&539.0));
}

#[test]
fn a_crash_between_block_and_log_doubles_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let wal = directory.path().join("wal");
    let store = Store::open(Config::new(directory.path())).unwrap();
    fill(&store, 4);
    store.sync().unwrap();
    let before = fs::read(&wal).unwrap();
    store.keep_house(4 * HOUR).unwrap();
    drop(store);
    fs::write(&wal, before).unwrap();
    let store = Store::open(Config::new(directory.path())).unwrap();
    assert_eq!(values(&store, "c"), counting(240));
    store.keep_house(4 * HOUR).unwrap();
    assert_eq!((values(&store, "c"), store.sizes().1), (counting(240), 1));
}

#[test]
fn a_torn_log_loses_its_end_alone() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(Config::new(directory.path())).unwrap();
    fill(&store, 1);
    drop(store);
    let path = directory.path().join("wal");
    let length = fs::metadata(&path).unwrap().len();
    OpenOptions::new().write(true).open(&path).unwrap().set_len(length - 3).unwrap();
    let store = Store::open(Config::new(directory.path())).unwrap();
    assert_eq!(values(&store, "a"), counting(59));
    // What follows the torn end is read again too.
    store.append(vec![(named("load", "a"), Sample { time: HOUR, value: 1.0 })]).unwrap();
    drop(store);
    OpenOptions::new().append(true).open(&path).unwrap().write_all(&[7; 40]).unwrap();
    let store = Store::open(Config::new(directory.path())).unwrap();
    assert_eq!(values(&store, "a").len(), 60);
}

#[test]
fn a_damaged_block_is_said_to_be_one() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(Config::new(directory.path())).unwrap();
    fill(&store, 4);
    store.keep_house(4 * HOUR).unwrap();
    drop(store);
    let block =
        fs::read_dir(directory.path().join("blocks")).unwrap().next().unwrap().unwrap().path();
    let mut content = fs::read(&block).unwrap();
    let middle = content.len() - 40;
    content[middle] ^= 0xff;
    fs::write(&block, content).unwrap();
    let store = Store::open(Config::new(directory.path())).unwrap();
    let error = store.select(&all(), 0, HOUR).unwrap_err().to_string();
    assert!(error.contains("damaged"), "{error}");
}

#[test]
fn late_samples_are_left_out_and_markers_kept() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(Config::new(directory.path())).unwrap();
    for (time, value) in [(1000, 1.0), (500, 9.0), (1000, 9.0), (2000, STALE), (3000, 3.0)] {
        store.append(vec![(named("x", "a"), Sample { time, value })]).unwrap();
    }
    let kept = values(&store, "a");
    assert!(kept.len() == 3 && kept[0] == 1.0 && is_marker(kept[1]) && kept[2] == 3.0, "{kept:?}");
}

/// Not a test of its own: the process that `synced_samples_survive_sigkill` kills.
#[test]
fn child_appends_until_killed() {
    let Some(directory) = std::env::var_os(CHILD_DIRECTORY) else { return };
    let directory = Path::new(&directory);
    let store = Store::open(Config::new(directory.join("store"))).unwrap();
    let first = values(&store, "a").len() as i64;
    let mut acknowledged =
        OpenOptions::new().create(true).append(true).open(directory.join("acknowledged")).unwrap();
    for number in first.. {
        store
            .append(vec![(
                named("load", "a"),
                Sample { time: number * 1000, value: number as f64 },
            )])
            .unwrap();
        store.sync().unwrap();
        writeln!(acknowledged, "{number}").unwrap();
    }
}

#[test]
fn synced_samples_survive_sigkill() {
    let directory = tempfile::tempdir().unwrap();
    for round in 0..4 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_appends_until_killed", "--nocapture"])
            .env(CHILD_DIRECTORY, directory.path())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(100 + 70 * round));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let acknowledged =
        fs::read_to_string(directory.path().join("acknowledged")).unwrap().lines().count() as i64;
    let store = Store::open(Config::new(directory.path().join("store"))).unwrap();
    let kept = values(&store, "a");
    assert!(
        acknowledged > 0 && kept.len() as i64 >= acknowledged,
        "{acknowledged} acknowledged, {} kept",
        kept.len()
    );
    assert_eq!(kept, counting(kept.len() as i64));
}
