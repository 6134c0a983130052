//! Counters in Prometheus's text format, under Triton's names where it has
//! them (so that its dashboards work), and a histogram of latency.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Upper bounds in seconds: from a small tree model to a large network on a CPU.
const BOUNDS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

const REASONS: [&str; 3] = ["REJECTED", "OVERLOADED", "BACKEND"];

#[derive(Default)]
pub(crate) struct Metrics {
    succeeded: AtomicU64,
    failed: [AtomicU64; REASONS.len()],
    /// Rows inferred: the length of the first axis of the first input.
    rows: AtomicU64,
    request_us: AtomicU64,
    queue_us: AtomicU64,
    compute_us: AtomicU64,
    buckets: [AtomicU64; BOUNDS.len()],
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

impl Metrics {
    pub fn succeed(&self, rows: usize, whole: Duration) {
        self.succeeded.fetch_add(1, Relaxed);
        self.rows.fetch_add(rows as u64, Relaxed);
        self.request_us.fetch_add(micros(whole), Relaxed);
        let seconds = whole.as_secs_f64();
        if let Some(bucket) = BOUNDS.iter().position(|bound| seconds <= *bound) {
            self.buckets[bucket].fetch_add(1, Relaxed);
        }
    }

    pub fn fail(&self, reason: &str) {
        if let Some(index) = REASONS.iter().position(|known| *known == reason) {
            self.failed[index].fetch_add(1, Relaxed);
        }
    }

    pub fn computed(&self, queued: Duration, computed: Duration) {
        self.queue_us.fetch_add(micros(queued), Relaxed);
        self.compute_us.fetch_add(micros(computed), Relaxed);
    }

    /// `labels` is `model="…",version="…"`, escaped.
    pub fn text(&self, labels: &str, pending: usize, info: &str) -> String {
        let mut to = Text { out: String::new(), labels };
        let get = |counter: &AtomicU64| counter.load(Relaxed);
        let succeeded = get(&self.succeeded);
        to.head("nv_inference_request_success", "counter", "Inference requests answered");
        to.line("nv_inference_request_success", "", succeeded);
        to.head(
            "nv_inference_request_failure",
            "counter",
            "Inference requests refused or failed, by reason",
        );
        for (reason, counter) in REASONS.iter().zip(&self.failed) {
            to.line("nv_inference_request_failure", &format!(",reason=\"{reason}\""), get(counter));
        }
        for (name, help, value) in [
            ("nv_inference_count", "Rows inferred", get(&self.rows)),
            ("nv_inference_exec_count", "Model executions", succeeded),
            (
                "nv_inference_request_duration_us",
                "Time in answered requests, in microseconds",
                get(&self.request_us),
            ),
            (
                "nv_inference_queue_duration_us",
                "Time waited for a free worker, in microseconds",
                get(&self.queue_us),
            ),
            (
                "nv_inference_compute_infer_duration_us",
                "Time computed, in microseconds",
                get(&self.compute_us),
            ),
        ] {
            to.head(name, "counter", help);
            to.line(name, "", value);
        }
        to.head("nv_inference_pending_request_count", "gauge", "Requests waiting or computing");
        to.line("nv_inference_pending_request_count", "", pending);
        to.head("inference_request_duration_seconds", "histogram", "Time in answered requests");
        let mut below = 0;
        for (bound, counter) in BOUNDS.iter().zip(&self.buckets) {
            below += get(counter);
            to.line(
                "inference_request_duration_seconds_bucket",
                &format!(",le=\"{bound}\""),
                below,
            );
        }
        to.line("inference_request_duration_seconds_bucket", ",le=\"+Inf\"", succeeded.max(below));
        to.line("inference_request_duration_seconds_sum", "", get(&self.request_us) as f64 / 1e6);
        to.line("inference_request_duration_seconds_count", "", succeeded.max(below));
        to.head("inference_model_info", "gauge", "The model and the engine that runs it");
        to.line("inference_model_info", info, 1);
        to.out
    }
}

struct Text<'a> {
    out: String,
    labels: &'a str,
}

impl Text<'_> {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.out, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn line(&mut self, name: &str, more: &str, value: impl std::fmt::Display) {
        let _ = writeln!(self.out, "{name}{{{}{more}}} {value}", self.labels);
    }
}

/// A label's value between its quotes.
pub(crate) fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
