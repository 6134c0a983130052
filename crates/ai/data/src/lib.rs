//! Datasets and code, stored by content.
//!
//! Owns files on the local disk (each named by its SHA-256, per project), the
//! immutable numbered versions that list them, and read-only directories made
//! from those lists for work to mount. Deliberately knows nothing of
//! Kubernetes objects, sign-in or permissions: whoever mounts [`router`]
//! inserts a [`Scope`], and mirrors [`Data::subscribe`] where it likes.
//!
//! ```text
//! PUT files ─ uploads (staged) ─ commit ─┬─ blobs (by SHA-256)
//! PUT zip   ─ archive (unpacked) ─┘      │
//! PUT tar   ─ code (unpacked)  ──────────┤
//!                                        ├─ manifest (itself a blob; its digest is the version's)
//!                                        └─ one SQL row, then subscribers
//! GET file  ─ verify ─ download, preview and profile (through table)
//! materialize ─ trees/<digest> (hard links, verified, read-only)
//! ```
//!
//! Start reading at [`router`], then `uploads`, then `trees`; for what files
//! hold, at `table`.

mod add;
mod archive;
mod blobs;
mod catalog;
mod code;
mod collect;
mod commit;
mod database;
mod difference;
mod digest;
mod error;
mod forget;
mod holds;
mod http;
mod journal;
mod link;
mod manifest;
mod manifests;
mod origin;
mod partial;
mod paths;
mod preview;
mod profile;
mod retention;
mod scope;
mod search;
mod table;
mod tags;
mod trees;
mod uploads;
mod usage;
mod verify;
mod versions;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast;

pub use catalog::Catalog;
pub use error::Error;
pub use http::router;
pub use link::Linked;
pub use manifest::{FileEntry, Manifest};
pub use origin::Origin;
pub use scope::Scope;
pub use table::texts::Texts;
pub use versions::{Version, VersionCreated};

/// What one project, upload or bundle may take.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes that a project's datasets and code may take together; `None` is without limit.
    pub project_bytes: Option<u64>,
    pub files_per_upload: usize,
    /// An archive may unpack to so many times its own size, and to this much in any case.
    pub archive_ratio: u64,
    pub archive_bytes: u64,
    pub code_bytes: u64,
    pub code_entries: usize,
    /// An upload that nobody has touched for this long is removed.
    pub abandoned_after: Duration,
    /// Profiles of tables that are made at a time, a thread each.
    pub profiles_at_once: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            project_bytes: None,
            files_per_upload: 1_000_000,
            // Text shrinks to a tenth; deflate at its best to a thousandth.
            archive_ratio: 100,
            archive_bytes: 1 << 30,
            code_bytes: 512 << 20,
            code_entries: 20_000,
            abandoned_after: Duration::from_secs(24 * 3600),
            profiles_at_once: 1,
        }
    }
}

/// The data service: cheap to clone, shared by all requests.
#[derive(Clone)]
pub struct Data {
    inner: Arc<Inner>,
}

struct Inner {
    database: database::Database,
    blobs: blobs::Blobs,
    uploads: uploads::Uploads,
    usage: usage::Usage,
    manifests: manifests::Manifests,
    findings: verify::Findings,
    profiles: profile::Jobs,
    limits: Limits,
    catalog: std::sync::OnceLock<Arc<dyn Catalog>>,
    created: broadcast::Sender<VersionCreated>,
    /// Numbers of versions are given one commit at a time.
    committing: tokio::sync::Mutex<()>,
    /// Read by whoever relies on content that nothing names yet, written by
    /// who removes such content. Taken before an upload's own lock.
    collecting: tokio::sync::RwLock<()>,
}

/// Subscribers further behind than this learn that they missed some, and list.
const EVENTS_KEPT: usize = 1024;

impl Data {
    /// Opens the relations at `database_url` (`sqlite:/path/file.db` or
    /// `postgres://…`) and the directory of files. Uploads that a former
    /// process left unfinished go on.
    ///
    /// # Errors
    /// When the database cannot be opened, was written by a newer program, or
    /// the directory cannot be made.
    pub async fn open(
        database_url: &str,
        directory: PathBuf,
        limits: Limits,
    ) -> Result<Data, Error> {
        let database = database::Database::open(database_url).await?;
        let blobs = blobs::Blobs::open(directory)?;
        let data = Data {
            inner: Arc::new(Inner {
                database,
                blobs,
                uploads: uploads::Uploads::default(),
                usage: usage::Usage::default(),
                manifests: manifests::Manifests::default(),
                findings: verify::Findings::default(),
                profiles: profile::Jobs::new(limits.profiles_at_once),
                created: broadcast::Sender::new(EVENTS_KEPT),
                committing: tokio::sync::Mutex::default(),
                collecting: tokio::sync::RwLock::default(),
                limits,
                catalog: std::sync::OnceLock::new(),
            }),
        };
        data.restore_uploads()?;
        data.remove_abandoned_uploads_forever();
        data.collect_forever();
        Ok(data)
    }

    /// Tells of each new version, and of datasets whose old versions were removed, from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<VersionCreated> {
        self.inner.created.subscribe()
    }
}
