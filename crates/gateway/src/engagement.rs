//! Which endpoints somebody is still busy with.
//!
//! An endpoint is engaged while a table names it, while a request is under way that
//! found its route in such a table, and while an answer of it still comes. Each of these
//! holds its [`Engagement`]; when the last one lets go, the endpoint gets nothing more
//! from this gateway and owes it nothing, and whoever waits for that is told.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio_util::sync::CancellationToken;

/// Of one address of one namespace.
#[derive(Debug, Default)]
pub struct Engagement {
    over: CancellationToken,
}

impl Drop for Engagement {
    fn drop(&mut self) {
        self.over.cancel();
    }
}

/// All engagements. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Engagements(Arc<Mutex<Known>>);

type Known = HashMap<(String, IpAddr), Weak<Engagement>>;

impl Engagements {
    /// The one that there is, else a new one.
    pub fn of(&self, namespace: &str, address: IpAddr) -> Arc<Engagement> {
        let mut known = self.lock();
        let slot = known.entry((namespace.to_owned(), address)).or_default();
        slot.upgrade().unwrap_or_else(|| {
            let new = Arc::new(Engagement::default());
            *slot = Arc::downgrade(&new);
            new
        })
    }

    /// Returns when nobody is busy with the address, or nobody ever was.
    pub async fn over(&self, namespace: &str, address: IpAddr) {
        let key = (namespace.to_owned(), address);
        let engagement = self.lock().get(&key).and_then(Weak::upgrade);
        let Some(over) = engagement.map(|engagement| engagement.over.clone()) else { return };
        over.cancelled().await;
    }

    /// Keeps nothing of addresses that are not engaged any more.
    pub fn tidy(&self) {
        self.lock().retain(|_, engagement| engagement.strong_count() > 0);
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
