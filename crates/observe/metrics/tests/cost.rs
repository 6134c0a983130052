//! What series and samples cost. Ignored: figures are read by people, from a release
//! build: `cargo test --release -p dais-metrics --test cost -- --ignored --nocapture`.

#![allow(clippy::unwrap_used)]

use dais_metrics::{Config, Labels, Sample, Store};

const SERIES: usize = 200_000;
const SCRAPES: i64 = 480;
const INTERVAL: i64 = 15_000;

fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = statm.split_whitespace().nth(1).unwrap().parse().unwrap();
    pages * 4096
}

/// As cAdvisor's: eight labels, of which one tells pods apart.
fn labels(number: usize) -> Labels {
    Labels::new([
        ("__name__", format!("container_metric_{}_total", number % 50)),
        ("container", "main".into()),
        ("id", format!("/kubepods/pod-{}", number / 50)),
        ("image", "registry/image:1".into()),
        ("instance", "node-1".into()),
        ("job", "cadvisor".into()),
        ("namespace", format!("project-{}", number / 5000)),
        ("pod", format!("job-{}", number / 50)),
    ])
}

#[test]
#[ignore = "prints figures"]
fn bytes_of_a_series_and_of_a_sample() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(Config::new(directory.path())).unwrap();
    let before = resident_bytes();
    let all: Vec<Labels> = (0..SERIES).map(labels).collect();
    let first = Sample { time: 0, value: 0.0 };
    store.append(all.iter().map(|labels| (labels.clone(), first)).collect()).unwrap();
    println!("{} bytes in memory per series", (resident_bytes() - before) / SERIES as u64);
    for scrape in 1..=SCRAPES {
        let time = scrape * INTERVAL;
        // Counters that rise unevenly, a tenth of them.
        let value = |number: usize| (scrape * (number as i64 % 97) * (scrape % 7)) as f64;
        let batch = all.iter().enumerate().take(SERIES / 10);
        let batch = batch.map(|(at, labels)| (labels.clone(), Sample { time, value: value(at) }));
        store.append(batch.collect()).unwrap();
    }
    store.keep_house(SCRAPES * INTERVAL * 2).unwrap();
    let (_, blocks, bytes) = store.sizes();
    let samples = SERIES as u64 + (SERIES as u64 / 10) * SCRAPES as u64;
    println!("{:.2} bytes on disk per sample, in {blocks} blocks", bytes as f64 / samples as f64);
}
