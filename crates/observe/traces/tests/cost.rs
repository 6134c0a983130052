//! What a gateway's span costs, from its fields to the disk. Run it alone and optimised:
//! `cargo test --release -p dais-traces --test cost -- --ignored --nocapture`.

#![allow(clippy::unwrap_used)]

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use dais_traces::{Attributes, Config, Kind, NAMESPACE, Query, Scope, Span, Traces};

const SPANS: u64 = 400_000;
/// The gateway hands over what a tenth of a second brought.
const BATCH: u64 = 2_000;

fn gateway_span(number: u64) -> Span {
    static GATEWAY: LazyLock<Arc<Attributes>> =
        LazyLock::new(|| Attributes::from([("service.name", "gateway".into())]).into());
    static NAMES: LazyLock<[Arc<str>; 3]> =
        LazyLock::new(|| ["digits", "ana", "red"].map(Arc::from));
    let random = |salt: u64| (number + salt).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31);
    let random = |salt| random(salt).wrapping_mul(0xbf58_476d_1ce4_e5b9) ^ random(salt + 7);
    let [service, user, namespace] = &*NAMES;
    let mut trace_id = [0; 16];
    trace_id[..8].copy_from_slice(&random(1).to_be_bytes());
    trace_id[8..].copy_from_slice(&random(2).to_be_bytes());
    Span {
        trace_id,
        span_id: random(3).to_be_bytes(),
        parent: None,
        name: "POST /v2/models/digits/infer".into(),
        kind: Kind::Server,
        start: 1_795_514_400_000_000_000 + number as i64 * 50_000 + (random(4) % 40_000) as i64,
        duration: 200_000 + (random(5) % 2_000_000) as i64,
        error: None,
        attributes: Attributes::from([
            ("http.request.method", "POST".into()),
            ("http.response.status_code", 200.into()),
            ("url.path", String::from("/v2/models/digits/infer").into()),
            ("dais.user", user.clone().into()),
            ("dais.app", service.clone().into()),
            (NAMESPACE, namespace.clone().into()),
        ]),
        resource: GATEWAY.clone(),
        events: Vec::new(),
    }
}

/// User and system time of the process, in ticks of 10 ms.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(10 * ticks)
}

fn resident() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    status.lines().filter(|line| line.starts_with("VmRSS") || line.starts_with("VmHWM")).collect()
}

#[tokio::test]
#[ignore = "a measurement"]
async fn a_gateways_span() {
    let directory = tempfile::tempdir().unwrap();
    let keep = Duration::from_secs(86_400 * 36_500);
    let config = Config { keep, ..Config::new(directory.path()) };
    let traces = Traces::open(config).unwrap();
    println!("empty: {}", resident());
    let (processor, wall) = (processor_time(), Instant::now());
    for batch in 0..SPANS / BATCH {
        traces.ingest((batch * BATCH..(batch + 1) * BATCH).map(gateway_span).collect()).unwrap();
        if batch % 5 == 4 {
            traces.flush().await.unwrap();
        }
    }
    let (processor, wall) = (processor_time() - processor, wall.elapsed());
    let micros = |time: Duration| time.as_secs_f64() * 1e6 / SPANS as f64;
    println!("processor {:.2} µs, wall {:.2} µs a span", micros(processor), micros(wall));
    println!("full: {}", resident());
    let bytes: u64 = std::fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum();
    println!("{:.1} bytes a span on disk", bytes as f64 / SPANS as f64);
    let scope = Scope::only(["red"]);
    let timed = |what: &str, ask: &dyn Fn() -> usize| {
        let begun = Instant::now();
        let found = ask();
        println!("{what}: {found} in {:?}", begun.elapsed());
        found
    };
    let middle = gateway_span(SPANS / 2).trace_id;
    assert_eq!(timed("trace", &|| traces.trace(middle, &scope).unwrap().len()), 1);
    let query = Query { from: i64::MIN, to: i64::MAX, limit: 100, ..Query::default() };
    assert_eq!(timed("search", &|| traces.search(&query, &scope).unwrap().len()), 100);
    let tags = vec![("url.path".into(), "/nowhere".into())];
    let query = Query { tags, ..query };
    assert_eq!(timed("search in vain", &|| traces.search(&query, &scope).unwrap().len()), 0);
    timed("dependencies", &|| traces.dependencies(0, i64::MAX, &scope).unwrap().len());
}
