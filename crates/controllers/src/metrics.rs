//! Counters and timings of the controllers, in controller-runtime's names.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    controller: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Which {
    controller: &'static str,
}

#[derive(Clone)]
pub struct Metrics {
    total: Family<Outcome, Counter>,
    seconds: Family<Which, Histogram, fn() -> Histogram>,
}

impl Default for Metrics {
    fn default() -> Self {
        let seconds = Family::new_with_constructor(histogram as fn() -> Histogram);
        Self { total: Family::default(), seconds }
    }
}

/// From an idle look (a millisecond) to a build being sealed (seconds).
fn histogram() -> Histogram {
    Histogram::new([0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0])
}

impl Metrics {
    pub(crate) fn record(&self, controller: &'static str, ok: bool, seconds: f64) {
        let result = if ok { "success" } else { "error" };
        self.total.get_or_create(&Outcome { controller, result }).inc();
        self.seconds.get_or_create(&Which { controller }).observe(seconds);
    }

    /// The metrics in OpenMetrics text format.
    pub fn text(&self) -> String {
        let mut registry = Registry::default();
        registry.register(
            "controller_runtime_reconcile",
            "Reconciliations by controller and result",
            self.total.clone(),
        );
        registry.register(
            "controller_runtime_reconcile_time_seconds",
            "Duration of reconciliations",
            self.seconds.clone(),
        );
        let mut text = String::new();
        if let Err(error) = encode(&mut text, &registry) {
            tracing::warn!(%error, "metrics not encoded");
        }
        text
    }
}
