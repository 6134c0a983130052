//! The relations: SQLite (one connection writes, several read) or PostgreSQL.

use dais_relations::{Dialect, connect, migrate};
use sqlx::{Any, AnyPool, Transaction};

use crate::Result;
use crate::error::Attempt;
use crate::migrations::VERSIONS;

const READERS: u32 = 4;

/// Of the connection that writes to SQLite. An import of 50,000 tasks stays in 64 MiB of
/// pages, where the usual two would be written out again and again; and moving the log into
/// the file, tens of milliseconds during which nobody writes, comes every 32 MiB of changes
/// (some thousand answers) instead of every 4.
const WRITER: &str = "PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 8192";

pub(crate) struct Database {
    read: AnyPool,
    write: AnyPool,
    dialect: Dialect,
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
        let read = connect(url, READERS, "").await.attempt("connect")?;
        Ok(Self { read, write, dialect })
    }

    pub(crate) fn read(&self) -> &AnyPool {
        &self.read
    }

    /// A transaction that may write. SQLite's takes its lock at once, so that it waits for
    /// another program's instead of failing in the middle.
    pub(crate) async fn begin(&self) -> Result<Transaction<'static, Any>> {
        match self.dialect {
            Dialect::Sqlite => self.write.begin_with("BEGIN IMMEDIATE").await,
            Dialect::Postgres => self.write.begin().await,
        }
        .attempt("begin")
    }

    pub(crate) async fn close(&self) {
        self.write.close().await;
        self.read.close().await;
    }

    /// See [`Dialect::byte_order`].
    pub(crate) fn byte_order(&self) -> &'static str {
        self.dialect.byte_order()
    }
}
