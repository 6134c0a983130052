//! The relations: SQLite (one connection writes, several read) or PostgreSQL.

use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::{Any, AnyPool, Executor, Transaction};

use crate::error::Result;
use crate::migrations;

pub(crate) struct Database {
    read: AnyPool,
    write: AnyPool,
    sqlite: bool,
}

/// WAL with synchronous=FULL: a commit is on disk when it returns.
const SQLITE_SETUP: &str =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 10000";

impl Database {
    pub async fn open(url: &str) -> Result<Database> {
        sqlx::any::install_default_drivers();
        let sqlite = url.starts_with("sqlite:");
        let url =
            if sqlite && !url.contains('?') { format!("{url}?mode=rwc") } else { url.to_owned() };
        let write = pool(sqlite, if sqlite { 1 } else { 4 }).connect(&url).await?;
        migrations::apply(&write).await?;
        let read = pool(sqlite, 4).connect(&url).await?;
        Ok(Database { read, write, sqlite })
    }

    pub fn read(&self) -> &AnyPool {
        &self.read
    }

    /// A transaction that may write. SQLite's takes its lock at once, so that
    /// it waits for another program's instead of failing in the middle.
    pub async fn begin(&self) -> Result<Transaction<'static, Any>> {
        Ok(match self.sqlite {
            true => self.write.begin_with("BEGIN IMMEDIATE").await?,
            false => self.write.begin().await?,
        })
    }
}

fn pool(sqlite: bool, connections: u32) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(15))
        .after_connect(move |connection, _| {
            Box::pin(async move {
                if sqlite {
                    connection.execute(SQLITE_SETUP).await?;
                }
                Ok(())
            })
        })
}
