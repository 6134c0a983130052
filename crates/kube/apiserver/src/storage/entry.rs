//! One object at one revision, shared by everybody who reads or watches it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, OnceLock};

use bytes::Bytes;
use dais_store::Revision;
use serde_json::Value;

/// An object as it is served. A revision names exactly one state of one object,
/// so an entry never changes.
#[derive(Debug)]
pub struct Entry {
    pub revision: Revision,
    pub object: Value,
    json: OnceLock<Bytes>,
}

impl Entry {
    pub fn new(revision: Revision, object: Value) -> Entry {
        Entry { revision, object, json: OnceLock::new() }
    }

    /// The object as JSON text, written on first use.
    pub fn json(&self) -> Bytes {
        self.json.get_or_init(|| Bytes::from(self.object.to_string())).clone()
    }
}

/// How much stored JSON the cache may stand for. Parsed objects take about six
/// times their text, so this is about 24 MiB of memory at most.
const CAPACITY: usize = 4 * 1024 * 1024;

/// Recently used entries by revision. An event that a hundred watchers wait for
/// is parsed by the first of them.
#[derive(Debug, Default)]
pub struct Entries {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    entries: HashMap<Key, Arc<Entry>>,
    /// In the order of insertion: old revisions are asked for less and less.
    order: VecDeque<(Key, usize)>,
    size: usize,
}

/// The revision of the object, and the epoch of the schema that it was read with.
type Key = (Revision, u64);

impl Entries {
    pub fn get(&self, revision: Revision, epoch: u64) -> Option<Arc<Entry>> {
        self.lock().entries.get(&(revision, epoch)).cloned()
    }

    /// Keeps an entry whose stored text has `size` bytes.
    pub fn insert(&self, epoch: u64, entry: Entry, size: usize) -> Arc<Entry> {
        let key = (entry.revision, epoch);
        let entry = Arc::new(entry);
        let mut inner = self.lock();
        if inner.entries.insert(key, entry.clone()).is_none() {
            inner.order.push_back((key, size));
            inner.size += size;
        }
        while inner.size > CAPACITY {
            let Some((oldest, size)) = inner.order.pop_front() else { break };
            inner.entries.remove(&oldest);
            inner.size -= size;
        }
        entry
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
