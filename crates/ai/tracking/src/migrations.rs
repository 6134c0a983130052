//! The schema's versions, applied in order at start, each in a transaction.
//!
//! A version, once released, is never edited: a change is a new file. They are
//! written for SQLite; PostgreSQL, whose tables are never clustered, reads them
//! without [`CLUSTERED`].

use sqlx::{AnyPool, Executor, Row};

use crate::Error;
use crate::database::Dialect;
use crate::error::Result;
use crate::statement::statement;

const VERSIONS: &[&str] = &[
    include_str!("../migrations/0001_tracking.sql"),
    include_str!("../migrations/0002_points_by_step.sql"),
    include_str!("../migrations/0003_alias_requests.sql"),
];

const CLUSTERED: &str = " WITHOUT ROWID";

/// # Errors
/// [`Error::NewerVersion`] when a newer program has written the database.
pub(crate) async fn apply(pool: &AnyPool, dialect: Dialect) -> Result<()> {
    pool.execute("CREATE TABLE IF NOT EXISTS ml_schema (version BIGINT NOT NULL PRIMARY KEY)")
        .await?;
    let newest =
        statement!("SELECT COALESCE(MAX(version), 0) FROM ml_schema").optional(pool).await?;
    let found: i64 = match newest {
        Some(row) => row.try_get(0)?,
        None => 0,
    };
    let supported = VERSIONS.len() as i64;
    if found > supported {
        return Err(Error::NewerVersion { found, supported });
    }
    for (version, sql) in (1..).zip(VERSIONS).skip(found as usize) {
        let mut transaction = pool.begin().await?;
        for command in sql.split(';').map(str::trim).filter(|c| !c.is_empty()) {
            let command = match dialect {
                Dialect::Sqlite => command.to_owned(),
                Dialect::Postgres => command.replace(CLUSTERED, ""),
            };
            transaction.execute(sqlx::AssertSqlSafe(command)).await?;
        }
        statement!("INSERT INTO ml_schema (version) VALUES ($1)", version)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
    }
    Ok(())
}
