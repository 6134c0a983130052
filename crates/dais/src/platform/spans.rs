//! Brings the gateway's spans into the trace store, off the requests' path.
//!
//! A request only leaves its span in a list. What a moment gathered there goes to
//! the store as one batch, in OpenTelemetry's words.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use dais_gateway::{Assigned, Span, SpanSink};
use dais_traces::{Attributes, Sampling, Traces};
use http::Version;
use tokio::sync::Notify;

/// How long a batch gathers: far below what a person who looks for a trace notices.
const GATHER: Duration = Duration::from_millis(100);
/// Spans that wait at most, some 20 MB; more are dropped and counted, since a
/// request is worth more than its trace.
const WAITING: usize = 65_536;

#[derive(Clone)]
pub struct Spans(Arc<Inner>);

struct Inner {
    sampling: Sampling,
    gathered: Mutex<Gathered>,
    first: Notify,
}

#[derive(Default)]
struct Gathered {
    spans: Vec<Span>,
    dropped: u64,
}

impl SpanSink for Spans {
    fn samples(&self, trace_id: &[u8; 16]) -> bool {
        self.0.sampling.keeps(trace_id)
    }

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
    pub fn new(sampling: Sampling) -> Self {
        let (gathered, first) = (Mutex::default(), Notify::new());
        Self(Arc::new(Inner { sampling, gathered, first }))
    }

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
        if let Err(error) = traces.ingest(spans.into_iter().map(stored).collect()) {
            tracing::warn!(%error, "requests' spans dropped");
        }
    }
}

fn stored(span: Span) -> dais_traces::Span {
    let Span { identity, start, duration, status, target, .. } = span;
    let since = start.duration_since(UNIX_EPOCH).unwrap_or_default();
    let nanos = |time: Duration| i64::try_from(time.as_nanos()).unwrap_or(i64::MAX);
    let mut attributes = Attributes::from([
        ("http.request.method", span.method.as_str().into()),
        ("http.response.status_code", i64::from(status.as_u16()).into()),
        ("http.route", span.route.clone().into()),
        ("url.path", span.path.into()),
        ("url.scheme", "http".into()),
        ("network.protocol.version", version(span.version).into()),
        ("dais.user", span.user.into()),
        ("dais.app", target.service.into()),
        (dais_traces::NAMESPACE, target.namespace.into()),
    ]);
    if let Some(pod) = span.endpoint.and_then(|endpoint| endpoint.pod) {
        attributes.push("k8s.pod.name", pod);
    }
    if let Some(Assigned { test, variant }) = span.assigned {
        attributes.push("dais.test", test);
        attributes.push("dais.variant", variant);
    }
    if status.is_server_error() {
        attributes.push("error.type", status.as_str());
    }
    dais_traces::Span {
        trace_id: identity.trace_id,
        span_id: identity.span_id,
        parent: identity.parent,
        name: format!("{} {}", span.method, span.route).into(),
        kind: dais_traces::Kind::Server,
        start: nanos(since),
        duration: nanos(duration),
        error: status.is_server_error().then(|| format!("status {}", status.as_u16())),
        attributes,
        resource: GATEWAY.clone(),
        events: Vec::new(),
    }
}

/// As OpenTelemetry's conventions for HTTP write it.
fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_09 => "0.9",
        Version::HTTP_10 => "1.0",
        Version::HTTP_2 => "2",
        Version::HTTP_3 => "3",
        _ => "1.1",
    }
}

static GATEWAY: LazyLock<Arc<Attributes>> =
    LazyLock::new(|| Attributes::from([("service.name", "gateway".into())]).into());
