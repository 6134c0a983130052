//! What A/B tests count: from the gateway into the store, and from there to the
//! controllers.
//!
//! ```text
//! gateway ─ expose ─▶ queue (bounded) ─▶ deliver ─▶ store ◀─ feedback
//! datasets ───────────────────────────── rows ────▶   │
//! controllers ◀─ read ────────────────────────────────┘
//! ```
//!
//! The gateway never waits: when the store is away or behind, exposures are dropped and
//! counted, and every test's status says how many.

mod feedback;
mod rows;
mod seam;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dais_data::Data;
use dais_gateway::{Exposure, ExposureSink};
use dais_outcomes::Outcomes as Store;
use tokio::sync::mpsc;

pub use feedback::router as feedback_router;
pub use seam::Seam;

/// Exposures that wait at most: about 40 MB.
const WAITING: usize = 100_000;
/// Exposures that are stored together.
const TOGETHER: usize = 2000;
/// How long exposures gather: below what a person notices, and far fewer syncs.
const GATHER: Duration = Duration::from_millis(100);
/// Before a store that refused is asked again.
const RETRY: Duration = Duration::from_secs(1);
/// How long a platform that stops waits for what is on its way.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often outcomes that waited too long are looked for.
const EXPIRE: Duration = Duration::from_secs(3600);

#[derive(Clone)]
pub struct Outcomes {
    pub store: Store,
    door: Arc<Door>,
}

/// Where exposures come in.
struct Door {
    queue: mpsc::Sender<dais_outcomes::Exposure>,
    /// In the queue or being written.
    waiting: AtomicUsize,
    dropped: AtomicU64,
}

/// The other end of the queue.
pub struct Delivery {
    queue: mpsc::Receiver<dais_outcomes::Exposure>,
    outcomes: Outcomes,
}

impl Outcomes {
    pub fn new(store: Store) -> (Self, Delivery) {
        let (sender, queue) = mpsc::channel(WAITING);
        let (waiting, dropped) = (AtomicUsize::new(0), AtomicU64::new(0));
        let outcomes = Self { store, door: Arc::new(Door { queue: sender, waiting, dropped }) };
        (outcomes.clone(), Delivery { queue, outcomes })
    }

    pub fn sink(&self) -> Arc<dyn ExposureSink> {
        self.door.clone()
    }

    /// What controllers hold of it.
    pub fn seam(&self, data: &Data) -> Seam {
        Seam { outcomes: self.clone(), data: data.clone() }
    }

    fn dropped(&self) -> u64 {
        self.door.dropped.load(Ordering::Relaxed)
    }

    /// Lets what is on its way arrive, then closes the store.
    pub async fn close(&self) {
        let arrive = async {
            while self.door.waiting.load(Ordering::Relaxed) > 0 {
                tokio::time::sleep(GATHER).await;
            }
        };
        if tokio::time::timeout(PATIENCE, arrive).await.is_err() {
            tracing::warn!("exposures of tests were not all written");
        }
        self.store.close().await;
    }

    /// Drops outcomes that waited too long, for as long as it is polled.
    pub async fn expire(self) {
        loop {
            if let Err(error) = self.store.expire(milliseconds(SystemTime::now())).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "old outcomes stay");
            }
            tokio::time::sleep(EXPIRE).await;
        }
    }
}

impl ExposureSink for Door {
    fn expose(&self, exposure: Exposure) {
        // A policy that names no test by its uid is not one of ours.
        if exposure.uid.is_empty() {
            return;
        }
        self.waiting.fetch_add(1, Ordering::Relaxed);
        if self.queue.try_send(stored(&exposure)).is_err() {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn stored(exposure: &Exposure) -> dais_outcomes::Exposure {
    let Exposure { namespace, uid, variant, request_id, key_hash, time, status, duration, .. } =
        exposure;
    dais_outcomes::Exposure {
        project: namespace.to_string(),
        test: uid.to_string(),
        request: request_id.clone(),
        subject: key_hash.cast_signed(),
        variant: variant.to_string(),
        time: milliseconds(*time),
        seconds: duration.as_secs_f64(),
        failed: status.is_server_error(),
    }
}

fn milliseconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

impl Delivery {
    /// Writes exposures for as long as it is polled. One that the store refuses is tried
    /// again: written twice it counts once.
    pub async fn deliver(mut self) {
        let mut batch = Vec::new();
        while self.queue.recv_many(&mut batch, TOGETHER).await > 0 {
            while let Err(error) = self.outcomes.store.record(&batch).await {
                let dropped = self.outcomes.dropped();
                let error = anyhow::Error::from(error);
                tracing::warn!(error = format!("{error:#}"), dropped, "exposures not written yet");
                tokio::time::sleep(RETRY).await;
            }
            self.outcomes.door.waiting.fetch_sub(batch.len(), Ordering::Relaxed);
            batch.clear();
            tokio::time::sleep(GATHER).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    fn exposure(uid: &str) -> Exposure {
        Exposure {
            namespace: "team".into(),
            test: "t".into(),
            uid: uid.into(),
            variant: "a".into(),
            request_id: format!("{:032x}", rand_id()),
            key_hash: u64::MAX,
            time: SystemTime::now(),
            status: StatusCode::BAD_GATEWAY,
            duration: Duration::from_millis(20),
        }
    }

    fn rand_id() -> u128 {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        u128::from(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    #[tokio::test]
    async fn exposures_arrive_and_what_is_too_much_is_dropped_and_counted() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}?mode=rwc", folder.path().join("o.db").display());
        let (outcomes, delivery) = Outcomes::new(Store::open(&url).await.unwrap());
        let sink = outcomes.sink();
        for _ in 0..WAITING + 7 {
            sink.expose(exposure("uid"));
        }
        sink.expose(exposure(""));
        assert_eq!(outcomes.dropped(), 7);
        let writer = tokio::spawn(delivery.deliver());
        while outcomes.door.waiting.load(Ordering::Relaxed) > WAITING - TOGETHER {
            tokio::task::yield_now().await;
        }
        let counts = outcomes.store.count(("team", "uid"), 1000).await.unwrap();
        let a = counts.variants["a"];
        assert!(a.requests >= TOGETHER as u64 && a.failures == a.requests && a.subjects == 1);
        writer.abort();
    }
}
