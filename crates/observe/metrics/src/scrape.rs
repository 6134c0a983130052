//! Asks targets for their metrics at an interval and appends what they say.
//!
//! A series that a target no longer tells, and all series of a target that does not
//! answer, get a staleness marker, so that queries do not show their last value for
//! another five minutes.

mod discovered;
mod known;
mod once;
mod relabel;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::metadata::Metadata;
use crate::store::Store;
use once::Session;
pub use relabel::{Relabeling, RelabelingConfig};

/// How often a target is asked that says nothing else.
const INTERVAL: Duration = Duration::from_secs(15);
/// Prometheus's default.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Where a target's text comes from.
#[derive(Clone)]
pub enum Reach {
    /// In this process.
    Call(Arc<dyn Fn() -> BoxFuture<'static, Result<String, String>> + Send + Sync>),
    /// Over HTTP.
    Url(String),
}

/// One thing to be scraped.
#[derive(Clone)]
pub struct Target {
    pub job: String,
    pub instance: String,
    /// Labels for all of its series, besides `job` and `instance`.
    pub labels: Vec<(String, String)>,
    /// Whether the target's own labels win over these. Otherwise they are kept as `exported_…`.
    pub honor_labels: bool,
    /// The `namespace` that its series have whatever the target and relabelling say.
    pub namespace: Option<String>,
    pub interval: Duration,
    /// Never longer than the interval.
    pub timeout: Duration,
    /// What each sample's labels pass.
    pub metric_relabelings: Arc<[Relabeling]>,
    /// The labels before relabelling, when it was discovered.
    pub discovered: BTreeMap<String, String>,
    /// A scrape with more samples fails whole, so that what explodes is cut off here.
    pub sample_limit: usize,
    pub reach: Reach,
}

/// Far above what a program tells that does not put ids of its requests into labels.
const SAMPLE_LIMIT: usize = 100_000;

impl Target {
    /// A target in this process, every 15 seconds.
    pub fn call<F>(job: &str, instance: &str, text: F) -> Target
    where
        F: Fn() -> BoxFuture<'static, Result<String, String>> + Send + Sync + 'static,
    {
        Target::new(job, instance, Reach::Call(Arc::new(text)))
    }

    /// A target over HTTP, every 15 seconds.
    pub fn url(job: &str, instance: &str, url: &str) -> Target {
        Target::new(job, instance, Reach::Url(url.to_owned()))
    }

    fn new(job: &str, instance: &str, reach: Reach) -> Target {
        Target {
            job: job.into(),
            instance: instance.into(),
            labels: vec![],
            honor_labels: false,
            namespace: None,
            interval: INTERVAL,
            timeout: TIMEOUT,
            metric_relabelings: Arc::default(),
            discovered: BTreeMap::new(),
            sample_limit: SAMPLE_LIMIT,
            reach,
        }
    }

    pub fn label(mut self, name: &str, value: &str) -> Target {
        self.labels.push((name.into(), value.into()));
        self
    }

    pub fn every(mut self, interval: Duration) -> Target {
        self.interval = interval;
        self
    }

    pub fn at_most(mut self, samples: usize) -> Target {
        self.sample_limit = samples;
        self
    }

    pub fn honoring_labels(mut self) -> Target {
        self.honor_labels = true;
        self
    }

    /// Whether the same lines are the same series as they were for another.
    fn labels_like(&self, other: &Target) -> bool {
        let steps = |target: &Target| format!("{:?}", target.metric_relabelings);
        self.honor_labels == other.honor_labels
            && self.namespace == other.namespace
            && steps(self) == steps(other)
    }

    /// What makes it the same target when the list of targets changes.
    fn key(&self) -> String {
        let url = match &self.reach {
            Reach::Call(_) => "",
            Reach::Url(url) => url,
        };
        format!("{}\0{}\0{url}\0{:?}", self.job, self.instance, self.labels)
    }
}

/// How a target's last scrape went; what `/api/v1/targets` tells.
#[derive(Debug, Clone, Default)]
pub struct Health {
    pub job: String,
    pub instance: String,
    pub labels: Vec<(String, String)>,
    pub discovered: BTreeMap<String, String>,
    pub url: String,
    pub interval: Duration,
    /// Milliseconds since 1970.
    pub last_scrape: Option<i64>,
    pub duration: Duration,
    pub error: Option<String>,
}

/// The scrape loop; ends when dropped.
pub struct Scraper {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    targets: Mutex<Vec<Target>>,
    health: Mutex<BTreeMap<String, Health>>,
    changed: Notify,
}

/// A look at the targets' health, for the HTTP API.
#[derive(Clone)]
pub struct Targets(Arc<Shared>);

impl Targets {
    /// No targets, for a store that others fill.
    pub fn none() -> Targets {
        Targets(Arc::default())
    }

    pub fn health(&self) -> Vec<Health> {
        self.0.health.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}

impl Scraper {
    /// Must be called within a tokio runtime.
    pub fn start(store: Store, metadata: Metadata, targets: Vec<Target>) -> Scraper {
        let shared = Arc::new(Shared { targets: Mutex::new(targets), ..Shared::default() });
        let task = tokio::spawn(run(store, metadata, shared.clone()));
        Scraper { shared, task }
    }

    /// Replaces the list of targets. Those that are in both go on undisturbed.
    pub fn set_targets(&self, targets: Vec<Target>) {
        *self.shared.targets.lock().unwrap_or_else(PoisonError::into_inner) = targets;
        self.shared.changed.notify_one();
    }

    pub fn targets(&self) -> Targets {
        Targets(self.shared.clone())
    }

    /// Ends the loop before the scraper is dropped; what was read stays.
    pub fn stop(&self) {
        self.task.abort();
    }
}

impl Drop for Scraper {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A target with its next time and its memory of the last scrape (absent while it runs).
struct Scheduled {
    target: Target,
    due: Instant,
    session: Option<Session>,
    /// What the session remembers was labelled otherwise.
    is_relabelled: bool,
}

async fn run(store: Store, metadata: Metadata, shared: Arc<Shared>) {
    let mut scheduled: BTreeMap<String, Scheduled> = BTreeMap::new();
    let (done, mut finished) = tokio::sync::mpsc::unbounded_channel::<(String, Session)>();
    adopt(&mut scheduled, &shared);
    loop {
        let now = Instant::now();
        for (key, entry) in scheduled.iter_mut().filter(|(_, entry)| entry.due <= now) {
            // A scrape that takes longer than the interval skips a turn.
            entry.due = now.max(entry.due + entry.target.interval);
            if let Some(mut session) = entry.session.take() {
                if std::mem::take(&mut entry.is_relabelled) {
                    session.relabel();
                }
                let (store, metadata, shared) = (store.clone(), metadata.clone(), shared.clone());
                let (target, key, done) = (entry.target.clone(), key.clone(), done.clone());
                tokio::spawn(async move {
                    let (session, health) = session.scrape(&store, &metadata, &target).await;
                    shared
                        .health
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .insert(key.clone(), health);
                    // The loop is gone at shutdown, and with it the need to tell it.
                    let _ = done.send((key, session));
                });
            }
        }
        let due = scheduled.values().map(|entry| entry.due).min();
        let next = due.unwrap_or_else(|| now + Duration::from_secs(3600));
        tokio::select! {
            () = tokio::time::sleep_until(next) => {}
            () = shared.changed.notified() => {
                for (key, entry) in adopt(&mut scheduled, &shared) {
                    shared.health.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
                    if let Some(session) = entry.session {
                        session.end(&store);
                    }
                }
            }
            Some((key, session)) = finished.recv() => match scheduled.get_mut(&key) {
                Some(entry) => entry.session = Some(session),
                None => {
                    shared.health.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
                    session.end(&store);
                }
            },
        }
    }
}

/// Makes the schedule follow the list; gives what fell out of it.
fn adopt(
    scheduled: &mut BTreeMap<String, Scheduled>,
    shared: &Shared,
) -> BTreeMap<String, Scheduled> {
    let targets = shared.targets.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let mut before = std::mem::take(scheduled);
    for target in targets {
        let key = target.key();
        let entry = match before.remove(&key) {
            Some(mut known) => {
                known.is_relabelled |= !target.labels_like(&known.target);
                Scheduled { target, ..known }
            }
            None => {
                let session = Some(Session::default());
                Scheduled { target, due: Instant::now(), session, is_relabelled: false }
            }
        };
        scheduled.insert(key, entry);
    }
    before
}
