//! Tables are brought up to date at start, a version at a time.

use sqlx::{AnyPool, AssertSqlSafe, Executor, Row};

use crate::Dialect;

/// Versions are written for SQLite; PostgreSQL, whose tables are never clustered, reads
/// them without.
const CLUSTERED: &str = " WITHOUT ROWID";

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the tables have format {found}, this program knows up to {supported}")]
    Newer { found: i64, supported: i64 },
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Applies the versions that are missing, oldest first; the first is version 1. Each is
/// one transaction, so that a crash leaves a whole version behind, and is written down in
/// `table`. A version is a list of scripts, whose statements end with semicolons. Once
/// released it never changes.
pub async fn migrate(
    pool: &AnyPool,
    dialect: Dialect,
    table: &'static str,
    versions: &[&[&str]],
) -> Result<(), Error> {
    let make = format!("CREATE TABLE IF NOT EXISTS {table} (version BIGINT NOT NULL PRIMARY KEY)");
    pool.execute(AssertSqlSafe(make)).await?;
    let newest = format!("SELECT COALESCE(MAX(version), 0) FROM {table}");
    let found: i64 = pool.fetch_one(AssertSqlSafe(newest)).await?.try_get(0)?;
    let supported = versions.len() as i64;
    if found > supported {
        return Err(Error::Newer { found, supported });
    }
    for (version, scripts) in (1_i64..).zip(versions).skip(found as usize) {
        let mut transaction = pool.begin().await?;
        // First, so that of two programs that start at once one waits here.
        let claim = format!("INSERT INTO {table} (version) VALUES ({version})");
        transaction.execute(AssertSqlSafe(claim)).await?;
        for statement in statements(scripts, dialect) {
            transaction.execute(AssertSqlSafe(statement)).await?;
        }
        transaction.commit().await?;
    }
    Ok(())
}

fn statements(scripts: &[&str], dialect: Dialect) -> impl Iterator<Item = String> {
    let statements = scripts.iter().flat_map(|script| script.split(';')).map(str::trim);
    statements.filter(|statement| !statement.is_empty()).map(move |statement| match dialect {
        Dialect::Sqlite => statement.to_owned(),
        Dialect::Postgres => statement.replace(CLUSTERED, ""),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connect;

    const FIRST: &[&str] = &["CREATE TABLE a (x BIGINT) ; CREATE TABLE b (y BIGINT);"];
    const SECOND: &[&str] = &["INSERT INTO a VALUES (1)", "INSERT INTO a VALUES (2)"];

    async fn opened(folder: &tempfile::TempDir) -> AnyPool {
        let url = format!("sqlite://{}", folder.path().join("a.db").display());
        connect(&url, 4, "").await.expect("connects")
    }

    async fn count(pool: &AnyPool) -> i64 {
        let row = pool.fetch_one("SELECT COUNT(*) FROM a").await.expect("counts");
        row.try_get(0).expect("a number")
    }

    #[tokio::test]
    async fn each_version_is_applied_once_and_a_newer_one_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let pool = opened(&folder).await;
        let to = |versions: &'static [&'static [&'static str]]| {
            migrate(&pool, Dialect::Sqlite, "version", versions)
        };
        to(&[FIRST]).await.expect("the first");
        to(&[FIRST, SECOND]).await.expect("the second");
        to(&[FIRST, SECOND]).await.expect("nothing to do");
        assert_eq!(count(&pool).await, 2);
        let refused = to(&[FIRST]).await.expect_err("an older program");
        assert!(matches!(refused, Error::Newer { found: 2, supported: 1 }), "{refused:?}");
    }

    #[tokio::test]
    async fn a_version_that_fails_leaves_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let pool = opened(&folder).await;
        let broken: &[&[&str]] = &[FIRST, &["INSERT INTO a VALUES (1)", "NO SQL"]];
        migrate(&pool, Dialect::Sqlite, "version", broken).await.expect_err("no SQL");
        assert_eq!(count(&pool).await, 0);
        migrate(&pool, Dialect::Sqlite, "version", &[FIRST, SECOND]).await.expect("mended");
        assert_eq!(count(&pool).await, 2);
    }

    #[test]
    fn only_sqlite_clusters() {
        let script = ["CREATE TABLE a (x BIGINT PRIMARY KEY) WITHOUT ROWID;"];
        let read = |dialect| statements(&script, dialect).collect::<Vec<_>>();
        assert_eq!(read(Dialect::Sqlite), ["CREATE TABLE a (x BIGINT PRIMARY KEY) WITHOUT ROWID"]);
        assert_eq!(read(Dialect::Postgres), ["CREATE TABLE a (x BIGINT PRIMARY KEY)"]);
    }
}
