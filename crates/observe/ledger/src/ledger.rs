//! The handle that everything hangs on, and how long entries stay.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::AnyPool;
use tokio::sync::Mutex;

use crate::error::Attempt;
use crate::{Result, database};

/// How often what is too old is removed.
const SWEEP: Duration = Duration::from_secs(3600);
/// Three years and a month: three annual statements can be compared.
const RETENTION: Duration = Duration::from_secs((3 * 365 + 31) * 24 * 3600);

/// Where the ledger lives.
#[derive(Clone, Debug)]
pub struct Options {
    /// `sqlite://PATH?mode=rwc` or `postgres://…`.
    pub url: String,
    /// How long an entry stays after its end.
    pub retention: Duration,
    /// The kinds of which each object is a job, counted as one.
    pub job_kinds: Vec<String>,
}

impl Options {
    /// With three years of retention.
    pub fn at(url: String) -> Self {
        Self { url, retention: RETENTION, job_kinds: Vec::new() }
    }

    /// On SQLite in a folder.
    pub fn in_dir(folder: &Path) -> Self {
        Self::at(format!("sqlite://{}?mode=rwc", folder.join("ledger.db").display()))
    }
}

/// A handle to the ledger; clones share it.
#[derive(Clone)]
pub struct Ledger(Arc<Inner>);

struct Inner {
    pool: AnyPool,
    /// SQLite refuses a reader who wants to become a second writer.
    writer: Mutex<()>,
    retention: Duration,
    job_kinds: Vec<String>,
}

impl Ledger {
    pub async fn open(options: Options) -> Result<Self> {
        let Options { url, retention, job_kinds } = options;
        let pool = database::open(&url).await?;
        let ledger = Self(Arc::new(Inner { pool, writer: Mutex::new(()), retention, job_kinds }));
        tokio::spawn(sweep_for(Arc::downgrade(&ledger.0)));
        Ok(ledger)
    }

    /// Removes what ended longer ago than the retention. Happens by itself
    /// every hour.
    pub async fn sweep(&self, now: Timestamp) -> Result<u64> {
        let age = i64::try_from(self.0.retention.as_millis()).unwrap_or(i64::MAX);
        let oldest = now.as_millisecond().saturating_sub(age);
        let _writer = self.writer().await;
        let mut transaction = self.pool().begin().await.attempt("begin")?;
        for statement in [
            "DELETE FROM ledger_hours WHERE entry IN
             (SELECT entry FROM ledger_entries WHERE ended_at > 0 AND ended_at < $1)",
            "DELETE FROM ledger_accelerators WHERE entry IN
             (SELECT entry FROM ledger_entries WHERE ended_at > 0 AND ended_at < $1)",
        ] {
            sqlx::query(statement)
                .bind(oldest)
                .execute(&mut *transaction)
                .await
                .attempt("remove old use")?;
        }
        let gone = sqlx::query("DELETE FROM ledger_entries WHERE ended_at > 0 AND ended_at < $1")
            .bind(oldest)
            .execute(&mut *transaction)
            .await
            .attempt("remove old entries")?
            .rows_affected();
        // A service that never ends loses its oldest hours, not its entry.
        sqlx::query("DELETE FROM ledger_hours WHERE ends_at < $1")
            .bind(oldest)
            .execute(&mut *transaction)
            .await
            .attempt("remove old use")?;
        transaction.commit().await.attempt("remove old entries")?;
        Ok(gone)
    }

    pub async fn close(&self) {
        self.0.pool.close().await;
    }

    pub(crate) fn pool(&self) -> &AnyPool {
        &self.0.pool
    }

    pub(crate) async fn writer(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.0.writer.lock().await
    }

    pub(crate) fn job_kinds(&self) -> &[String] {
        &self.0.job_kinds
    }
}

/// Sweeps until the last handle is gone.
async fn sweep_for(ledger: std::sync::Weak<Inner>) {
    loop {
        tokio::time::sleep(SWEEP).await;
        let Some(inner) = ledger.upgrade() else { return };
        if let Err(error) = Ledger(inner).sweep(Timestamp::now()).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "old use not removed");
        }
    }
}
