//! The handle that everything hangs on.

use std::sync::Arc;

use sqlx::{Any, AnyPool, Transaction};
use tokio::sync::{Mutex, MutexGuard};

use crate::error::Attempt;
use crate::{Result, database};

/// A handle to the store; clones share it.
#[derive(Clone)]
pub struct Outcomes(Arc<Inner>);

struct Inner {
    pool: AnyPool,
    /// SQLite refuses a reader who wants to become a second writer; and whether an
    /// outcome or its exposure came first is decided under it.
    writer: Mutex<()>,
}

/// One transaction of the only writer.
pub(crate) struct Write<'a> {
    pub tx: Transaction<'static, Any>,
    _turn: MutexGuard<'a, ()>,
}

impl Outcomes {
    /// At `sqlite://PATH?mode=rwc` or `postgres://…`.
    pub async fn open(url: &str) -> Result<Self> {
        let pool = database::open(url).await?;
        Ok(Self(Arc::new(Inner { pool, writer: Mutex::new(()) })))
    }

    pub async fn close(&self) {
        self.0.pool.close().await;
    }

    pub(crate) fn pool(&self) -> &AnyPool {
        &self.0.pool
    }

    pub(crate) async fn write(&self) -> Result<Write<'_>> {
        let turn = self.0.writer.lock().await;
        let tx = self.pool().begin().await.attempt("begin")?;
        Ok(Write { tx, _turn: turn })
    }
}

impl Write<'_> {
    pub(crate) async fn commit(self, attempt: &'static str) -> Result<()> {
        self.tx.commit().await.attempt(attempt)
    }
}
