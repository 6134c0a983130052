//! Buckets and objects, in Amazon S3's protocol.
//!
//! Owns the names (SQL) and the content (files named by their SHA-256, per project) of
//! objects and of uploads in parts. Deliberately knows nothing of Kubernetes, of people
//! or of what datasets are: whoever mounts [`router`] says what a key may do ([`Keys`])
//! and what the read-only bucket `datasets` shows ([`Shelf`]).
//!
//! ```text
//! request ─ s3s: path, signature ─ Keys: Scope ─ s3 ─┬─ buckets, objects, uploads ─ SQL
//!                                                    ├─ receive ─ staged file ─ blobs
//!                                                    ├─ listing: a walk along the keys
//!                                                    └─ Shelf, for the bucket `datasets`
//! rows that are gone ─ collect ─ files that nothing names go
//! ```
//!
//! A write is answered when its content and then its row are on the disk: a crash in
//! between leaves a file that no row names, which `collect` removes.
//!
//! Start reading at `s3`, then `objects`.

mod blobs;
mod buckets;
mod checksum;
mod collect;
mod completion;
mod database;
mod error;
mod listing;
mod names;
mod objects;
mod receive;
mod s3;
mod scope;
mod shelf;
#[cfg(test)]
mod tests;
mod transfer;
mod uploads;

use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::mpsc;

pub use buckets::Bucket;
pub use checksum::Algorithm;
pub use error::{Error, Result};
pub use names::DATASETS;
pub use objects::{Condition, Headers, Object, Put};
pub use s3::router;
pub use scope::{Keys, Scope};
pub use shelf::{Folder, Shelf, ShelfFile};
pub use transfer::Linkable;

/// What one request or upload may take.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Largest body of one request; larger objects come in parts.
    pub put_bytes: u64,
    /// Smallest part but the last one.
    pub part_bytes: u64,
    /// An upload in parts that nobody has added to for this long is removed.
    pub abandoned_after: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        // The first two are S3's own.
        Self {
            put_bytes: 5 << 30,
            part_bytes: 5 << 20,
            abandoned_after: Duration::from_secs(7 * 24 * 3600),
        }
    }
}

/// The store of objects: cheap to clone, shared by all requests.
#[derive(Clone)]
pub struct Buckets(Arc<Inner>);

struct Inner {
    database: database::Database,
    blobs: blobs::Blobs,
    limits: Limits,
    /// Read from when content gets its name until its row is written; written by who
    /// removes content without rows.
    collecting: tokio::sync::RwLock<()>,
    /// Content that a row no longer names.
    unnamed: mpsc::UnboundedSender<collect::Unnamed>,
}

impl Buckets {
    /// Opens the relations at `database_url` (`sqlite:…` or `postgres://…`) and the
    /// directory of files.
    ///
    /// # Errors
    /// When the database cannot be opened, was written by a newer program, or the
    /// directory cannot be made.
    pub async fn open(database_url: &str, directory: PathBuf, limits: Limits) -> Result<Self> {
        let database = database::Database::open(database_url).await?;
        let blobs = blobs::Blobs::open(directory)?;
        let (unnamed, queue) = mpsc::unbounded_channel();
        let collecting = tokio::sync::RwLock::default();
        let inner = Arc::new(Inner { database, blobs, limits, collecting, unnamed });
        tokio::spawn(collect::follow(Arc::downgrade(&inner), queue));
        tokio::spawn(collect::sweep_daily(Arc::downgrade(&inner)));
        Ok(Self(inner))
    }

    /// Closes the database; what was acknowledged is on the disk.
    pub async fn close(&self) {
        self.0.database.close().await;
    }

    fn upgraded(weak: &Weak<Inner>) -> Option<Self> {
        weak.upgrade().map(Self)
    }
}

/// Milliseconds since 1970.
fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
