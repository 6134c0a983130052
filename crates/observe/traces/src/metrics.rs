//! What became of the spans that came, in numbers.

use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Why a span is not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum Reason {
    HeadSampling,
    TailSampling,
    /// Tail sampling had to give it up before its time.
    TailMemory,
    /// Refused: too many waited. Exporters try again.
    QueueFull,
    /// A full head could not be written.
    Disk,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Dropped {
    reason: Reason,
}

/// Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    stored: Counter,
    dropped: Family<Dropped, Counter>,
    waiting: Gauge,
}

impl Metrics {
    pub fn stored(&self, spans: usize) {
        self.stored.inc_by(spans as u64);
    }

    pub fn dropped(&self, reason: Reason, spans: usize) {
        if spans > 0 {
            self.dropped.get_or_create(&Dropped { reason }).inc_by(spans as u64);
        }
    }

    pub fn waiting(&self, spans: usize) {
        self.waiting.set(i64::try_from(spans).unwrap_or(i64::MAX));
    }

    /// In OpenMetrics text format.
    pub fn text(&self) -> String {
        let mut registry = Registry::with_prefix("dais_traces");
        let Self { stored, dropped, waiting } = self;
        registry.register("stored_spans", "Spans that went into the store", stored.clone());
        registry.register("dropped_spans", "Spans that did not, by reason", dropped.clone());
        registry.register("waiting_spans", "Spans that tail sampling holds", waiting.clone());
        let mut text = String::new();
        if let Err(error) = encode(&mut text, &registry) {
            tracing::warn!(%error, "metrics not encoded");
        }
        text
    }
}
