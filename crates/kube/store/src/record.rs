//! The nouns of the store: what is kept, what is asked, what is answered.

use bytes::Bytes;

/// The number of a write. Every committed write has its own, counted from 2;
/// 1 is the revision of a store that was never written.
pub type Revision = u64;

/// The revision of a store without writes. Not 0: Kubernetes clients read
/// `resourceVersion: "0"` as "any".
pub(crate) const FIRST: Revision = 1;

/// One key at one revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub key: String,
    pub value: Bytes,
    /// The revision that made the key; a key deleted and made again starts anew.
    pub created: Revision,
    /// The revision that wrote this value.
    pub modified: Revision,
}

/// One committed write, as a watch tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub key: String,
    pub revision: Revision,
    /// `None`: the key was deleted.
    pub value: Option<Bytes>,
    /// What the key held before; `None` when this write made it.
    pub previous: Option<Record>,
}

impl Event {
    /// The bytes that this event keeps in memory, roughly.
    pub(crate) fn weight(&self) -> usize {
        let previous = self.previous.as_ref().map_or(0, |record| record.value.len());
        self.key.len() + self.value.as_ref().map_or(0, Bytes::len) + previous
    }
}

/// What a write demands of the key's present state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// The key must not exist.
    Absent,
    /// The key must be at exactly this revision.
    At(Revision),
    /// Anything; a delete still needs the key to exist.
    Any,
}

/// Which part of a prefix to list.
#[derive(Clone, Debug, Default)]
pub struct ListOptions {
    /// Only keys after this one, in byte order.
    pub start_after: Option<String>,
    /// At most this many; `None` for all.
    pub limit: Option<usize>,
    /// As of this revision, which must be inside the history window; `None`
    /// for the newest.
    pub at: Option<Revision>,
}

/// A consistent list of records, in byte order of their keys.
#[derive(Clone, Debug)]
pub struct Page {
    pub records: Vec<Record>,
    /// The revision that the list is true for: what to pass as `at` for the
    /// next page and as `after` for a watch.
    pub revision: Revision,
    /// How many more records follow the last one of this page.
    pub remaining: usize,
}
