//! The relations: SQLite (one connection at a time writes, several read) or PostgreSQL.

use std::sync::Arc;

use dais_relations::{Dialect, connect, migrate};
use sqlx::{Any, AnyPool, Executor};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::Result;
use crate::error::Attempt;
use crate::migrations::VERSIONS;

const READERS: u32 = 4;

/// Of connections that write to SQLite. An import of 50,000 tasks stays in 64 MiB of pages,
/// where the usual two would be written out again and again; and moving the log into the
/// file, tens of milliseconds during which nobody writes, comes every 32 MiB of changes
/// (some thousand answers) instead of every 4.
const WRITER: &str = "PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 8192";
/// The same, for what need not be on disk at once.
const RELAXED: &str = "PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 8192;
    PRAGMA synchronous = NORMAL";

/// When a commit is on disk. Either way it survives the end of this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// When it returns.
    Full,
    /// Together with the next one that is [`Durability::Full`]. Who has which task is such:
    /// before anything comes of it, a draft or an answer is written, and that is durable.
    Relaxed,
}

pub(crate) struct Database {
    read: AnyPool,
    write: AnyPool,
    relaxed: AnyPool,
    dialect: Dialect,
    /// Writers of SQLite wait here, in order, and not in its busy loop.
    turn: Arc<Mutex<()>>,
}

/// A transaction that may write.
pub(crate) struct Transaction {
    pub tx: sqlx::Transaction<'static, Any>,
    _turn: Option<OwnedMutexGuard<()>>,
}

impl Database {
    /// # Errors
    /// [`crate::Error::NewerVersion`] when a newer program has written the database.
    pub(crate) async fn open(url: &str) -> Result<Self> {
        let dialect = Dialect::of(url);
        let writers = match dialect {
            Dialect::Sqlite => 1,
            Dialect::Postgres => READERS,
        };
        let write = connect(url, writers, WRITER).await.attempt("connect")?;
        migrate(&write, dialect, "labeling_schema", VERSIONS).await?;
        let relaxed = match dialect {
            Dialect::Sqlite => connect(url, writers, RELAXED).await.attempt("connect")?,
            Dialect::Postgres => write.clone(),
        };
        let read = connect(url, READERS, "").await.attempt("connect")?;
        Ok(Self { read, write, relaxed, dialect, turn: Arc::default() })
    }

    pub(crate) fn read(&self) -> &AnyPool {
        &self.read
    }

    /// SQLite takes its lock at once, so that it waits for another program's instead of
    /// failing in the middle.
    pub(crate) async fn begin(&self, durability: Durability) -> Result<Transaction> {
        if self.dialect == Dialect::Postgres {
            let mut tx = self.write.begin().await.attempt("begin")?;
            if durability == Durability::Relaxed {
                let relax = "SET LOCAL synchronous_commit = off";
                tx.execute(relax).await.attempt("begin")?;
            }
            return Ok(Transaction { tx, _turn: None });
        }
        let turn = self.turn.clone().lock_owned().await;
        let pool = match durability {
            Durability::Full => &self.write,
            Durability::Relaxed => &self.relaxed,
        };
        let tx = pool.begin_with("BEGIN IMMEDIATE").await.attempt("begin")?;
        Ok(Transaction { tx, _turn: Some(turn) })
    }

    pub(crate) async fn close(&self) {
        self.write.close().await;
        self.relaxed.close().await;
        self.read.close().await;
    }

    /// See [`Dialect::byte_order`].
    pub(crate) fn byte_order(&self) -> &'static str {
        self.dialect.byte_order()
    }
}

impl Transaction {
    pub(crate) async fn commit(self, attempt: &'static str) -> Result<()> {
        self.tx.commit().await.attempt(attempt)
    }
}
