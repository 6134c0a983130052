//! How the ways out of here are doing: what each integration's last tries came to.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::delivery::{Attempt, Verdict};

/// Upper bounds of Alertmanager's own histogram of latencies, in seconds.
pub const BUCKETS: [f64; 5] = [1.0, 5.0, 10.0, 15.0, 20.0];

/// Of one integration, since the process began.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    #[serde(skip)]
    pub counts: Counts,
    pub last_attempt: Option<Timestamp>,
    pub last_delivered: Option<Timestamp>,
    /// Since when nothing has been delivered; none while all is well.
    pub failing_since: Option<Timestamp>,
    /// What the receiver said last that was no success.
    pub last_error: Option<Attempt>,
}

#[derive(Debug, Clone, Default)]
pub struct Counts {
    pub requests: u64,
    pub failed_requests: u64,
    /// Messages taken or refused for good.
    pub notifications: u64,
    pub refused: u64,
    /// Requests by [`BUCKETS`], not cumulative; the last is for what took longer.
    pub latencies: [u64; BUCKETS.len() + 1],
    pub seconds: f64,
}

impl Counts {
    pub fn add(&mut self, other: &Counts) {
        let Counts { requests, failed_requests, notifications, refused, latencies, seconds } =
            other;
        self.requests += requests;
        self.failed_requests += failed_requests;
        self.notifications += notifications;
        self.refused += refused;
        self.seconds += seconds;
        self.latencies.iter_mut().zip(latencies).for_each(|(own, other)| *own += other);
    }
}

impl Health {
    fn note(&mut self, attempt: &Attempt, now: Timestamp) {
        let counts = &mut self.counts;
        let seconds = attempt.took.as_secs_f64();
        let bucket = BUCKETS.iter().position(|bound| seconds <= *bound).unwrap_or(BUCKETS.len());
        counts.requests += 1;
        counts.latencies[bucket] += 1;
        counts.seconds += seconds;
        self.last_attempt = Some(now);
        if attempt.verdict != Verdict::Retry {
            counts.notifications += 1;
        }
        if attempt.verdict == Verdict::Delivered {
            self.last_delivered = Some(now);
            self.failing_since = None;
            return;
        }
        counts.failed_requests += 1;
        counts.refused += u64::from(attempt.verdict == Verdict::Refused);
        self.failing_since.get_or_insert(now);
        self.last_error = Some(attempt.clone());
    }
}

/// By the integration's key.
#[derive(Debug, Default)]
pub struct Checkups(pub BTreeMap<String, Health>);

impl Checkups {
    pub fn note(&mut self, attempt: &Attempt, now: Timestamp) {
        self.0.entry(attempt.integration.clone()).or_default().note(attempt, now);
    }

    pub fn of(&self, integration: &str) -> Health {
        self.0.get(integration).cloned().unwrap_or_default()
    }
}
