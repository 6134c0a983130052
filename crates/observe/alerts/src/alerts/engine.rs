//! The state and its store, which change together.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use crate::config::Config;
use crate::error::Result;
use crate::record::{Change, Kind};
use crate::state::{Event, State};
use crate::store::Store;

pub struct Engine {
    state: State,
    store: Store,
    /// What the store could not be given yet. Nothing is delivered before it is.
    unwritten: BTreeMap<(Kind, String), Change>,
}

impl Engine {
    pub fn open(directory: &Path, config: Arc<Config>, now: Timestamp) -> Result<Self> {
        let mut store = Store::open(directory)?;
        let (state, changes) = State::restore(config, &store.records()?, now)?;
        store.apply(&changes)?;
        Ok(Engine { state, store, unwritten: BTreeMap::new() })
    }

    pub fn state(&self) -> &State {
        &self.state
    }

    pub fn is_written(&self) -> bool {
        self.unwritten.is_empty()
    }

    /// # Errors
    /// The store cannot be written; the next step tries again.
    pub fn act(&mut self, event: Event, now: Timestamp) -> Result<()> {
        let mut changes = self.state.step(event, now);
        changes.extend(self.state.step(Event::Tick, now));
        if !self.is_written() {
            for change in changes {
                self.unwritten.insert((change.kind, change.key.clone()), change);
            }
            changes = self.unwritten.values().cloned().collect();
        }
        match self.store.apply(&changes) {
            Ok(()) => {
                self.unwritten.clear();
                Ok(())
            }
            Err(error) => {
                for change in changes {
                    self.unwritten.insert((change.kind, change.key.clone()), change);
                }
                Err(error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::Alert;
    use crate::duration::Length;

    #[test]
    fn what_the_store_cannot_take_now_it_gets_with_the_next_step() {
        let directory = tempfile::tempdir().unwrap();
        let config = "route: {receiver: a, group_wait: 0s}\n\
                      receivers: [{name: a, webhook_configs: [{url: 'http://a.example.org'}]}]";
        let config = Arc::new(Config::parse(config).unwrap());
        let now = Timestamp::now();
        let mut engine = Engine::open(directory.path(), config.clone(), now).unwrap();
        let labels = [("alertname".to_owned(), "A".to_owned())].into();
        let alert = Alert { labels, ..Alert::default() };
        let alert = alert.settle(0, now, Length::from_secs(300)).unwrap();
        engine.store.refuse(true);
        assert!(engine.act(Event::Receive(vec![alert]), now).is_err());
        assert!(!engine.is_written());
        engine.store.refuse(false);
        engine.act(Event::Tick, now).unwrap();
        assert!(engine.is_written());
        drop(engine);
        let engine = Engine::open(directory.path(), config, now).unwrap();
        assert_eq!((engine.state.alerts.len(), engine.state.deliveries.len()), (1, 1));
    }
}
