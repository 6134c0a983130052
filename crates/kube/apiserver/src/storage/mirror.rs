//! Something computed from all objects under a prefix, never behind the store.
//!
//! The roles that decide who may do what, the definitions that decide what is
//! served and the labels of namespaces are asked on every request. A mirror
//! holds them in memory and, before it answers, folds in whatever has been
//! committed since: a write is seen by the very next request.
//!
//! No lock is held while anything is waited for. A request may be left alone half-way,
//! neither polled nor dropped, and nobody else may ever wait for it.

use std::sync::{Arc, PoisonError, RwLock};

use dais_store::{Event, ListOptions, Revision, Store};
use serde_json::Value;

use crate::status::Failure;

/// What is computed. Cloned when it changes, so that readers keep what they hold.
pub trait Fold: Clone + Default + Send + Sync + 'static {
    /// Takes in the present state of one object; `None` when it is gone.
    fn apply(&mut self, key: &str, object: Option<&Value>, revision: Revision);
}

pub struct Mirror<F> {
    store: Store,
    prefix: String,
    held: RwLock<Held<F>>,
}

#[derive(Default)]
struct Held<F> {
    state: Arc<F>,
    /// Everything up to here is folded in.
    revision: Revision,
}

impl<F: Fold> Mirror<F> {
    pub fn new(store: Store, prefix: impl Into<String>) -> Mirror<F> {
        Mirror { store, prefix: prefix.into(), held: RwLock::default() }
    }

    /// The state as of the newest commit.
    pub async fn current(&self) -> Result<Arc<F>, Failure> {
        let target = self.store.revision();
        loop {
            if let Some(state) = self.at(target).or_else(|| self.follow()) {
                return Ok(state);
            }
            self.start_over().await?;
        }
    }

    /// What is held, if it reaches to `target`.
    fn at(&self, target: Revision) -> Option<Arc<F>> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        (held.revision >= target).then(|| held.state.clone())
    }

    /// Folds in what was committed since; `None` when some of it is no longer in memory.
    fn follow(&self) -> Option<Arc<F>> {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        let (events, newest) = self.store.recent(&self.prefix, held.revision)?;
        if !events.is_empty() {
            let mut state = F::clone(&held.state);
            for event in &events {
                fold(&mut state, event);
            }
            held.state = Arc::new(state);
        }
        held.revision = newest;
        Some(held.state.clone())
    }

    async fn start_over(&self) -> Result<(), Failure> {
        let page = self.store.list(&self.prefix, ListOptions::default()).await?;
        let mut state = F::default();
        for record in &page.records {
            if let Some(object) = parse(&record.key, &record.value) {
                state.apply(&record.key, Some(&object), record.modified);
            }
        }
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        if page.revision > held.revision {
            *held = Held { state: Arc::new(state), revision: page.revision };
        }
        Ok(())
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::pin::pin;

    use bytes::Bytes;
    use dais_store::Expect;
    use futures::poll;

    use super::*;

    #[derive(Clone, Default, Debug, PartialEq)]
    struct Keys(BTreeSet<String>);

    impl Fold for Keys {
        fn apply(&mut self, key: &str, object: Option<&Value>, _: Revision) {
            match object {
                Some(_) => self.0.insert(key.to_owned()),
                None => self.0.remove(key),
            };
        }
    }

    async fn put(store: &Store, key: &str) {
        store.put(key, Bytes::from_static(b"{}"), Expect::Any).await.expect("is written");
    }

    async fn keys(mirror: &Mirror<Keys>) -> Vec<String> {
        mirror.current().await.expect("answers").0.iter().cloned().collect()
    }

    #[tokio::test]
    async fn a_write_is_seen_by_the_next_request() {
        let store = Store::in_memory().expect("a store");
        let mirror = Mirror::<Keys>::new(store.clone(), "/a/");
        put(&store, "/a/1").await;
        put(&store, "/b/1").await;
        assert_eq!(keys(&mirror).await, ["/a/1"]);
        put(&store, "/a/2").await;
        store.delete("/a/1", Expect::Any).await.expect("is deleted");
        assert_eq!(keys(&mirror).await, ["/a/2"]);
    }

    #[tokio::test]
    async fn a_request_that_is_left_alone_holds_nobody_up() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("store.db");
        let store = Store::open(&path).expect("a store");
        put(&store, "/a/1").await;
        drop(store);
        // What was there before this start is read from the file.
        let store = loop {
            match Store::open(&path) {
                Ok(store) => break store,
                // The writer of the last one is on its way out.
                Err(_) => tokio::task::yield_now().await,
            }
        };
        let mirror = Mirror::<Keys>::new(store.clone(), "/a/");
        let mut alone = pin!(mirror.current());
        assert!(poll!(alone.as_mut()).is_pending());
        assert_eq!(keys(&mirror).await, ["/a/1"]);
        put(&store, "/a/2").await;
        assert_eq!(keys(&mirror).await, ["/a/1", "/a/2"]);
        alone.await.expect("answers when it is asked again");
    }
}
