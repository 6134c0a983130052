//! A revisioned log of objects over SQLite: keys, bytes, revisions, watches.
//!
//! It owns the file, its durability (an acknowledged write survives `kill -9`)
//! and its history window. It deliberately does not know what a key or a value
//! means: no Kubernetes, no JSON, no access rules.
//!
//! ```text
//!  put/delete ──channel──▶ writer thread ──one transaction per batch──▶ file
//!                              │ after COMMIT
//!                              ├──▶ replies
//!                              └──▶ feed (recent events) ──▶ watches
//!  get/list   ───────────▶ reader connections ◀── history for late watches
//! ```
//!
//! Start reading at [`Store`], then `writer.rs` for how a batch is judged and
//! committed, and `watch.rs` for how replay and live events join.

mod database;
mod error;
mod feed;
mod notes;
mod query;
mod readers;
mod record;
mod store;
mod watch;
mod writer;

pub use error::{Error, Result};
pub use notes::Note;
pub use record::{Event, Expect, ListOptions, Page, Record, Revision};
pub use store::{Options, Store};
pub use watch::Watch;
