//! Request counts and timings per service, and counts per backend of a service.

mod meter;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
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
pub(crate) use meter::Meter;
use meter::Meters;

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

/// One Service behind a route.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Behind {
    pub namespace: Arc<str>,
    pub service: Arc<str>,
    pub backend: Arc<str>,
}

impl Behind {
    pub fn of(target: &Target, backend: &str) -> Self {
        let Target { namespace, service } = target.clone();
        Self { namespace, service, backend: backend.into() }
    }
}

/// What one backend did. Clones share it: a request changes it without a look-up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub requests: Counter,
    /// Answers with 5xx, and requests that got none.
    pub failures: Counter,
    /// Sum of the times to the head of the answer.
    pub seconds: Counter<f64, AtomicU64>,
}

impl Tally {
    pub fn answered(&self, status: StatusCode, duration: Duration) {
        self.requests.inc();
        self.seconds.inc_by(duration.as_secs_f64());
        if status.is_server_error() {
            self.failures.inc();
        }
    }

    pub fn unanswered(&self) {
        self.requests.inc();
        self.failures.inc();
    }
}

type Timings = Family<Service, Histogram, fn() -> Histogram>;

#[derive(Clone, Debug)]
pub struct Metrics {
    meters: Meters,
    requests: Family<Answered, Counter>,
    seconds: Timings,
    in_flight: Family<Service, Gauge>,
    retries: Family<Service, Counter>,
    held: Family<Service, Gauge>,
    backend_requests: Family<Behind, Counter>,
    backend_failures: Family<Behind, Counter>,
    backend_seconds: Family<Behind, Counter<f64, AtomicU64>>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            meters: Meters::default(),
            requests: Family::default(),
            seconds: Family::new_with_constructor(histogram as fn() -> Histogram),
            in_flight: Family::default(),
            retries: Family::default(),
            held: Family::default(),
            backend_requests: Family::default(),
            backend_failures: Family::default(),
            backend_seconds: Family::default(),
        }
    }
}

/// From half a millisecond (a small model) to ten seconds (a long generation).
fn histogram() -> Histogram {
    Histogram::new([
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
    ])
}

impl Metrics {
    pub(crate) fn tally(&self, behind: &Behind) -> Tally {
        Tally {
            requests: self.backend_requests.get_or_create(behind).clone(),
            failures: self.backend_failures.get_or_create(behind).clone(),
            seconds: self.backend_seconds.get_or_create(behind).clone(),
        }
    }

    /// A backend of a route that is gone: its series end, and begin anew if it returns.
    pub(crate) fn forget(&self, behind: &Behind) {
        self.backend_requests.remove(behind);
        self.backend_failures.remove(behind);
        self.backend_seconds.remove(behind);
    }

    /// The metrics in OpenMetrics text format.
    pub fn text(&self) -> String {
        let mut registry = Registry::with_prefix("dais_gateway");
        let Self { requests, seconds, in_flight, retries, held, .. } = self;
        let Self { backend_requests, backend_failures, backend_seconds, .. } = self;
        registry.register("requests", "Requests by service and code", requests.clone());
        registry.register("request_duration_seconds", "Until the answer's head", seconds.clone());
        registry.register("requests_in_flight", "Requests under way", in_flight.clone());
        registry.register("retries", "Further endpoints tried", retries.clone());
        registry.register("requests_held", "Requests that wait for an endpoint", held.clone());
        let help = "Requests by backend of a service";
        registry.register("backend_requests", help, backend_requests.clone());
        let help = "Answers with 5xx and requests without an answer, by backend";
        registry.register("backend_failures", help, backend_failures.clone());
        let help = "Sum of the times to the answer's head, by backend";
        registry.register("backend_seconds", help, backend_seconds.clone());
        let mut text = String::new();
        if let Err(error) = encode(&mut text, &registry) {
            tracing::warn!(%error, "metrics not encoded");
        }
        text
    }
}
