//! What is counted of one service, for as long as it has a route or a request under way:
//! its series go with the last who holds its meter, so that nothing is left of a service
//! that is gone, nor comes back with a late answer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, Weak};
use std::time::Duration;

use http::StatusCode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;

use super::{Answered, Metrics, Service};
use crate::admission::Target;

#[derive(Debug)]
pub struct Meter {
    metrics: Metrics,
    service: Service,
    /// Of a service that was asked something.
    series: OnceLock<Series>,
    codes: Arc<Codes>,
}

#[derive(Debug)]
struct Series {
    seconds: Histogram,
    in_flight: Gauge,
    retries: Counter,
}

/// Answers by code; few codes are ever seen.
type Codes = RwLock<Vec<(u16, Counter)>>;

/// All meters, and the codes that each has counted. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Meters(Arc<Mutex<Known>>);

type Known = HashMap<Service, (Weak<Meter>, Arc<Codes>)>;

impl Meters {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Metrics {
    /// The service's meter: the one that there is, else a new one.
    pub(crate) fn meter(&self, target: &Target) -> Arc<Meter> {
        let service =
            Service { namespace: target.namespace.clone(), service: target.service.clone() };
        let mut known = self.meters.lock();
        let (meter, codes) = known.entry(service.clone()).or_default();
        if let Some(meter) = meter.upgrade() {
            return meter;
        }
        let (metrics, series, codes) = (self.clone(), OnceLock::new(), codes.clone());
        let new = Arc::new(Meter { metrics, service, series, codes });
        *meter = Arc::downgrade(&new);
        new
    }

    fn end(&self, meter: &Meter) {
        let service = &meter.service;
        let mut known = self.meters.lock();
        let next = known.get(service).is_some_and(|(next, _)| next.strong_count() > 0);
        if next {
            // It goes on with the series.
            return;
        }
        known.remove(service);
        self.seconds.remove(service);
        self.in_flight.remove(service);
        self.retries.remove(service);
        self.held.remove(service);
        for (code, _) in &*meter.codes.read().unwrap_or_else(PoisonError::into_inner) {
            self.requests.remove(&meter.answered(*code));
        }
    }
}

impl Meter {
    pub fn began(self: &Arc<Self>) -> InFlight {
        self.series().in_flight.inc();
        InFlight(self.clone())
    }

    pub fn ended(&self, status: StatusCode, duration: Duration) {
        self.series().seconds.observe(duration.as_secs_f64());
        let code = status.as_u16();
        let find = |codes: &[(u16, Counter)]| {
            let mut codes = codes.iter();
            codes.find(|(known, _)| *known == code).map(|(_, counter)| counter.clone())
        };
        let known = find(&self.codes.read().unwrap_or_else(PoisonError::into_inner));
        let counter = known.unwrap_or_else(|| {
            let mut codes = self.codes.write().unwrap_or_else(PoisonError::into_inner);
            find(&codes).unwrap_or_else(|| {
                let new = self.metrics.requests.get_or_create(&self.answered(code)).clone();
                codes.push((code, new.clone()));
                new
            })
        });
        counter.inc();
    }

    pub fn retried(&self) {
        self.series().retries.inc();
    }

    /// Requests that wait; there once somebody asks for it.
    pub fn held(&self) -> Gauge {
        self.metrics.held.get_or_create(&self.service).clone()
    }

    fn series(&self) -> &Series {
        let Metrics { seconds, in_flight, retries, .. } = &self.metrics;
        self.series.get_or_init(|| Series {
            seconds: seconds.get_or_create(&self.service).clone(),
            in_flight: in_flight.get_or_create(&self.service).clone(),
            retries: retries.get_or_create(&self.service).clone(),
        })
    }

    fn answered(&self, code: u16) -> Answered {
        let Service { namespace, service } = self.service.clone();
        Answered { namespace, service, code }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        let metrics = self.metrics.clone();
        metrics.end(self);
    }
}

/// Of one request, until the head of its answer or the end of its tunnel.
pub struct InFlight(Arc<Meter>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.series().in_flight.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target() -> Target {
        Target { namespace: "a".into(), service: "digits".into() }
    }

    fn lines(metrics: &Metrics) -> usize {
        metrics.text().lines().filter(|line| line.contains("digits")).count()
    }

    #[test]
    fn nothing_is_left_of_a_service_once_nobody_holds_its_meter() {
        let metrics = Metrics::default();
        let meter = metrics.meter(&target());
        assert_eq!(lines(&metrics), 0, "it was asked nothing");
        meter.held();
        let request = meter.began();
        meter.retried();
        for status in [StatusCode::OK, StatusCode::OK, StatusCode::BAD_GATEWAY] {
            meter.ended(status, Duration::from_millis(1));
        }
        let counted = r#"requests_total{namespace="a",service="digits",code="200"} 2"#;
        assert!(metrics.text().contains(counted), "{}", metrics.text());
        drop(meter);
        assert!(metrics.text().contains(counted), "a request is under way");
        let again = metrics.meter(&target());
        drop(request);
        assert!(metrics.text().contains(counted), "it has a route again");
        again.ended(StatusCode::OK, Duration::from_millis(1));
        assert!(metrics.text().contains(&counted.replace("} 2", "} 3")), "{}", metrics.text());
        drop(again);
        assert_eq!(lines(&metrics), 0, "{}", metrics.text());
    }
}
