//! The shell around the pure core: a clock, a store, and those who carry messages.

mod carrier;
mod engine;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::alert::{Alert, Known};
use crate::config::Config;
use crate::delivery::{Attempt, Courier};
use crate::error::{Error, Result};
use crate::health::Checkups;
use crate::message::Message;
use crate::metrics::Received;
use crate::state::{Event, State};
use engine::Engine;

/// A clock that jumps is noticed within this time.
const LONGEST_SLEEP: Duration = Duration::from_secs(15);

/// Alerts at once. Beyond it something is wrong with what makes them, and those that are known
/// must not suffer from it.
const MOST: usize = 100_000;

/// What [`Alerts::open`] needs.
#[derive(Debug, Clone)]
pub struct Options {
    /// What must outlive the process is kept here.
    pub directory: PathBuf,
    /// The configuration's text.
    pub config: String,
    /// Where people find the alerts; messages link to it.
    pub external_url: String,
}

/// A handle; clones share the same alerts. They are worked on until [`close`](Self::close).
#[derive(Clone)]
pub struct Alerts {
    inner: Arc<Inner>,
    tasks: Arc<Mutex<JoinSet<()>>>,
}

struct Inner {
    engine: Mutex<Engine>,
    courier: Courier,
    checkups: Mutex<Checkups>,
    received: Mutex<Received>,
    started: Timestamp,
    /// Counts what was done; those who wait for work look again when it moves.
    steps: watch::Sender<u64>,
}

impl Alerts {
    /// Opens what is on disk and goes on where it ended: what was on its way is delivered,
    /// what was told is not told again before its time.
    ///
    /// # Errors
    /// The configuration is wrong, or the directory cannot be used.
    pub async fn open(options: Options) -> Result<Self> {
        let Options { directory, config, external_url } = options;
        let config = Arc::new(Config::parse(&config)?);
        let courier = Courier::new(&external_url)?;
        let now = Timestamp::now();
        let engine = blocking(move || Engine::open(&directory, config, now)).await?;
        let inner = Arc::new(Inner {
            engine: Mutex::new(engine),
            courier,
            checkups: Mutex::default(),
            received: Mutex::new(Received::since(now)),
            started: now,
            steps: watch::Sender::new(0),
        });
        let alerts = Alerts { inner: inner.clone(), tasks: Arc::default() };
        lock(&alerts.tasks).spawn(keep_time(inner.clone()));
        lock(&alerts.tasks).spawn(carrier::run(inner));
        Ok(alerts)
    }

    /// Takes alerts in; they are on disk when this returns. One that is wrong keeps no other
    /// out, as in Alertmanager: who sends alerts does not send them one by one.
    ///
    /// # Errors
    /// An alert is wrong, or the store cannot be written.
    pub async fn receive(&self, alerts: Vec<Alert>) -> Result<()> {
        let now = Timestamp::now();
        let timeout = self.look(|state| state.config.resolve_timeout);
        let (mut known, mut wrong) = (Vec::new(), Vec::new());
        for (at, alert) in alerts.into_iter().enumerate() {
            match alert.settle(at, now, timeout) {
                Ok(alert) => known.push(alert),
                Err(error) => wrong.push(error),
            }
        }
        let room = MOST.saturating_sub(self.look(|state| state.alerts.len()));
        if known.len() > room {
            let is_known =
                |alert: &Known| self.look(|state| state.alerts.contains_key(&alert.fingerprint()));
            let (old, mut new): (Vec<Known>, Vec<Known>) = known.into_iter().partition(is_known);
            if new.len() > room {
                let reason = format!("{MOST} alerts are known, and no more are taken");
                let hint = "alert on fewer, wider things; a label may have a value for each sample";
                wrong.push(Error::invalid("alerts", reason, hint));
                new.truncate(room);
            }
            known = old.into_iter().chain(new).collect();
        }
        lock(&self.inner.received).note(&known, wrong.len(), now);
        self.inner.act(Event::Receive(known)).await?;
        wrong.into_iter().next().map_or(Ok(()), Err)
    }

    /// Another configuration counts from now on.
    ///
    /// # Errors
    /// It is wrong; the one before goes on counting.
    pub async fn configure(&self, text: &str) -> Result<()> {
        let config = Config::parse(text);
        lock(&self.inner.received).note_reload(config.is_ok(), Timestamp::now());
        self.inner.act(Event::Configure(Arc::new(config?))).await
    }

    /// Sends a test message by every way out of a receiver, and tells what each said.
    ///
    /// # Errors
    /// No such receiver is configured.
    pub async fn test(&self, receiver: &str) -> Result<Vec<Attempt>> {
        let config = self.look(|state| state.config.clone());
        let own = config.receivers.get(receiver);
        let own = own.ok_or_else(|| Error::NotFound(format!("receiver {receiver:?}")))?;
        let message = Message::example(receiver, own.language, Timestamp::now());
        let mut attempts = Vec::new();
        for integration in &own.integrations {
            let courier = &self.inner.courier;
            attempts.push(courier.deliver(&config, own, integration, &message).await);
        }
        Ok(attempts)
    }

    /// What is measured, in Prometheus's text format.
    pub fn metrics(&self) -> String {
        let now = Timestamp::now();
        let engine = lock(&self.inner.engine);
        let (checkups, received) = (lock(&self.inner.checkups), lock(&self.inner.received));
        crate::metrics::text(engine.state(), &checkups, &received, now)
    }

    /// Stops. What is on its way stays on disk; [`open`](Self::open) goes on with it.
    pub async fn close(&self) {
        let mut tasks = std::mem::take(&mut *lock(&self.tasks));
        tasks.shutdown().await;
    }

    pub(crate) fn look<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(lock(&self.inner.engine).state())
    }

    pub(crate) fn started(&self) -> Timestamp {
        self.inner.started
    }

    pub(crate) fn health(&self, integration: &str) -> crate::health::Health {
        lock(&self.inner.checkups).of(integration)
    }

    pub(crate) async fn act(&self, event: Event) -> Result<()> {
        self.inner.act(event).await
    }
}

impl Inner {
    /// One step, on disk when this returns. Groups that became due are flushed with it.
    async fn act(self: &Arc<Self>, event: Event) -> Result<()> {
        let own = self.clone();
        let done = blocking(move || lock(&own.engine).act(event, Timestamp::now())).await;
        self.steps.send_modify(|steps| *steps += 1);
        done
    }
}

/// Flushes groups when they are due.
async fn keep_time(inner: Arc<Inner>) {
    let mut steps = inner.steps.subscribe();
    loop {
        steps.borrow_and_update();
        let next = lock(&inner.engine).state().next_flush();
        let wait = next.map_or(LONGEST_SLEEP, |next| {
            let left = next.duration_since(Timestamp::now());
            Duration::try_from(left).unwrap_or_default().min(LONGEST_SLEEP)
        });
        tokio::select! {
            // Something was done, which may have made another group the next.
            _ = steps.changed(), if !wait.is_zero() => continue,
            () = tokio::time::sleep(wait) => {}
        }
        if let Err(error) = inner.act(Event::Tick).await {
            let error = error.chain();
            tracing::error!(error, "alerts cannot be written down; trying again");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}

/// A lock that a panic left is taken all the same: each step leaves the state whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Error::Closed)?
}
