//! When groups have their turn: at multiples of their interval, each a little shifted so
//! that not all come at once.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};

use super::alert::milliseconds;
use super::config::RuleGroup;
use super::group::Group;
use super::{Notifier, RulesConfig, Shared};
use crate::store::{Store, now};

/// Without a group there is nothing to wake up for.
const IDLE: i64 = 3_600_000;

type Key = (String, String);

pub struct Schedule {
    desk: Desk,
    entries: BTreeMap<Key, Entry>,
    finished: mpsc::UnboundedReceiver<(Key, Group)>,
}

/// What a turn needs.
#[derive(Clone)]
struct Desk {
    store: Store,
    config: RulesConfig,
    notify: Notifier,
    shared: Arc<Shared>,
    done: mpsc::UnboundedSender<(Key, Group)>,
    /// Groups that may have their turn at once.
    free: Arc<Semaphore>,
}

struct Entry {
    wanted: RuleGroup,
    /// Milliseconds since 1970.
    due: i64,
    /// Absent while it has its turn.
    group: Option<Group>,
}

impl Schedule {
    pub fn new(
        store: Store,
        config: RulesConfig,
        notify: Notifier,
        shared: Arc<Shared>,
    ) -> Schedule {
        let (done, finished) = mpsc::unbounded_channel();
        let free = Arc::new(Semaphore::new(config.limits.at_once));
        let desk = Desk { store, config, notify, shared, done, free };
        Schedule { desk, entries: BTreeMap::new(), finished }
    }

    pub async fn run(mut self) {
        self.adopt();
        loop {
            let now = now();
            self.start_due(now);
            let next = self.entries.values().map(|entry| entry.due).min();
            let wait = next.map_or(IDLE, |next| next - now).clamp(0, IDLE);
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(wait.unsigned_abs())) => {}
                () = self.desk.shared.changed.notified() => self.adopt(),
                Some((key, group)) = self.finished.recv() => self.take_back(key, group),
            }
        }
    }

    fn start_due(&mut self, now: i64) {
        for (key, entry) in &mut self.entries {
            let interval = self.desk.interval(&entry.wanted);
            // A clock that was set back must not silence a group.
            if entry.due - now > interval {
                entry.due = slot(key, interval, now) + interval;
            }
            if entry.due > now {
                continue;
            }
            let turn = slot(key, interval, now);
            entry.due = turn + interval;
            // A turn that takes longer than the interval skips the next.
            if let Some(group) = entry.group.take() {
                self.desk.clone().evaluate(key.clone(), group, turn);
            }
        }
    }

    /// Follows the wanted groups.
    fn adopt(&mut self) {
        let wanted = self.desk.shared.wanted.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut before = std::mem::take(&mut self.entries);
        let now = now();
        for config in wanted {
            let key = config.key();
            if self.entries.contains_key(&key) {
                tracing::warn!(
                    source = key.0,
                    group = key.1,
                    "a second group of this name is left out"
                );
                continue;
            }
            let mut entry = before.remove(&key).unwrap_or_else(|| Entry {
                // The next turn: at the last one its series may not have been there.
                due: slot(&key, self.desk.interval(&config), now) + self.desk.interval(&config),
                group: Some(Group::new(config.clone())),
                wanted: config.clone(),
            });
            entry.wanted = config;
            entry.reshape(&self.desk.config, now);
            if let Some(group) = &entry.group {
                self.desk.post(&key, group);
            }
            self.entries.insert(key, entry);
        }
        for (key, entry) in before {
            self.desk.shared.statuses.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
            if let Some(group) = entry.group {
                self.desk.clone().end(group);
            }
        }
    }

    fn take_back(&mut self, key: Key, group: Group) {
        let Some(entry) = self.entries.get_mut(&key) else {
            return self.desk.clone().end(group);
        };
        entry.group = Some(group);
        entry.reshape(&self.desk.config, now());
        if let Some(group) = &entry.group {
            self.desk.post(&key, group);
        }
    }
}

impl Entry {
    fn reshape(&mut self, config: &RulesConfig, now: i64) {
        if let Some(group) = &mut self.group
            && *group.config() != self.wanted
        {
            group.reshape(self.wanted.clone(), config, now);
        }
    }
}

impl Desk {
    fn interval(&self, group: &RuleGroup) -> i64 {
        milliseconds(group.interval_or(self.config.interval)).max(1)
    }

    fn post(&self, key: &Key, group: &Group) {
        let status = Arc::new(group.status(self.config.interval));
        let mut statuses = self.shared.statuses.lock().unwrap_or_else(PoisonError::into_inner);
        statuses.insert(key.clone(), status);
    }

    fn evaluate(self, key: Key, mut group: Group, turn: i64) {
        let (done, config) = (self.done.clone(), group.config().clone());
        let free = self.free.clone();
        let work = move || {
            let due = group.evaluate(&self.store, &self.config, turn);
            if !due.is_empty() {
                (self.notify)(due);
            }
            group
        };
        tokio::spawn(async move {
            // Never closed, so that it cannot fail.
            let _free = free.acquire_owned().await;
            let work = tokio::task::spawn_blocking(work);
            // One that panicked starts anew; the panic was reported when it happened.
            let group = work.await.unwrap_or_else(|_| Group::new(config));
            // The schedule is gone at shutdown, and with it the need to tell it.
            let _ = done.send((key, group));
        });
    }

    fn end(self, group: Group) {
        tokio::task::spawn_blocking(move || {
            let ended = group.end(&self.store, &self.config, now());
            if !ended.is_empty() {
                (self.notify)(ended);
            }
        });
    }
}

/// The last time at or before `now` at which a group has its turn.
fn slot(key: &Key, interval: i64, now: i64) -> i64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    let shift = (hasher.finish() % interval.unsigned_abs()) as i64;
    (now - shift).div_euclid(interval) * interval + shift
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_an_interval_apart() {
        let key = ("file".to_owned(), "group".to_owned());
        let first = slot(&key, 60_000, 1_700_000_000_000);
        assert!((1_700_000_000_000 - 60_000..=1_700_000_000_000).contains(&first));
        assert_eq!(slot(&key, 60_000, first), first);
        assert_eq!(slot(&key, 60_000, first + 59_999), first);
        assert_eq!(slot(&key, 60_000, first - 1), first - 60_000);
    }
}
