//! The connection pool and the version of the tables in it.

use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyPool, ConnectOptions, Row};

use crate::error::Attempt;
use crate::migrations::VERSIONS;
use crate::{Error, Result};

/// Writers queue behind one another in SQLite; a few connections let reads by.
const CONNECTIONS: u32 = 4;

/// Connects to `sqlite://…` or `postgres://…` and brings the tables up to date.
pub(crate) async fn open(url: &str) -> Result<AnyPool> {
    sqlx::any::install_default_drivers();
    let options: AnyConnectOptions = url.parse().attempt("read the address")?;
    // A statement per log line at debug would drown everything else.
    let options = options.disable_statement_logging();
    let pool = AnyPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(Duration::from_secs(10))
        .after_connect(|connection, _| {
            Box::pin(async move {
                if connection.backend_name() == "SQLite" {
                    for pragma in ["PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL"] {
                        sqlx::query(pragma).execute(&mut *connection).await?;
                    }
                }
                Ok(())
            })
        })
        .connect_with(options)
        .await
        .attempt("connect")?;
    migrate(&pool).await?;
    Ok(pool)
}

/// Each version is one transaction, so a crash leaves a whole version behind.
async fn migrate(pool: &AnyPool) -> Result<()> {
    sqlx::query("CREATE TABLE IF NOT EXISTS outcomes_schema (version BIGINT PRIMARY KEY)")
        .execute(pool)
        .await
        .attempt("make the version table")?;
    let row = sqlx::query("SELECT COALESCE(MAX(version), 0) FROM outcomes_schema")
        .fetch_one(pool)
        .await
        .attempt("read the version")?;
    let found: i64 = row.try_get(0).attempt("read the version")?;
    let supported = VERSIONS.len() as i64;
    if found > supported {
        return Err(Error::NewerVersion { found, supported });
    }
    for (version, statements) in (1_i64..).zip(VERSIONS) {
        if version <= found {
            continue;
        }
        let mut transaction = pool.begin().await.attempt("begin a migration")?;
        // First, so that of two programs that start at once one waits here.
        sqlx::query("INSERT INTO outcomes_schema (version) VALUES ($1)")
            .bind(version)
            .execute(&mut *transaction)
            .await
            .attempt("claim a version")?;
        for statement in *statements {
            sqlx::query(*statement).execute(&mut *transaction).await.attempt("migrate")?;
        }
        transaction.commit().await.attempt("finish a migration")?;
    }
    Ok(())
}
