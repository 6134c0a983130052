//! What is scraped: metrics of every kind over most of an hour, as exposition text with
//! explicit times. The same every run but for the time at which it starts.

use std::fmt::Write;

/// Milliseconds between a series' samples.
const INTERVAL: i64 = 15_000;
const SAMPLES: i64 = 192;
const PAGES: i64 = 6;

/// What a counter has counted when it is first seen. A counter that is seen from its
/// very beginning is one of the differences between the versions.
const SEEN_BEFORE: f64 = 2_000.0;

/// A series, and its value at each of its samples; `None` is a gap.
struct Exposed {
    name: String,
    value: Box<dyn Fn(i64) -> Option<f64>>,
}

/// Pages in order of time. No sample is at a whole second, so that none is on the
/// boundary of a range or of the look-back of a query that speaks of whole seconds.
pub fn pages(start: i64) -> Vec<String> {
    let series = series();
    let mut pages = Vec::new();
    for page in 0..PAGES {
        let mut text = String::new();
        for sample in page * SAMPLES / PAGES..(page + 1) * SAMPLES / PAGES {
            for (index, exposed) in series.iter().enumerate() {
                let Some(value) = (exposed.value)(sample) else { continue };
                let time = start + sample * INTERVAL + 137 + (index as i64 * 7) % 700;
                writeln!(text, "{} {} {time}", exposed.name, number(value)).unwrap();
            }
        }
        pages.push(text);
    }
    pages
}

/// How long the pages span, in milliseconds.
pub fn span() -> i64 {
    SAMPLES * INTERVAL
}

fn number(value: f64) -> String {
    if value.is_nan() {
        "NaN".into()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf".into() } else { "-Inf".into() }
    } else {
        value.to_string()
    }
}

fn series() -> Vec<Exposed> {
    let mut all = Vec::new();
    let mut add = |name: String, value: Box<dyn Fn(i64) -> Option<f64>>| {
        all.push(Exposed { name, value });
    };
    for (m, method) in ["GET", "POST", "DELETE"].into_iter().enumerate() {
        for (c, code) in ["200", "404", "500", "503"].into_iter().enumerate() {
            for (p, path) in ["/a", "/b", "/c"].into_iter().enumerate() {
                let seed = (m * 100 + c * 10 + p) as u64;
                let name = format!(
                    "requests_total{{method=\"{method}\",code=\"{code}\",path=\"{path}\"}}"
                );
                add(name, counter(seed));
            }
        }
    }
    for room in 0..8 {
        let place = format!("room=\"{room}\",floor=\"{}\"", room / 3);
        add(format!("temperature_celsius{{{place}}}"), gauge(room));
        add(format!("limit_celsius{{{place}}}"), Box::new(move |_| Some(20.0 + room as f64)));
        let model = format!("{place},model=\"m{}\",serial=\"s{room}\"", room % 3);
        add(format!("sensor_info{{{model}}}"), Box::new(|_| Some(1.0)));
    }
    for floor in 0..2 {
        let name = format!("floor_offset{{floor=\"{floor}\"}}");
        add(name, Box::new(move |_| Some(floor as f64 / 2.0)));
    }
    for (kind, value) in odd() {
        add(format!("odd{{kind=\"{kind}\"}}"), value);
    }
    add("young_total".into(), Box::new(|at| (at >= 20).then(|| (at - 20) as f64 * 4.0 + 3.0)));
    for path in 0..4_u64 {
        for (index, bound) in ["0.05", "0.1", "0.5", "1", "+Inf"].into_iter().enumerate() {
            let name = format!("latency_seconds_bucket{{path=\"/{path}\",le=\"{bound}\"}}");
            add(name, bucket(path, index));
        }
        let name = format!("latency_seconds_count{{path=\"/{path}\"}}");
        add(name, bucket(path, 4));
        let total = bucket(path, 4);
        let name = format!("latency_seconds_sum{{path=\"/{path}\"}}");
        add(name, Box::new(move |sample| total(sample).map(|count| count * 0.31)));
    }
    for quantile in ["0.5", "0.9", "0.99"] {
        let seed = quantile.len() as u64;
        let name = format!("rpc_seconds{{quantile=\"{quantile}\"}}");
        add(name, Box::new(move |sample| Some(chance(seed, sample))));
    }
    all
}

/// Counts up by whole numbers, starts anew now and then, and is away for a while.
fn counter(seed: u64) -> Box<dyn Fn(i64) -> Option<f64>> {
    Box::new(move |sample| {
        let away = (seed as i64 * 13) % 150;
        if seed % 4 == 1 && (away..away + 30).contains(&sample) {
            return None;
        }
        let life = 40 + (seed as i64 * 7) % 90;
        let start = sample - sample % life;
        let counted: f64 = (start..=sample).map(|at| (chance(seed, at) * 9.0).floor()).sum();
        Some(SEEN_BEFORE + counted)
    })
}

/// Goes up and down around 20, below zero at times, and is away for single samples and
/// for longer than the look-back.
fn gauge(room: i64) -> Box<dyn Fn(i64) -> Option<f64>> {
    Box::new(move |sample| {
        let is_away = sample % 11 == room || (room == 3 && (60..90).contains(&sample));
        let swing = ((sample as f64) / (9.0 + room as f64)).sin() * 24.0;
        (!is_away).then(|| 20.0 + swing + chance(room as u64, sample))
    })
}

fn bucket(path: u64, index: usize) -> Box<dyn Fn(i64) -> Option<f64>> {
    Box::new(move |sample| {
        let life = 70 + 11 * path as i64;
        let start = sample - sample % life;
        let share = [0.2, 0.45, 0.8, 0.95, 1.0][index];
        let counted = |at: i64| ((chance(path, at) * 20.0 + 5.0) * share).floor();
        Some(SEEN_BEFORE * share + (start..=sample).map(counted).sum::<f64>())
    })
}

type Function = Box<dyn Fn(i64) -> Option<f64>>;

fn odd() -> Vec<(&'static str, Function)> {
    let of = |value: f64| -> Function { Box::new(move |_| Some(value)) };
    vec![
        ("nan", of(f64::NAN)),
        ("infinite", of(f64::INFINITY)),
        ("below", of(f64::NEG_INFINITY)),
        ("zero", of(0.0)),
        ("half", of(-2.5)),
        ("tiny", of(1.5e-9)),
        ("large", of(1.234e17)),
        ("sometimes", Box::new(|at| Some(if at % 5 == 2 { f64::NAN } else { at as f64 / 3.0 }))),
        ("whole", Box::new(|at| Some((at % 7) as f64 - 3.0))),
    ]
}

/// A number from 0 to 1 that looks random and is the same every time (splitmix64).
fn chance(seed: u64, at: i64) -> f64 {
    let mut bits = (seed << 32 ^ at as u64).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (bits ^ (bits >> 31)) as f64 / u64::MAX as f64
}
