//! The store on real files: what is appended is there again after a crash, in blocks,
//! past torn ends; and is gone after its time.

#![allow(clippy::unwrap_used)]

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use dais_metrics::promql::Source;
use dais_metrics::{Config, Labels, Refusal, STALE, Sample, Store, is_marker};
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
fn a_damaged_block_is_set_aside_and_the_rest_serves() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(Config::new(directory.path())).unwrap();
    fill(&store, 8);
    store.keep_house(8 * HOUR).unwrap();
    assert_eq!(store.sizes().1, 3);
    drop(store);
    let mut blocks: Vec<_> = fs::read_dir(directory.path().join("blocks"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    blocks.sort();
    let (first, last) = (&blocks[0], &blocks[2]);
    let mut content = fs::read(first).unwrap();
    let middle = content.len() - 40;
    content[middle] ^= 0xff;
    fs::write(first, content).unwrap();
    let length = fs::metadata(last).unwrap().len();
    OpenOptions::new().write(true).open(last).unwrap().set_len(length / 2).unwrap();
    let store = Store::open(Config::new(directory.path())).unwrap();
    assert_eq!(store.sizes().1, 1);
    let kept = values(&store, "a");
    assert_eq!(kept.len(), 240, "two hours of a block and two of the log");
    assert!(first.with_extension("damaged").exists() && last.with_extension("damaged").exists());
}

#[test]
fn late_samples_within_the_window_are_merged_and_others_refused() {
    let directory = tempfile::tempdir().unwrap();
    let config = || Config::new(directory.path());
    let store = Store::open(config()).unwrap();
    let put = |store: &Store, minute: i64, value: f64| {
        let sample = Sample { time: minute * 60_000, value };
        store.append(vec![(named("x", "a"), sample)]).unwrap().refused
    };
    for minute in [100, 105, 110] {
        assert_eq!(put(&store, minute, minute as f64), []);
    }
    assert_eq!(put(&store, 103, 103.0), []);
    assert_eq!(put(&store, 101, 101.0), []);
    assert_eq!(put(&store, 103, 103.0), [], "the same once more");
    assert_eq!(put(&store, 103, 9.0), [(0, Refusal::Duplicate)]);
    assert_eq!(put(&store, 110, 9.0), [(0, Refusal::Duplicate)]);
    assert_eq!(put(&store, 99, 99.0), [(0, Refusal::TooOld)]);
    assert_eq!(put(&store, 130, STALE), []);
    let expected = [100.0, 101.0, 103.0, 105.0, 110.0];
    let check = |store: &Store, from: &str| {
        let kept = values(store, "a");
        assert!(kept[..5] == expected && is_marker(kept[5]), "{from}: {kept:?}");
    };
    check(&store, "memory");
    drop(store);
    let store = Store::open(config()).unwrap();
    check(&store, "the log");
    store.keep_house(4 * HOUR).unwrap();
    assert_eq!(store.sizes().1, 1);
    check(&store, "a block and memory");
    // What is older than the block's end would stand in its way.
    let old = Sample { time: 0, value: 1.0 };
    let refused = store.append(vec![(named("new", "b"), old)]).unwrap().refused;
    assert_eq!((refused, store.sizes().0), (vec![(0, Refusal::TooOld)], 1));
}

#[test]
fn what_is_deleted_is_hidden_at_once_and_gone_after_cleaning() {
    let directory = tempfile::tempdir().unwrap();
    let config = || Config::new(directory.path());
    let store = Store::open(config()).unwrap();
    fill(&store, 7);
    store.keep_house(7 * HOUR).unwrap();
    let matchers = |host: &str| vec![Matcher::new(MatchOp::Equal, "host", host)];
    let (_, _, bytes) = store.sizes();
    store.delete(matchers("a"), HOUR, 6 * HOUR + 30 * 60_000).unwrap();
    let regex = regex::Regex::new("^(?:c|d)$").unwrap();
    let wanted = vec![Matcher::new(MatchOp::Re(regex), "host", "c|d")];
    store.delete(wanted, i64::MIN, i64::MAX).unwrap();
    let check = |store: &Store, when: &str| {
        let kept = values(store, "a");
        assert_eq!((kept.len(), kept[59], kept[60]), (89, 59.0, 391.0), "{when}");
        assert_eq!(values(store, "b"), counting(420), "{when}");
        assert_eq!(values(store, "c").len(), 0, "{when}");
        let hosts = store.label_sets(&all(), 2 * HOUR, 3 * HOUR).unwrap();
        assert_eq!(hosts.into_iter().collect::<Vec<_>>(), [named("load", "b")], "{when}");
    };
    check(&store, "at once");
    drop(store);
    let store = Store::open(config()).unwrap();
    check(&store, "after a restart");
    store.clean_tombstones().unwrap();
    check(&store, "cleaned");
    assert!(store.sizes().2 < bytes / 2, "{} of {bytes} bytes", store.sizes().2);
    drop(store);
    let store = Store::open(config()).unwrap();
    check(&store, "cleaned and restarted");
    store.append(vec![(named("load", "c"), Sample { time: 8 * HOUR, value: 1.0 })]).unwrap();
    assert_eq!(values(&store, "c"), [1.0], "what comes later was not deleted");
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
