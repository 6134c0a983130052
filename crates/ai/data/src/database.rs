//! The relations: SQLite (one connection writes, several read) or PostgreSQL.

use dais_relations::{Dialect, connect, migrate};
use sqlx::{Any, AnyPool, Transaction};

use crate::error::Result;

/// A version, once released, is never edited: a change is a new file.
const VERSIONS: &[&[&str]] = &[
    &[include_str!("../migrations/0001_data.sql")],
    &[include_str!("../migrations/0002_profiles.sql")],
    &[include_str!("../migrations/0003_tags.sql")],
    &[include_str!("../migrations/0004_retention.sql")],
    &[include_str!("../migrations/0005_origin.sql")],
    &[include_str!("../migrations/0006_holds.sql")],
];

const READERS: u32 = 4;

pub(crate) struct Database {
    read: AnyPool,
    write: AnyPool,
    dialect: Dialect,
}

impl Database {
    /// # Errors
    /// [`crate::Error::NewerVersion`] when a newer program has written the database.
    pub async fn open(url: &str) -> Result<Database> {
        let dialect = Dialect::of(url);
        let writers = match dialect {
            Dialect::Sqlite => 1,
            Dialect::Postgres => 4,
        };
        let write = connect(url, writers, "").await?;
        migrate(&write, dialect, "data_schema", VERSIONS).await?;
        let read = connect(url, READERS, "").await?;
        Ok(Database { read, write, dialect })
    }

    pub fn read(&self) -> &AnyPool {
        &self.read
    }

    /// A transaction that may write. SQLite's takes its lock at once, so that
    /// it waits for another program's instead of failing in the middle.
    pub async fn begin(&self) -> Result<Transaction<'static, Any>> {
        Ok(match self.dialect {
            Dialect::Sqlite => self.write.begin_with("BEGIN IMMEDIATE").await?,
            Dialect::Postgres => self.write.begin().await?,
        })
    }
}
