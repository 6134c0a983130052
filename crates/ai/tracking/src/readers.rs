//! Connections that read SQLite's file without sqlx.
//!
//! sqlx reads each row on a thread of its own and hands it over a channel, column by
//! column: 6 µs for a row of five, of which SQLite takes less than half of one. So a
//! whole answer is read here in one visit to a thread that may block.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, params_from_iter};
use tokio::sync::Semaphore;

use crate::Error;
use crate::cells::Cells;
use crate::error::Result;
use crate::statement::Statement;

/// How long a question waits for a connection, as sqlx's pool has it.
const PATIENCE: Duration = Duration::from_secs(15);

/// Statements that a connection keeps: those of an answer, and some filters.
const PREPARED: usize = 32;

type Open = dyn Fn() -> Result<Connection> + Send + Sync;

#[derive(Clone)]
pub(crate) struct Readers {
    open: Arc<Open>,
    idle: Arc<Mutex<Vec<Connection>>>,
    free: Arc<Semaphore>,
}

impl Readers {
    /// At most so many, each opened when first needed.
    pub fn new(
        most: usize,
        open: impl Fn() -> Result<Connection> + Send + Sync + 'static,
    ) -> Readers {
        let free = Arc::new(Semaphore::new(most));
        Readers { open: Arc::new(open), idle: Arc::default(), free }
    }

    pub async fn rows<T: Send + 'static>(
        &self,
        statement: Statement,
        read: impl Fn(&dyn Cells) -> Result<T> + Send + 'static,
    ) -> Result<Vec<T>> {
        let turn = tokio::time::timeout(PATIENCE, self.free.clone().acquire_owned()).await;
        let turn = turn.map_err(|_| Error::Database(sqlx::Error::PoolTimedOut))?;
        let readers = self.clone();
        let work = move || {
            let _turn = turn;
            let connection = readers.take()?;
            let found = rows(&connection, &statement, read);
            readers.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            found
        };
        let done = tokio::task::spawn_blocking(work).await;
        done.map_err(|_| Error::Database(sqlx::Error::WorkerCrashed))?
    }

    fn take(&self) -> Result<Connection> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(connection) = idle {
            return Ok(connection);
        }
        let connection = (self.open)()?;
        connection.set_prepared_statement_cache_capacity(PREPARED);
        Ok(connection)
    }
}

fn rows<T>(
    connection: &Connection,
    statement: &Statement,
    read: impl Fn(&dyn Cells) -> Result<T>,
) -> Result<Vec<T>> {
    let (sql, values) = statement.parts();
    let mut prepared = connection.prepare_cached(sql)?;
    let mut rows = prepared.query(params_from_iter(values))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}
