//! Brings the gateway's spans into the trace store, off the requests' path.
//!
//! A request only leaves its span in a list. What a moment gathered there goes to
//! the store as one batch, in OpenTelemetry's words.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dais_gateway::{Span, SpanSink};
use dais_traces::Traces;
use serde_json::{Map, Value, json};
use tokio::sync::Notify;

/// How long a batch gathers: far below what a person who looks for a trace notices.
const GATHER: Duration = Duration::from_millis(100);
/// Spans that wait at most, some 20 MB; more are dropped and counted, since a
/// request is worth more than its trace.
const WAITING: usize = 65_536;

#[derive(Clone, Default)]
pub struct Spans(Arc<Inner>);

#[derive(Default)]
struct Inner {
    gathered: Mutex<Gathered>,
    first: Notify,
}

#[derive(Default)]
struct Gathered {
    spans: Vec<Span>,
    dropped: u64,
}

impl SpanSink for Spans {
    fn record(&self, span: Span) {
        let mut gathered = self.0.gathered.lock().unwrap_or_else(PoisonError::into_inner);
        if gathered.spans.len() >= WAITING {
            gathered.dropped += 1;
            return;
        }
        gathered.spans.push(span);
        if gathered.spans.len() == 1 {
            self.0.first.notify_one();
        }
    }
}

impl Spans {
    /// Hands batches to the store for as long as it is polled.
    pub async fn deliver(self, traces: Traces) {
        loop {
            self.0.first.notified().await;
            tokio::time::sleep(GATHER).await;
            self.hand_over(&traces);
        }
    }

    pub fn hand_over(&self, traces: &Traces) {
        let taken = {
            let mut gathered = self.0.gathered.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *gathered)
        };
        let Gathered { spans, dropped } = taken;
        if dropped > 0 {
            tracing::warn!(dropped, "requests come faster than spans are stored; spans dropped");
        }
        traces.ingest(spans.into_iter().map(stored).collect());
    }
}

fn stored(span: Span) -> dais_traces::Span {
    let nanos = |time: SystemTime| {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
    };
    let attributes = [
        ("http.request.method", json!(span.method)),
        ("http.response.status_code", json!(span.status)),
        ("url.path", json!(span.path)),
        ("dais.user", json!(span.user)),
        ("dais.app", json!(span.service)),
        (dais_traces::NAMESPACE, json!(span.namespace)),
    ];
    dais_traces::Span {
        trace_id: span.trace_id,
        span_id: span.span_id,
        parent: span.parent,
        name: span.name,
        kind: dais_traces::Kind::Server,
        start: nanos(span.start),
        duration: nanos(span.end) - nanos(span.start),
        error: (span.status >= 500).then(|| format!("status {}", span.status)),
        attributes: object(attributes),
        resource: object([("service.name", json!("gateway"))]),
        events: Vec::new(),
    }
}

fn object<const N: usize>(fields: [(&str, Value); N]) -> Map<String, Value> {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
