//! Objects over the store's bytes.
//!
//! `entry` is one object at one revision, parsed and written at most once
//! however many readers and watchers it has; `objects` reads and writes them;
//! `mirror` keeps something computed from a prefix current; `continuation` is the
//! token between the pages of a list; `convert` knows the one kind that two groups name
//! differently. Nothing else here knows what a kind means.

pub mod continuation;
pub mod convert;
pub mod entry;
pub mod mirror;
pub mod objects;

pub use entry::Entry;
pub use objects::Objects;
