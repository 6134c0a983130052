//! What a policy counts while requests come: kept over rebuilds of the table, changed
//! on the requests' way without a lock, read by the reporter.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::Notify;

use crate::flow::Flow;
use crate::shadow::Comparisons;

#[derive(Debug)]
pub struct Live {
    pub flow: Flow,
    /// Requests that wait for an endpoint.
    pub held: Gauge,
    /// Told when the route may have an endpoint, or is gone.
    pub ready: Notify,
    pub shadow: Comparisons,
    /// Milliseconds since 1970; 0 before the first request.
    last_request: AtomicI64,
    is_stirred: AtomicBool,
    is_urgent: AtomicBool,
    bell: Arc<Notify>,
}

impl Live {
    /// `bell` wakes the reporter; one that `is_stirred` at once has something to report
    /// before any request came.
    pub fn new(bell: Arc<Notify>, held: Gauge, is_stirred: bool) -> Self {
        Self {
            flow: Flow::default(),
            held,
            ready: Notify::new(),
            shadow: Comparisons::default(),
            last_request: AtomicI64::new(0),
            is_stirred: AtomicBool::new(is_stirred),
            is_urgent: AtomicBool::new(false),
            bell,
        }
    }

    /// A request is under way for as long as the guard lives.
    pub fn begin(self: &Arc<Self>, start: SystemTime) -> UnderWay {
        let since = start.duration_since(UNIX_EPOCH).unwrap_or_default();
        let millis = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        self.last_request.fetch_max(millis, Ordering::Relaxed);
        self.flow.begin(Instant::now());
        self.stir();
        UnderWay(self.clone())
    }

    /// A place among those that wait, while there are fewer than `most`.
    pub fn hold(&self, most: i64) -> Option<Place<'_>> {
        let others = self.held.inc();
        if others >= most {
            self.held.dec();
            return None;
        }
        if others == 0 {
            self.is_urgent.store(true, Ordering::Release);
            self.bell.notify_one();
        }
        Some(Place(self))
    }

    pub fn last_request(&self) -> Option<i64> {
        Some(self.last_request.load(Ordering::Relaxed)).filter(|millis| *millis > 0)
    }

    /// Something changed that the reporter may want to know.
    pub fn stir(&self) {
        if !self.is_stirred.swap(true, Ordering::AcqRel) {
            self.bell.notify_one();
        }
    }

    pub fn is_stirred(&self) -> bool {
        self.is_stirred.load(Ordering::Acquire)
    }

    /// What changed so far is seen; what changes from now on is told again.
    pub fn settle(&self) {
        self.is_urgent.swap(false, Ordering::AcqRel);
        self.is_stirred.swap(false, Ordering::AcqRel);
    }

    /// Whether requests began to wait, which is told at once.
    pub fn is_urgent(&self) -> bool {
        self.is_urgent.load(Ordering::Acquire)
    }
}

/// Of one request, until the end of its answer.
#[derive(Debug)]
pub struct UnderWay(Arc<Live>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.flow.end(Instant::now());
        self.0.stir();
    }
}

/// Of one request that waits.
#[derive(Debug)]
pub struct Place<'a>(&'a Live);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.held.dec();
        self.0.stir();
    }
}
