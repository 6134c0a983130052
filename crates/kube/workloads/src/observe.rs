//! The one decorator around every reconcile: timing, outcome, retry, words.
//!
//! A controller's body says what to do; this says how long it took, how often it
//! failed and when to try again. Served in Prometheus text.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use kube::runtime::controller::Action;

use crate::error::{Error, Result};

/// First retry after a failure; doubled for each further one.
const FIRST_RETRY: Duration = Duration::from_millis(20);
/// kube-controller-manager's work queues stop growing at 1000 s; a person who
/// mended the cause waits for at most this long.
const LAST_RETRY: Duration = Duration::from_secs(60);

/// Counts of all controllers of this process.
#[derive(Debug, Default, Clone)]
pub struct Observed(Arc<Mutex<BTreeMap<&'static str, Totals>>>);

#[derive(Debug, Default)]
struct Totals {
    succeeded: u64,
    failed: u64,
    conflicts: u64,
    seconds: f64,
    failures: HashMap<String, u32>,
}

impl Observed {
    /// Runs one reconcile and books its outcome.
    ///
    /// A failure is logged here and nowhere else; the answer says when to retry.
    pub async fn reconcile(
        &self,
        controller: &'static str,
        object: String,
        work: impl Future<Output = Result<Action>>,
    ) -> Action {
        let started = Instant::now();
        let outcome = work.await;
        let duration = started.elapsed();
        match outcome {
            Ok(action) => {
                tracing::trace!(
                    controller,
                    object,
                    duration_us = duration.as_micros() as u64,
                    "reconciled"
                );
                self.book(controller, |totals| {
                    totals.succeeded += 1;
                    totals.seconds += duration.as_secs_f64();
                    totals.failures.remove(&object);
                });
                action
            }
            Err(error) => Action::requeue(self.failed(controller, object, duration, &error)),
        }
    }

    fn failed(
        &self,
        controller: &'static str,
        object: String,
        duration: Duration,
        error: &Error,
    ) -> Duration {
        let conflict = error.is_conflict();
        let retry = self.book(controller, |totals| {
            totals.seconds += duration.as_secs_f64();
            if conflict {
                totals.conflicts += 1;
            } else {
                totals.failed += 1;
            }
            let failures = totals.failures.entry(object.clone()).or_default();
            *failures += 1;
            retry_after(*failures)
        });
        if conflict {
            tracing::debug!(controller, object, "somebody else wrote first");
        } else {
            let cause = std::error::Error::source(error).map(ToString::to_string);
            tracing::warn!(controller, object, error = %error, cause, retry_ms = retry.as_millis() as u64, "reconcile failed");
        }
        retry
    }

    fn book<T>(&self, controller: &'static str, entry: impl FnOnce(&mut Totals) -> T) -> T {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entry(all.entry(controller).or_default())
    }

    /// `controller_runtime_reconcile_*`, the names that operators on a cluster use.
    pub fn render(&self, text: &mut String) {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        text.push_str("# TYPE controller_runtime_reconcile_total counter\n");
        for (controller, totals) in all.iter() {
            for (result, count) in [
                ("success", totals.succeeded),
                ("error", totals.failed),
                ("requeue", totals.conflicts),
            ] {
                // Writing to a String cannot fail.
                let _ = writeln!(
                    text,
                    "controller_runtime_reconcile_total{{controller=\"{controller}\",result=\"{result}\"}} {count}"
                );
            }
        }
        text.push_str("# TYPE controller_runtime_reconcile_time_seconds_sum counter\n");
        for (controller, totals) in all.iter() {
            let _ = writeln!(
                text,
                "controller_runtime_reconcile_time_seconds_sum{{controller=\"{controller}\"}} {}",
                totals.seconds
            );
        }
    }
}

fn retry_after(failures: u32) -> Duration {
    FIRST_RETRY
        .saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1).min(20)))
        .min(LAST_RETRY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_grow_and_stop_growing() {
        assert_eq!(retry_after(1), FIRST_RETRY);
        assert_eq!(retry_after(3), FIRST_RETRY * 4);
        assert_eq!(retry_after(1000), LAST_RETRY);
    }
}
