//! Something computed from all objects under a prefix, never behind the store.
//!
//! The roles that decide who may do what, the definitions that decide what is
//! served and the labels of namespaces are asked on every request. A mirror
//! holds them in memory and, before it answers, folds in whatever has been
//! committed since: a write is seen by the very next request, and a request
//! without news costs one atomic read.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::task::Poll;

use dais_store::{Error as StoreError, Event, ListOptions, Revision, Store, Watch};
use futures::Stream;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::status::Failure;

/// What is computed. Cloned when it changes, so that readers keep what they hold.
pub trait Fold: Clone + Default + Send + Sync + 'static {
    /// Takes in the present state of one object; `None` when it is gone.
    fn apply(&mut self, key: &str, object: Option<&Value>, revision: Revision);
}

pub struct Mirror<F> {
    store: Store,
    prefix: String,
    /// The revision up to which everything is folded in.
    applied: AtomicU64,
    state: RwLock<Arc<F>>,
    watch: Mutex<Option<Watch>>,
}

impl<F: Fold> Mirror<F> {
    pub fn new(store: Store, prefix: impl Into<String>) -> Mirror<F> {
        Mirror {
            store,
            prefix: prefix.into(),
            applied: AtomicU64::new(0),
            state: RwLock::default(),
            watch: Mutex::new(None),
        }
    }

    /// The state as of the newest commit.
    pub async fn current(&self) -> Result<Arc<F>, Failure> {
        let target = self.store.revision();
        if self.applied.load(Ordering::Acquire) < target {
            self.catch_up(target).await?;
        }
        Ok(self.state.read().unwrap_or_else(PoisonError::into_inner).clone())
    }

    async fn catch_up(&self, target: Revision) -> Result<(), Failure> {
        let mut slot = self.watch.lock().await;
        while self.applied.load(Ordering::Acquire) < target {
            let mut watch = match slot.take() {
                Some(watch) => watch,
                None => self.start_over().await?,
            };
            match self.drain(&mut watch, target).await {
                Ok(()) => *slot = Some(watch),
                Err(StoreError::Compacted { .. }) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Ok(())
    }

    /// Reads everything and watches from there.
    async fn start_over(&self) -> Result<Watch, Failure> {
        let page = self.store.list(&self.prefix, ListOptions::default()).await?;
        let mut state = F::default();
        for record in &page.records {
            if let Some(object) = parse(&record.key, &record.value) {
                state.apply(&record.key, Some(&object), record.modified);
            }
        }
        let watch = self.store.watch(&self.prefix, page.revision)?;
        self.publish(state, page.revision);
        Ok(watch)
    }

    async fn drain(&self, watch: &mut Watch, target: Revision) -> Result<(), StoreError> {
        let mut changed: Option<F> = None;
        let mut watch = pin!(watch);
        while watch.position() < target {
            let next = poll_fn(|context| match watch.as_mut().poll_next(context) {
                Poll::Pending if watch.position() >= target => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
                Poll::Ready(None) => Poll::Ready(Some(Err(StoreError::Closed))),
                Poll::Ready(Some(event)) => Poll::Ready(Some(event)),
            });
            match next.await {
                None => break,
                Some(event) => {
                    let event = event?;
                    let state = changed.get_or_insert_with(|| {
                        F::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner))
                    });
                    fold(state, &event);
                }
            }
        }
        let position = watch.position();
        match changed {
            Some(state) => self.publish(state, position),
            None => self.applied.store(position, Ordering::Release),
        }
        Ok(())
    }

    fn publish(&self, state: F, revision: Revision) {
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(state);
        self.applied.store(revision, Ordering::Release);
    }
}

fn fold<F: Fold>(state: &mut F, event: &Event) {
    match &event.value {
        Some(value) => {
            if let Some(object) = parse(&event.key, value) {
                state.apply(&event.key, Some(&object), event.revision);
            }
        }
        None => state.apply(&event.key, None, event.revision),
    }
}

fn parse(key: &str, value: &[u8]) -> Option<Value> {
    serde_json::from_slice(value)
        .inspect_err(|error| tracing::error!(key, %error, "a stored object cannot be read"))
        .ok()
}
