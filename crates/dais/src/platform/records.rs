//! Brings requests that policies want written down into the log store, as lines of the
//! application that answered them.
//!
//! A request only leaves its record in a queue, whose size is bounded in bytes. When the
//! log store is away or behind, records are dropped and counted: the gateway never waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use dais_gateway::{RecordSink, Recorded, RecordedBody};
use dais_logs::{Engine, Entry};
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;

/// Index name of these lines.
const INDEX: &str = "requests";
/// Bytes of bodies that wait at most.
const WAITING: usize = 64 << 20;
/// Lines that are stored together.
const TOGETHER: usize = 256;
/// How long lines gather: far below what a person who looks for one notices.
const GATHER: Duration = Duration::from_millis(100);

#[derive(Clone)]
pub struct Records(Arc<Inner>);

struct Inner {
    queue: mpsc::UnboundedSender<Recorded>,
    waiting: AtomicUsize,
    dropped: AtomicU64,
}

/// The other end of the queue.
pub struct Delivery {
    queue: mpsc::UnboundedReceiver<Recorded>,
    inner: Arc<Inner>,
}

impl Records {
    pub fn new() -> (Self, Delivery) {
        let (sender, queue) = mpsc::unbounded_channel();
        let (waiting, dropped) = (AtomicUsize::new(0), AtomicU64::new(0));
        let inner = Arc::new(Inner { queue: sender, waiting, dropped });
        (Self(inner.clone()), Delivery { queue, inner })
    }
}

impl RecordSink for Records {
    fn record(&self, recorded: Recorded) {
        let size = size(&recorded);
        let before = self.0.waiting.fetch_add(size, Ordering::Relaxed);
        if before + size > WAITING || self.0.queue.send(recorded).is_err() {
            self.0.waiting.fetch_sub(size, Ordering::Relaxed);
            self.0.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Delivery {
    /// Hands lines to the store for as long as it is polled.
    pub async fn deliver(mut self, logs: Engine) {
        let mut records = Vec::new();
        while self.queue.recv_many(&mut records, TOGETHER).await > 0 {
            let taken: usize = records.iter().map(size).sum();
            let entries = records.drain(..).filter_map(|recorded| entry(&recorded)).collect();
            if let Err(error) = logs.ingest(entries).await {
                tracing::warn!(%error, "requests not written down");
            }
            self.inner.waiting.fetch_sub(taken, Ordering::Relaxed);
            let dropped = self.inner.dropped.swap(0, Ordering::Relaxed);
            if dropped > 0 {
                tracing::warn!(dropped, "requests come faster than they are written down");
            }
            tokio::time::sleep(GATHER).await;
        }
    }
}

/// With what a record takes beside its bodies.
fn size(recorded: &Recorded) -> usize {
    let body = |body: &RecordedBody| body.text.as_ref().map_or(0, String::len);
    1024 + recorded.path.len() + body(&recorded.request) + body(&recorded.response)
}

fn entry(recorded: &Recorded) -> Option<Entry> {
    let since = recorded.start.duration_since(UNIX_EPOCH).unwrap_or_default();
    let time = i64::try_from(since.as_nanos()).unwrap_or(i64::MAX);
    // Without a time of its own it cannot have a wrong one.
    Entry::new(INDEX, line(recorded), time).ok()
}

/// With the fields that lines of the application's containers have.
fn line(recorded: &Recorded) -> Map<String, Value> {
    let Recorded { target, identity, request_id, method, path, status, .. } = recorded;
    let milliseconds = recorded.duration.as_millis();
    let severity = match status.as_u16() {
        500.. => "error",
        400.. => "warn",
        _ => "info",
    };
    let mut request = body(&recorded.request);
    request.extend(fields(json!({"id": request_id, "method": method.as_str(), "path": path})));
    let mut response = body(&recorded.response);
    response.extend(fields(json!({
        "status": status.as_u16(),
        "seconds": recorded.duration.as_secs_f64(),
        "whole": recorded.response.is_whole,
    })));
    let about = json!({
        "request": request,
        "response": response,
        "backend": recorded.backend,
        "variant": recorded.variant,
    });
    fields(json!({
        "message": format!("{method} {path} {} {milliseconds} ms", status.as_u16()),
        "severity": severity,
        "namespace": target.namespace,
        "app": target.service,
        "user": recorded.user,
        "trace_id": format!("{:032x}", u128::from_be_bytes(identity.trace_id)),
        "span_id": format!("{:016x}", u64::from_be_bytes(identity.span_id)),
        "fields": fields(about),
    }))
}

fn body(body: &RecordedBody) -> Map<String, Value> {
    fields(json!({"type": body.content_type, "bytes": body.size, "body": body.text}))
}

/// Those that are there.
fn fields(object: Value) -> Map<String, Value> {
    let Value::Object(map) = object else { return Map::new() };
    map.into_iter().filter(|(_, value)| !value.is_null()).collect()
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use dais_gateway::{Identity, Target};
    use http::{Method, StatusCode};

    use super::*;

    fn recorded() -> Recorded {
        Recorded {
            target: Target { namespace: "a".into(), service: "digits".into() },
            identity: Identity {
                trace_id: [1; 16],
                span_id: [2; 8],
                parent: None,
                is_sampled: true,
            },
            request_id: "r".to_owned(),
            start: SystemTime::UNIX_EPOCH,
            duration: Duration::from_micros(12_345),
            method: Method::POST,
            path: "/v2/models/x/infer".to_owned(),
            user: "ann".into(),
            status: StatusCode::OK,
            backend: Some("digits-2".into()),
            variant: None,
            request: RecordedBody {
                content_type: Some("application/json".to_owned()),
                size: 9,
                text: Some(r#"{"a": 1}"#.to_owned()),
                is_whole: true,
            },
            response: RecordedBody { size: 5000, is_whole: true, ..RecordedBody::default() },
        }
    }

    #[test]
    fn a_record_reads_like_a_line_of_its_application() {
        let found = entry(&recorded()).expect("a line");
        assert_eq!(
            Value::Object(found.source),
            json!({
                "message": "POST /v2/models/x/infer 200 12 ms", "severity": "info",
                "namespace": "a", "app": "digits", "user": "ann",
                "trace_id": "01010101010101010101010101010101", "span_id": "0202020202020202",
                "fields": {
                    "request": {
                        "type": "application/json", "bytes": 9, "body": "{\"a\": 1}",
                        "id": "r", "method": "POST", "path": "/v2/models/x/infer",
                    },
                    "response": {"bytes": 5000, "status": 200, "seconds": 0.012345, "whole": true},
                    "backend": "digits-2",
                },
                "@timestamp": "1970-01-01T00:00:00.000000000Z",
            })
        );
    }

    #[test]
    fn what_is_too_much_is_dropped_and_counted() {
        let (records, _delivery) = Records::new();
        let mut large = recorded();
        large.request.text = Some("x".repeat(WAITING / 2));
        for _ in 0..3 {
            records.record(large.clone());
        }
        records.record(recorded());
        assert_eq!(records.0.dropped.load(Ordering::Relaxed), 2);
        assert!(records.0.waiting.load(Ordering::Relaxed) <= WAITING);
    }
}
