//! What one policy's status says now, and when it is written next.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use dais_api::TrafficPolicyStatus;
use dais_api::traffic::BackendCount;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;

use super::{EVERY, URGENT};
use crate::flow::{Area, Flow};
use crate::live::Live;
use crate::metrics::Tally;
use crate::table::Governed;

/// Time over which concurrency is a mean.
const WINDOW: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
pub struct Account {
    /// Readings of the flow's integral: one from before the window, and those in it.
    readings: VecDeque<(Instant, Area)>,
    now: TrafficPolicyStatus,
    written: Option<TrafficPolicyStatus>,
    looked: Option<Instant>,
    /// Until the next look, when there is something to see.
    pause: Option<Duration>,
}

impl Account {
    /// Reads the counters when it is time; gives the status when it is to be written.
    pub fn settle(&mut self, governed: &Governed, epoch: &str) -> Option<TrafficPolicyStatus> {
        let (live, now) = (&governed.policy.live, Instant::now());
        let pause = if live.is_urgent() { URGENT } else { EVERY };
        if self.looked.is_some_and(|looked| now - looked < pause) {
            if live.is_urgent() || live.is_stirred() {
                self.pause = Some(pause);
            }
            return None;
        }
        self.looked = Some(now);
        // Before the counters, so that what changes after them is told again.
        live.settle();
        let mean = self.mean(&live.flow, now);
        // In steps of a thousandth: less is told by the counts.
        let concurrency = (mean * 1000.0).round() / 1000.0;
        self.now = status(governed, live, concurrency, epoch);
        let is_changed = self.is_changed();
        let is_busy = live.flow.under_way() > 0 || mean > 0.0;
        self.pause = (is_busy || is_changed).then_some(EVERY);
        is_changed.then(|| self.now.clone())
    }

    pub fn written(&mut self, status: TrafficPolicyStatus) {
        self.written = Some(status);
    }

    /// When to look again; `None` while nothing can change.
    pub fn next(&self) -> Option<tokio::time::Instant> {
        Some((self.looked? + self.pause?).into())
    }

    fn is_changed(&self) -> bool {
        self.written.as_ref() != Some(&self.now)
    }

    /// Mean over the window up to now. Between readings requests count as evenly spread.
    fn mean(&mut self, flow: &Flow, now: Instant) -> f64 {
        let area = flow.area(now);
        if self.readings.is_empty() {
            self.readings.push_back(flow.start());
        }
        self.readings.push_back((now, area));
        let past = |time: Instant| (now - time).saturating_sub(WINDOW);
        while self.readings.get(1).is_some_and(|(time, _)| !past(*time).is_zero()) {
            self.readings.pop_front();
        }
        let first = match (self.readings.front(), self.readings.get(1)) {
            (Some((time, first)), Some((next, second))) => {
                let part = past(*time).as_secs_f64() / (*next - *time).as_secs_f64();
                second.between(*first, part.clamp(0.0, 1.0))
            }
            _ => area,
        };
        area.mean_since(first, WINDOW)
    }
}

fn status(governed: &Governed, live: &Live, concurrency: f64, epoch: &str) -> TrafficPolicyStatus {
    let last_request =
        live.last_request().and_then(|millis| Timestamp::from_millisecond(millis).ok());
    TrafficPolicyStatus {
        epoch: Some(epoch.to_owned()),
        concurrency,
        held: i32::try_from(live.held.get()).unwrap_or(i32::MAX),
        last_request: last_request.map(Time),
        backends: governed.backends.iter().map(|(name, tally)| count(name, tally)).collect(),
        shadow: governed.policy.shadow.as_ref().map(|_| live.shadow.counts()),
    }
}

fn count(service: &str, tally: &Tally) -> BackendCount {
    let number = |counter: u64| i64::try_from(counter).unwrap_or(i64::MAX);
    BackendCount {
        service: service.to_owned(),
        requests: number(tally.requests.get()),
        failures: number(tally.failures.get()),
        seconds: tally.seconds.get(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn concurrency_is_that_of_the_last_ten_seconds() {
        let (flow, mut account) = (Flow::default(), Account::default());
        let (start, _) = flow.start();
        let at = |seconds: f64| start + Duration::from_secs_f64(seconds);
        let mut mean = |flow: &Flow, seconds: f64| account.mean(flow, at(seconds));
        let close = |one: f64, other: f64| assert!((one - other).abs() < 1e-3, "{one} {other}");
        flow.begin(at(100.0));
        flow.begin(at(100.0));
        close(mean(&flow, 100.0), 0.0);
        close(mean(&flow, 101.0), 0.2);
        close(mean(&flow, 105.0), 1.0);
        flow.end(at(105.0));
        close(mean(&flow, 106.0), 1.1);
        flow.end(at(106.0));
        close(mean(&flow, 110.0), 1.1);
        close(mean(&flow, 110.5), 1.0);
        close(mean(&flow, 114.0), 0.3);
        assert_eq!(mean(&flow, 116.0), 0.0);
        assert_eq!(mean(&flow, 1000.0), 0.0);
        flow.begin(at(1000.0));
        close(mean(&flow, 1010.0), 1.0);
    }
}
