//! What a line costs from its document to the disk, and how long searches take.
//! Run it alone and optimised:
//! `cargo test --release -p dais-logs --test cost -- --ignored --nocapture`.
//! `DAIS_LOGS_LINES` says over how many lines; two million when unset.

#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use dais_logs::{Config, Entry, Logs, Scope};
use serde_json::{Value, json};

const BATCH: u64 = 1000;
const REPEATS: usize = 9;
/// Two weeks of lines, in order.
const START: i64 = 1_795_514_400_000_000_000;
const SPAN: i64 = 14 * 86_400 * 1_000_000_000;

const SEVERITIES: [&str; 8] = ["info", "info", "info", "info", "debug", "info", "warn", "error"];
const PATHS: [&str; 4] = ["/v2/models/digits/infer", "/api/login", "/healthz", "/v1/chat"];

fn entry(number: u64, of: u64) -> Entry {
    let random = |salt: u64| {
        let mixed = (number + salt).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed ^ (mixed >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 20
    };
    let timestamp = START + (SPAN as i128 * number as i128 / of as i128) as i64;
    let app = format!("app-{}", random(1) % 200);
    let severity = SEVERITIES[(random(2) % 8) as usize];
    // One line in ten thousand has the word that is looked for.
    let outcome = if random(3) % 10_000 == 0 { "deadlock" } else { "done" };
    let message = format!(
        "{severity} request {:012x} {} took {} ms by worker-{} of batch {}: {outcome}",
        random(4),
        PATHS[(random(5) % 4) as usize],
        random(6) % 5000,
        random(7) % 64,
        random(8) % 100_000,
    );
    let source = json!({
        "@timestamp": timestamp / 1_000_000, "message": message, "severity": severity, "stream": "stdout",
        "namespace": format!("team-{}", random(9) % 20), "pod": format!("{app}-7d9f8-{}", random(10) % 8),
        "container": "main", "node": format!("n{}", random(11) % 16), "app": app, "workspace": "vision",
    });
    Entry::new("logs", source.as_object().unwrap().clone(), 0).unwrap()
}

/// User and system time of the process.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(10 * ticks)
}

fn resident() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let lines =
        status.lines().filter(|line| line.starts_with("VmRSS") || line.starts_with("VmHWM"));
    lines.collect::<Vec<_>>().join(" ")
}

fn on_disk(directory: &std::path::Path) -> u64 {
    let entries = std::fs::read_dir(directory).unwrap().flatten();
    entries
        .map(|entry| match entry.metadata().unwrap() {
            metadata if metadata.is_dir() => on_disk(&entry.path()),
            metadata => metadata.len(),
        })
        .sum()
}

fn searches() -> Vec<(&'static str, Value)> {
    let newest = json!([{"@timestamp": "desc"}, {"_seq_no": "desc"}]);
    let word_and_app = json!({"bool": {"filter": [
        {"match_phrase": {"message": "deadlock"}}, {"term": {"app": "app-7"}}]}});
    let common =
        json!({"bool": {"filter": [{"match": {"message": "took"}}, {"term": {"app": "app-7"}}]}});
    let bars = json!({"bars": {"date_histogram": {"field": "@timestamp", "fixed_interval": "6h", "time_zone": "Asia/Shanghai"},
        "aggs": {"severity": {"terms": {"field": "severity"}}}}});
    vec![
        (
            "rare word and app, first page",
            json!({"query": word_and_app, "size": 100, "sort": newest}),
        ),
        ("common word and app, first page", json!({"query": common, "size": 100, "sort": newest})),
        ("common word and app, histogram", json!({"query": common, "size": 0, "aggs": bars})),
        (
            "rare word alone, first page",
            json!({"query": {"match": {"message": "deadlock"}}, "size": 100, "sort": newest}),
        ),
        (
            "beginning of a word and app",
            json!({"query": {"query_string": {"query": "deadl* AND app:app-7"}}, "size": 100, "sort": newest}),
        ),
        (
            "everything, newest page without total",
            json!({"size": 100, "sort": newest, "track_total_hits": false}),
        ),
        ("everything, newest page", json!({"size": 100, "sort": newest})),
        ("everything, histogram by severity", json!({"size": 0, "aggs": bars})),
        (
            "everything, applications",
            json!({"size": 0, "aggs": {"apps": {"terms": {"field": "app"}}}}),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures; minutes"]
async fn lines_and_searches_cost() {
    let count: u64 =
        std::env::var("DAIS_LOGS_LINES").map_or(2_000_000, |text| text.parse().unwrap());
    let directory = tempfile::tempdir().unwrap();
    let mut config = Config::new(directory.path());
    config.keep = Duration::from_secs(u32::MAX.into());
    let logs = Logs::open(config).unwrap();

    let (mut bytes, mut generating) = (0, Duration::ZERO);
    let (started, before) = (Instant::now(), processor_time());
    for batch in 0..count / BATCH {
        let began = Instant::now();
        let entries: Vec<Entry> =
            (batch * BATCH..(batch + 1) * BATCH).map(|number| entry(number, count)).collect();
        bytes += entries
            .iter()
            .map(|entry| entry.source["message"].as_str().unwrap().len())
            .sum::<usize>();
        generating += began.elapsed();
        logs.ingest(entries).await.unwrap();
    }
    logs.flush().await.unwrap();
    let spent = (processor_time() - before).saturating_sub(generating).as_secs_f64();
    let megabytes = bytes as f64 / 1e6;
    println!(
        "ingest: {count} lines, {megabytes:.0} MB of text in {:.1} s; {:.1} MB and {:.0} lines per cpu-second; {:.0} bytes a line on disk ({:.0} of text); {}",
        started.elapsed().as_secs_f64(),
        megabytes / spent,
        count as f64 / spent,
        on_disk(directory.path()) as f64 / count as f64,
        bytes as f64 / count as f64,
        resident(),
    );
    for (name, body) in searches() {
        let mut times = Vec::new();
        let mut total = Value::Null;
        for _ in 0..REPEATS {
            let began = Instant::now();
            let answer = logs
                .search("logs", &body, &Scope::only(["team-1", "team-2", "team-3", "team-4"]))
                .unwrap();
            times.push(began.elapsed().as_secs_f64() * 1000.0);
            total = answer["hits"]["total"]["value"].clone();
        }
        let first = times[0];
        times.sort_by(f64::total_cmp);
        println!(
            "search: {name}: median {:.1} ms, first {first:.1} ms, of {total}",
            times[REPEATS / 2]
        );
    }
    println!("after searching: {}", resident());
}
