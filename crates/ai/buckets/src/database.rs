//! The relations: SQLite (one connection writes, several read) or PostgreSQL.

use dais_relations::{Dialect, connect, migrate};
use sqlx::{Any, AnyPool, Transaction};

use crate::error::Result;

/// A version, once released, is never edited: a change is a new file. `BYTES` is a text
/// that is ordered by its bytes, as S3 orders keys.
const VERSIONS: &[&str] = &[include_str!("../migrations/0001_buckets.sql")];

const READERS: u32 = 4;

pub(crate) struct Database {
    read: AnyPool,
    write: AnyPool,
    dialect: Dialect,
}

impl Database {
    /// # Errors
    /// [`crate::Error::NewerVersion`] when a newer program has written the database.
    pub async fn open(url: &str) -> Result<Self> {
        let dialect = Dialect::of(url);
        let (writers, bytes) = match dialect {
            Dialect::Sqlite => (1, "TEXT"),
            Dialect::Postgres => (4, "TEXT COLLATE \"C\""),
        };
        let scripts: Vec<String> =
            VERSIONS.iter().map(|script| script.replace("BYTES", bytes)).collect();
        let versions: Vec<[&str; 1]> = scripts.iter().map(|script| [script.as_str()]).collect();
        let versions: Vec<&[&str]> = versions.iter().map(<[&str; 1]>::as_slice).collect();
        let write = connect(url, writers, "").await?;
        migrate(&write, dialect, "bucket_schema", &versions).await?;
        let read = connect(url, READERS, "").await?;
        Ok(Self { read, write, dialect })
    }

    pub fn read(&self) -> &AnyPool {
        &self.read
    }

    /// A transaction that may write. SQLite's takes its lock at once, so that it waits
    /// for another program's instead of failing in the middle.
    pub async fn begin(&self) -> Result<Transaction<'static, Any>> {
        Ok(match self.dialect {
            Dialect::Sqlite => self.write.begin_with("BEGIN IMMEDIATE").await?,
            Dialect::Postgres => self.write.begin().await?,
        })
    }

    /// Appended to a SELECT whose rows must stay until the transaction ends. Writers of
    /// SQLite follow one another anyway.
    pub fn held(&self, exclusive: bool) -> &'static str {
        match (self.dialect, exclusive) {
            (Dialect::Sqlite, _) => "",
            (Dialect::Postgres, false) => " FOR SHARE",
            (Dialect::Postgres, true) => " FOR UPDATE",
        }
    }

    pub async fn close(&self) {
        self.write.close().await;
        self.read.close().await;
    }
}
