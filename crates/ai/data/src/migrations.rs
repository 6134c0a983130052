//! The schema's versions, applied in order at start, each in a transaction.
//!
//! A version, once released, is never edited: a change is a new file.

use sqlx::{AnyPool, Executor, Row};

use crate::Error;
use crate::error::Result;

const VERSIONS: &[&str] = &[include_str!("../migrations/0001_data.sql")];

/// # Errors
/// [`Error::NewerVersion`] when a newer program has written the database.
pub(crate) async fn apply(pool: &AnyPool) -> Result<()> {
    pool.execute("CREATE TABLE IF NOT EXISTS data_schema (version BIGINT NOT NULL PRIMARY KEY)")
        .await?;
    let row =
        sqlx::query("SELECT COALESCE(MAX(version), 0) FROM data_schema").fetch_one(pool).await?;
    let found: i64 = row.try_get(0)?;
    let supported = VERSIONS.len() as i64;
    if found > supported {
        return Err(Error::NewerVersion { found, supported });
    }
    for (version, sql) in (1_i64..).zip(VERSIONS).skip(found as usize) {
        let mut transaction = pool.begin().await?;
        for command in sql.split(';').map(str::trim).filter(|c| !c.is_empty()) {
            transaction.execute(sqlx::AssertSqlSafe(command.to_owned())).await?;
        }
        sqlx::query("INSERT INTO data_schema (version) VALUES ($1)")
            .bind(version)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
    }
    Ok(())
}
