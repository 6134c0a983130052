//! Brings the gateway's spans into the trace store, off the requests' path.
//!
//! A request only leaves its span in a list. What a moment gathered there goes to
//! the store as one batch, in OpenTelemetry's words.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use dais_gateway::{Span, SpanSink};
use dais_traces::{Attributes, Traces};
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
    let Span { identity, start, duration, status, target, user, method, path, route } = span;
    let since = start.duration_since(UNIX_EPOCH).unwrap_or_default();
    let nanos = |time: Duration| i64::try_from(time.as_nanos()).unwrap_or(i64::MAX);
    dais_traces::Span {
        trace_id: identity.trace_id,
        span_id: identity.span_id,
        parent: identity.parent,
        name: format!("{method} {route}").into(),
        kind: dais_traces::Kind::Server,
        start: nanos(since),
        duration: nanos(duration),
        error: status.is_server_error().then(|| format!("status {}", status.as_u16())),
        attributes: Attributes::from([
            ("http.request.method", method.as_str().into()),
            ("http.response.status_code", i64::from(status.as_u16()).into()),
            ("url.path", path.into()),
            ("dais.user", user.into()),
            ("dais.app", target.service.into()),
            (dais_traces::NAMESPACE, target.namespace.into()),
        ]),
        resource: GATEWAY.clone(),
        events: Vec::new(),
    }
}

static GATEWAY: LazyLock<Arc<Attributes>> =
    LazyLock::new(|| Attributes::from([("service.name", "gateway".into())]).into());
