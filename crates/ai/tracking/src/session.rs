//! The connection that a group of logging requests is written through.
//!
//! sqlx hands each statement for SQLite to a thread of its own and waits: two
//! wake-ups for each of the seven steps of a transaction, which took longer than
//! the disk. So SQLite is called directly here. The statements are
//! the same for both databases; only how they are run is not.

use dais_relations::Dialect;
use rusqlite::TransactionBehavior::Immediate;
use rusqlite::params_from_iter;
use rusqlite::types::FromSql;
use sqlx::{Any, Decode, Row, Transaction, Type};
use tokio::sync::OwnedMutexGuard;

use crate::database::{Database, Turn};
use crate::error::Result;
use crate::statement::Statement;

/// Where transactions begin.
pub(crate) struct Sessions {
    database: Database,
    /// SQLite's.
    native: Option<rusqlite::Connection>,
}

/// Each statement of a writer in each of its sizes, and some lists of params.
const PREPARED: usize = 64;

impl Sessions {
    /// Blocks while SQLite's file is opened.
    pub fn new(database: Database) -> Result<Sessions> {
        let native = match database.dialect() {
            Dialect::Sqlite => Some(database.native()?),
            Dialect::Postgres => None,
        };
        if let Some(native) = &native {
            native.set_prepared_statement_cache_capacity(PREPARED);
        }
        Ok(Sessions { database, native })
    }

    pub async fn begin(&self) -> Result<Session<'_>> {
        let Some(native) = &self.native else {
            return Ok(Session::Pooled(self.database.begin().await?));
        };
        let turn = self.database.turn().await;
        let transaction = rusqlite::Transaction::new_unchecked(native, Immediate)?;
        Ok(Session::Native { transaction, _turn: turn })
    }

    pub fn dialect(&self) -> Dialect {
        self.database.dialect()
    }
}

/// A transaction: rolled back when dropped. A native one blocks its thread
/// instead of waiting.
pub(crate) enum Session<'a> {
    Pooled(Turn<Transaction<'static, Any>>),
    Native { transaction: rusqlite::Transaction<'a>, _turn: Option<OwnedMutexGuard<()>> },
}

/// What a column can be read as on both databases.
pub(crate) trait Column: FromSql + Type<Any> + for<'r> Decode<'r, Any> {}

impl<T: FromSql + Type<Any> + for<'r> Decode<'r, Any>> Column for T {}

impl Session<'_> {
    /// The rows of a statement that has two columns.
    pub async fn pairs<A: Column, B: Column>(
        &mut self,
        statement: Statement,
    ) -> Result<Vec<(A, B)>> {
        match self {
            Session::Pooled(transaction) => {
                let rows = statement.all(&mut **transaction).await?;
                rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
            }
            Session::Native { transaction, .. } => {
                let (sql, values) = statement.parts();
                let mut prepared = transaction.prepare_cached(sql)?;
                let rows = prepared
                    .query_map(params_from_iter(values), |row| Ok((row.get(0)?, row.get(1)?)))?;
                Ok(rows.collect::<rusqlite::Result<_>>()?)
            }
        }
    }

    pub async fn execute(&mut self, statement: Statement) -> Result<()> {
        match self {
            Session::Pooled(transaction) => drop(statement.execute(&mut **transaction).await?),
            Session::Native { transaction, .. } => {
                let (sql, values) = statement.parts();
                transaction.prepare_cached(sql)?.execute(params_from_iter(values))?;
            }
        }
        Ok(())
    }

    pub async fn commit(self) -> Result<()> {
        match self {
            Session::Pooled(transaction) => transaction.commit().await,
            Session::Native { transaction, _turn } => Ok(transaction.commit()?),
        }
    }
}
