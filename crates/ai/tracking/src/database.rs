//! The two databases that hold the relations, and what differs between them.
//!
//! SQLite has one connection that writes (so that no two of our transactions
//! ever wait for its single write lock) and several that read. PostgreSQL uses
//! the same two pools with more writers.

use std::ops::{Deref, DerefMut};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Any, AnyConnection, AnyPool, Executor, Transaction};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::error::Result;
use crate::migrations;

#[derive(Clone)]
pub(crate) struct Database {
    read: AnyPool,
    write: AnyPool,
    dialect: Dialect,
    url: String,
    turn: Arc<Mutex<()>>,
}

/// A connection that writes. SQLite has one writer at a time: here they wait in
/// line, where its lock would have them sleep and try again.
pub(crate) struct Turn<C> {
    connection: C,
    _turn: Option<OwnedMutexGuard<()>>,
}

impl<C: Deref<Target = AnyConnection>> Deref for Turn<C> {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        &self.connection
    }
}

impl<C: DerefMut<Target = AnyConnection>> DerefMut for Turn<C> {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        &mut self.connection
    }
}

impl Turn<Transaction<'static, Any>> {
    pub async fn commit(self) -> Result<()> {
        Ok(self.connection.commit().await?)
    }
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
        migrations::apply(&write, dialect).await?;
        let read = pool(dialect, 8).connect(&url).await?;
        Ok(Database { read, write, dialect, url, turn: Arc::default() })
    }

    pub fn read(&self) -> &AnyPool {
        &self.read
    }

    /// For a single statement.
    pub async fn write(&self) -> Result<Turn<PoolConnection<Any>>> {
        let _turn = self.turn().await;
        Ok(Turn { connection: self.write.acquire().await?, _turn })
    }

    /// Held while SQLite's file is written to; PostgreSQL's writers need none.
    pub async fn turn(&self) -> Option<OwnedMutexGuard<()>> {
        match self.dialect {
            Dialect::Sqlite => Some(self.turn.clone().lock_owned().await),
            Dialect::Postgres => None,
        }
    }

    /// One more connection to the file, without sqlx; who writes through it
    /// holds the [`Database::turn`].
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
    pub async fn begin(&self) -> Result<Turn<Transaction<'static, Any>>> {
        let _turn = self.turn().await;
        let connection = match self.dialect {
            Dialect::Sqlite => self.write.begin_with("BEGIN IMMEDIATE").await?,
            Dialect::Postgres => self.write.begin().await?,
        };
        Ok(Turn { connection, _turn })
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
