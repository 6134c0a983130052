//! Request counts and timings per service.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::admission::Target;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    namespace: Arc<str>,
    service: Arc<str>,
    code: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Service {
    namespace: Arc<str>,
    service: Arc<str>,
}

type Timings = Family<Service, Histogram, fn() -> Histogram>;

#[derive(Clone)]
pub struct Metrics {
    requests: Family<Answered, Counter>,
    seconds: Timings,
    in_flight: Family<Service, Gauge>,
    retries: Family<Service, Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            requests: Family::default(),
            seconds: Family::new_with_constructor(histogram as fn() -> Histogram),
            in_flight: Family::default(),
            retries: Family::default(),
        }
    }
}

/// From half a millisecond (a small model) to ten seconds (a long generation).
fn histogram() -> Histogram {
    Histogram::new([
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
    ])
}

fn service(target: &Target) -> Service {
    Service { namespace: target.namespace.clone(), service: target.service.clone() }
}

impl Metrics {
    pub(crate) fn began(&self, target: &Target) -> Gauge {
        let gauge = self.in_flight.get_or_create(&service(target)).clone();
        gauge.inc();
        gauge
    }

    pub(crate) fn ended(&self, target: &Target, status: StatusCode, duration: Duration) {
        let service = service(target);
        self.seconds.get_or_create(&service).observe(duration.as_secs_f64());
        let Service { namespace, service } = service;
        let answered = Answered { namespace, service, code: status.as_u16() };
        self.requests.get_or_create(&answered).inc();
    }

    pub(crate) fn retried(&self, target: &Target) {
        self.retries.get_or_create(&service(target)).inc();
    }

    /// The metrics in OpenMetrics text format.
    pub fn text(&self) -> String {
        let mut registry = Registry::with_prefix("dais_gateway");
        let Self { requests, seconds, in_flight, retries } = self;
        registry.register("requests", "Requests by service and code", requests.clone());
        registry.register("request_duration_seconds", "Until the answer's head", seconds.clone());
        registry.register("requests_in_flight", "Requests under way", in_flight.clone());
        registry.register("retries", "Further endpoints tried", retries.clone());
        let mut text = String::new();
        if let Err(error) = encode(&mut text, &registry) {
            tracing::warn!(%error, "metrics not encoded");
        }
        text
    }
}
