//! Carries deliveries: one line for each integration, so that a message never overtakes
//! another of its receiver and a receiver that is down holds up no other.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::{Inner, lock};
use crate::config::Config;
use crate::delivery::{Attempt, Verdict};
use crate::state::{Delivery, Event};

/// Between tries: doubled each time, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(5 * 60);

/// Keeps a line for every integration that has something to carry.
pub async fn run(inner: Arc<Inner>) {
    let mut steps = inner.steps.subscribe();
    let mut lines: BTreeMap<String, tokio::task::AbortHandle> = BTreeMap::new();
    let mut running = JoinSet::new();
    loop {
        steps.borrow_and_update();
        for integration in waiting(&inner) {
            let is_running = lines.get(&integration).is_some_and(|line| !line.is_finished());
            if !is_running {
                let line = running.spawn(carry(inner.clone(), integration.clone()));
                lines.insert(integration, line);
            }
        }
        tokio::select! {
            changed = steps.changed() => if changed.is_err() { return },
            Some(ended) = running.join_next() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "a line of deliveries ended and begins anew");
                }
            }
        }
    }
}

/// Integrations with deliveries; none before the decisions for them are on disk.
fn waiting(inner: &Inner) -> Vec<String> {
    let engine = lock(&inner.engine);
    if !engine.is_written() {
        return vec![];
    }
    let mut keys: Vec<String> =
        engine.state().deliveries.values().map(|own| own.integration.clone()).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Delivers what waits for one integration, the oldest first, until nothing does.
async fn carry(inner: Arc<Inner>, integration: String) {
    let mut steps = inner.steps.subscribe();
    let mut pause = FIRST_PAUSE;
    let mut tried = None;
    loop {
        steps.borrow_and_update();
        let Some((id, delivery, config)) = head(&inner, &integration) else { return };
        if tried != Some(id) {
            (tried, pause) = (Some(id), FIRST_PAUSE);
        }
        let Some(attempt) = attempt(&inner, &config, &delivery).await else { return };
        let event = match attempt.verdict {
            Verdict::Delivered => Event::Delivered(id),
            Verdict::Refused => Event::Refused(id),
            Verdict::Retry => {
                wait(&inner, &mut steps, &config, pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
                continue;
            }
        };
        // Before what came of it is on disk, the next must not go.
        while let Err(error) = inner.act(event.clone()).await {
            let error = error.chain();
            tracing::error!(integration, error, "a delivery cannot be written down; trying again");
            tokio::time::sleep(FIRST_PAUSE).await;
        }
    }
}

/// The oldest delivery, once the decision for it is on disk.
fn head(inner: &Inner, integration: &str) -> Option<(u64, Delivery, Arc<Config>)> {
    let engine = lock(&inner.engine);
    let (id, delivery) = engine.state().head(integration).filter(|_| engine.is_written())?;
    Some((id, delivery.clone(), engine.state().config.clone()))
}

/// None where the configuration lost the integration meanwhile, and its deliveries with it.
async fn attempt(inner: &Inner, config: &Config, delivery: &Delivery) -> Option<Attempt> {
    let (receiver, integration) = config.integration(&delivery.integration)?;
    let integration = integration.clone();
    let attempt = inner.courier.deliver(config, receiver, &integration, &delivery.message).await;
    let Attempt { integration: name, verdict, status, code, answer, .. } = &attempt;
    match verdict {
        Verdict::Delivered => tracing::debug!(integration = name, "alert notification delivered"),
        Verdict::Retry => {
            tracing::warn!(integration = name, status, code, answer, "alert notification delayed");
        }
        Verdict::Refused => {
            tracing::error!(integration = name, status, code, answer, "alert notification refused");
        }
    }
    lock(&inner.checkups).note(&attempt, Timestamp::now());
    Some(attempt)
}

/// Until the pause is over, or another configuration counts, which may mend what is wrong.
async fn wait(
    inner: &Inner,
    steps: &mut watch::Receiver<u64>,
    config: &Arc<Config>,
    pause: Duration,
) {
    let pause = tokio::time::sleep(pause);
    tokio::pin!(pause);
    loop {
        tokio::select! {
            () = &mut pause => return,
            changed = steps.changed() => {
                let is_same = Arc::ptr_eq(config, &lock(&inner.engine).state().config);
                if changed.is_err() || !is_same {
                    return;
                }
            }
        }
    }
}
