//! The two databases that hold the relations, and what differs between them.
//!
//! SQLite has one connection that writes (so that no two of our transactions
//! ever wait for its single write lock) and several that read. PostgreSQL uses
//! the same two pools with more writers.

use std::ops::{Deref, DerefMut};
use std::str::FromStr;
use std::sync::Arc;

use dais_relations::{Dialect, connect, migrate};
use sqlx::pool::PoolConnection;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Any, AnyConnection, AnyPool, Transaction};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::cells::Cells;
use crate::error::Result;
use crate::readers::Readers;
use crate::statement::Statement;

#[derive(Clone)]
pub(crate) struct Database {
    read: AnyPool,
    /// SQLite's, for long answers.
    readers: Option<Readers>,
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

/// A version, once released, is never edited: a change is a new file.
const VERSIONS: &[&[&str]] = &[
    &[include_str!("../migrations/0001_tracking.sql")],
    &[include_str!("../migrations/0002_points_by_step.sql")],
    &[include_str!("../migrations/0003_alias_requests.sql")],
    &[include_str!("../migrations/0004_ranks.sql")],
    &[include_str!("../migrations/0005_ranks_of_postgres.sql")],
];

const READERS: u32 = 8;

/// LIKE is case sensitive as in PostgreSQL.
const SQLITE_SETUP: &str = "PRAGMA case_sensitive_like = ON; PRAGMA temp_store = MEMORY; \
    PRAGMA cache_size = -16000; PRAGMA wal_autocheckpoint = 4000";

/// What the connection without sqlx needs beside that: a commit is on disk when it returns.
const NATIVE_SETUP: &str = "PRAGMA busy_timeout = 10000; PRAGMA synchronous = FULL";

impl Database {
    /// # Errors
    /// [`crate::Error::NewerVersion`] when a newer program has written the database.
    pub async fn open(url: &str) -> Result<Database> {
        let dialect = Dialect::of(url);
        let writers = match dialect {
            Dialect::Sqlite => 1,
            Dialect::Postgres => 8,
        };
        let write = connect(url, writers, SQLITE_SETUP).await?;
        migrate(&write, dialect, "ml_schema", VERSIONS).await?;
        let read = connect(url, READERS, SQLITE_SETUP).await?;
        let readers = match dialect {
            Dialect::Sqlite => {
                let url = url.to_owned();
                Some(Readers::new(READERS as usize, move || native(&url)))
            }
            Dialect::Postgres => None,
        };
        Ok(Database { read, readers, write, dialect, url: url.to_owned(), turn: Arc::default() })
    }

    /// What a question finds.
    pub async fn rows<T: Send + 'static>(
        &self,
        statement: Statement,
        read: impl Fn(&dyn Cells) -> Result<T> + Send + 'static,
    ) -> Result<Vec<T>> {
        match &self.readers {
            Some(readers) => readers.rows(statement, read).await,
            None => statement.all(&self.read).await?.iter().map(|row| read(row)).collect(),
        }
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
        native(&self.url)
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

fn native(url: &str) -> Result<rusqlite::Connection> {
    let options = SqliteConnectOptions::from_str(url)?;
    let connection = rusqlite::Connection::open(options.get_filename())?;
    connection.execute_batch(NATIVE_SETUP)?;
    connection.execute_batch(SQLITE_SETUP)?;
    Ok(connection)
}

/// Milliseconds since 1970, as the protocol counts time.
pub(crate) fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
