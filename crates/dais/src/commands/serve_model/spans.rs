//! Sends the model server's spans to the platform, by OTLP over HTTP and off the
//! requests' path.
//!
//! Where to comes from OpenTelemetry's own variables; without them nothing is sent.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use dais_inference::{Attribute, Span, SpanSink};
use dais_traces::Attributes;
use tokio::sync::Notify;

/// How long a batch gathers.
const GATHER: Duration = Duration::from_secs(1);
/// Spans that wait at most, some 2 MB; more are dropped and counted.
const WAITING: usize = 8_192;
/// How long the platform may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub struct Spans(Arc<Inner>);

struct Inner {
    address: String,
    token: String,
    http: reqwest::Client,
    resource: Arc<Attributes>,
    gathered: Mutex<Gathered>,
    first: Notify,
}

#[derive(Default)]
struct Gathered {
    spans: Vec<Span>,
    dropped: u64,
}

impl SpanSink for Spans {
    fn record(&self, spans: Vec<Span>) {
        let mut gathered = self.0.gathered.lock().unwrap_or_else(PoisonError::into_inner);
        if gathered.spans.len() + spans.len() > WAITING {
            gathered.dropped += spans.len() as u64;
            return;
        }
        gathered.spans.extend(spans);
        self.0.first.notify_one();
    }
}

impl Spans {
    /// `None` where the environment names no receiver.
    pub fn from_env(token: &str) -> Option<Self> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let traces = variable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
        let address = traces.or_else(|| {
            let base = variable("OTEL_EXPORTER_OTLP_ENDPOINT")?;
            Some(format!("{}/v1/traces", base.trim_end_matches('/')))
        })?;
        let mut resource = Attributes::default();
        let app = variable("DAIS_APP").unwrap_or_else(|| "dais-inference".to_owned());
        resource.push("service.name", app.as_str());
        resource.push("dais.app", app);
        for (name, attribute) in [
            ("DAIS_PROJECT", dais_traces::NAMESPACE),
            ("POD_NAME", "k8s.pod.name"),
            ("DAIS_USER", "dais.user"),
        ] {
            if let Some(value) = variable(name) {
                resource.push(attribute, value);
            }
        }
        let inner = Inner {
            address,
            token: token.to_owned(),
            http: reqwest::Client::new(),
            resource: resource.into(),
            gathered: Mutex::default(),
            first: Notify::new(),
        };
        Some(Self(Arc::new(inner)))
    }

    /// Sends batches for as long as it is polled.
    pub async fn deliver(self) {
        loop {
            self.0.first.notified().await;
            tokio::time::sleep(GATHER).await;
            self.flush().await;
        }
    }

    /// Sends what has been gathered.
    pub async fn flush(&self) {
        let Gathered { spans, dropped } = {
            let mut gathered = self.0.gathered.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *gathered)
        };
        if dropped > 0 {
            tracing::warn!(dropped, "requests come faster than spans are sent; spans dropped");
        }
        if spans.is_empty() {
            return;
        }
        let count = spans.len();
        if let Err(error) = self.send(spans).await {
            tracing::warn!(spans = count, error = format!("{error:#}"), "spans not sent");
        }
    }

    async fn send(&self, spans: Vec<Span>) -> Result<()> {
        let spans: Vec<_> = spans.into_iter().map(|span| self.sent(span)).collect();
        let request = self.0.http.post(&self.0.address).timeout(PATIENCE);
        let request = request
            .header(http::header::CONTENT_TYPE, "application/x-protobuf")
            .bearer_auth(&self.0.token)
            .body(dais_traces::otlp_request(&spans));
        let answer = request.send().await.context("reaching the receiver of traces")?;
        answer.error_for_status().context("sending spans")?;
        Ok(())
    }

    fn sent(&self, span: Span) -> dais_traces::Span {
        let kind = match span.is_server {
            true => dais_traces::Kind::Server,
            false => dais_traces::Kind::Internal,
        };
        let mut attributes = Attributes::default();
        for (name, value) in span.attributes {
            match value {
                Attribute::Text(text) => attributes.push(name, text),
                Attribute::Number(number) => attributes.push(name, number),
            }
        }
        dais_traces::Span {
            trace_id: span.trace_id,
            span_id: span.span_id,
            parent: span.parent,
            name: span.name.into(),
            kind,
            start: since_1970(span.start),
            duration: nanoseconds(span.duration),
            error: span.error,
            attributes,
            resource: self.0.resource.clone(),
            events: Vec::new(),
        }
    }
}

fn since_1970(time: SystemTime) -> i64 {
    nanoseconds(time.duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn nanoseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}
