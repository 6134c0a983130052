//! Experiments, runs, models and their files, spoken in MLflow's REST protocol.
//!
//! Owns the relations (SQLite or PostgreSQL, one set of migrations and
//! queries) and the artifact files. Deliberately knows nothing of Kubernetes,
//! sign-in or permissions: whoever mounts [`router`] inserts a [`Scope`] into
//! each request, and nothing outside that scope's project can be read or
//! written.
//!
//! ```text
//! HTTP ─ input ─┬─ experiments, runs, logged_models, registry ── database
//!               ├─ logging ── writer (one transaction for many requests)
//!               └─ artifacts ── files (temporary file, fsync, rename)
//! ```
//!
//! Aliases that the scope says are protected move by request and decision alone:
//! `protection` refuses the direct way, `approvals` and `decisions` are the other.
//!
//! Start reading at [`router`], then `runs` and `writer`.

mod aliases;
mod approvals;
mod artifacts;
mod cells;
mod database;
mod decisions;
mod entity;
mod error;
mod experiment_search;
mod experiments;
mod files;
mod forget;
mod history;
mod input;
mod inputs;
mod kept;
mod limits;
#[cfg(test)]
mod listing;
mod location;
mod logged_model_pairs;
mod logged_model_search;
mod logged_models;
mod logging;
mod metric;
mod protection;
mod ranks;
mod readers;
mod registered_models;
mod router;
mod run_data;
mod run_search;
mod runs;
mod scope;
mod search;
mod session;
mod stages;
mod statement;
mod version_origin;
mod version_search;
mod versions;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;

pub use error::Error;
pub use router::router;
pub use scope::{Protection, Scope};
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

/// The tracking service: cheap to clone, shared by all requests.
#[derive(Clone)]
pub struct Tracking {
    inner: Arc<Inner>,
}

struct Inner {
    database: database::Database,
    files: files::Files,
    locations: location::Locations,
    writer: writer::Writer,
    defaults: experiments::Defaults,
    /// Who changes files shares it; who decides that some stay as they are has it alone.
    turns: RwLock<()>,
}

impl Tracking {
    /// Opens the relations at `database_url` (`sqlite:/path/file.db` or
    /// `postgres://…`; brought to the newest schema) and the artifact
    /// directory, which is made when missing.
    ///
    /// `public_base` is the address under which clients reach the platform
    /// (`http://host:port`): artifact addresses are
    /// `<public_base>/mlflow/p/<project>/api/2.0/mlflow-artifacts/artifacts/…`.
    ///
    /// # Errors
    /// When the database cannot be opened, was written by a newer program, or
    /// the directory cannot be made.
    pub async fn open(
        database_url: &str,
        artifacts_dir: PathBuf,
        public_base: String,
    ) -> Result<Tracking, Error> {
        let database = database::Database::open(database_url).await?;
        let files = files::Files::open(artifacts_dir).await?;
        let writer = writer::Writer::start(database.clone())?;
        Ok(Tracking {
            inner: Arc::new(Inner {
                database,
                files,
                locations: location::Locations::new(public_base),
                writer,
                defaults: experiments::Defaults::default(),
                turns: RwLock::default(),
            }),
        })
    }

    /// To change what is at `path`, for as long as it is held.
    ///
    /// # Errors
    /// When it stays as it is.
    async fn turn_to_change(
        &self,
        scope: &Scope,
        path: &str,
    ) -> Result<RwLockReadGuard<'_, ()>, Error> {
        let turn = self.inner.turns.read().await;
        kept::free(self.database().read(), scope, path).await?;
        Ok(turn)
    }

    /// To decide that files stay as they are: nothing is changed meanwhile.
    async fn turn_to_keep(&self) -> RwLockWriteGuard<'_, ()> {
        self.inner.turns.write().await
    }

    fn database(&self) -> &database::Database {
        &self.inner.database
    }

    fn files(&self) -> &files::Files {
        &self.inner.files
    }

    fn locations(&self) -> &location::Locations {
        &self.inner.locations
    }

    fn writer(&self) -> &writer::Writer {
        &self.inner.writer
    }
}
