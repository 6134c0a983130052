//! The two databases that hold the relations, and what differs between them.
//!
//! SQLite has one connection that writes (so that no two of our transactions
//! ever wait for its single write lock) and several that read. PostgreSQL uses
//! the same two pools with more writers.

use std::str::FromStr;
use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Any, AnyPool, Executor, Transaction};

use crate::error::Result;
use crate::migrations;

#[derive(Clone)]
pub(crate) struct Database {
    read: AnyPool,
    write: AnyPool,
    dialect: Dialect,
    url: String,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    /// Appended to a text column in ORDER BY so that both order by bytes.
    pub fn byte_order(self) -> &'static str {
        match self {
            Dialect::Sqlite => "",
            Dialect::Postgres => " COLLATE \"C\"",
        }
    }
}

/// WAL with synchronous=FULL: a commit is on disk when it returns. LIKE is
/// made case sensitive as in PostgreSQL.
const SQLITE_SETUP: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
    PRAGMA busy_timeout = 10000; PRAGMA case_sensitive_like = ON; PRAGMA temp_store = MEMORY; \
    PRAGMA cache_size = -16000; PRAGMA wal_autocheckpoint = 4000";

impl Database {
    pub async fn open(url: &str) -> Result<Database> {
        sqlx::any::install_default_drivers();
        let (dialect, url, writers) = match url.strip_prefix("sqlite:") {
            Some(_) if !url.contains('?') => (Dialect::Sqlite, format!("{url}?mode=rwc"), 1),
            Some(_) => (Dialect::Sqlite, url.to_owned(), 1),
            None => (Dialect::Postgres, url.to_owned(), 8),
        };
        let write = pool(dialect, writers).connect(&url).await?;
        migrations::apply(&write).await?;
        let read = pool(dialect, 8).connect(&url).await?;
        Ok(Database { read, write, dialect, url })
    }

    pub fn read(&self) -> &AnyPool {
        &self.read
    }

    pub fn write(&self) -> &AnyPool {
        &self.write
    }

    /// One more connection to the file, without sqlx. Whoever writes through it
    /// holds the one connection of [`Database::write`] meanwhile.
    pub fn native(&self) -> Result<rusqlite::Connection> {
        let options = SqliteConnectOptions::from_str(&self.url)?;
        let connection = rusqlite::Connection::open(options.get_filename())?;
        connection.execute_batch(SQLITE_SETUP)?;
        Ok(connection)
    }

    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// SQLite's transaction takes its lock at once, so that it waits for
    /// another program's instead of failing in the middle.
    pub async fn begin(&self) -> Result<Transaction<'static, Any>> {
        Ok(match self.dialect {
            Dialect::Sqlite => self.write.begin_with("BEGIN IMMEDIATE").await?,
            Dialect::Postgres => self.write.begin().await?,
        })
    }
}

fn pool(dialect: Dialect, connections: u32) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(15))
        .after_connect(move |connection, _| {
            Box::pin(async move {
                if dialect == Dialect::Sqlite {
                    connection.execute(SQLITE_SETUP).await?;
                }
                Ok(())
            })
        })
}

/// Milliseconds since 1970, as the protocol counts time.
pub(crate) fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
