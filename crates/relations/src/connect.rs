//! Pools of connections.

use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyPool, ConnectOptions, Executor};

/// How long a statement waits for a connection.
const PATIENCE: Duration = Duration::from_secs(15);

/// WAL with `synchronous = FULL`: a commit is on disk when it returns. Another program on
/// the same file is waited for.
const SQLITE: &str =
    "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL";

/// Which database an address names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    pub fn of(url: &str) -> Self {
        if url.starts_with("sqlite:") { Self::Sqlite } else { Self::Postgres }
    }

    /// Appended to a text column in ORDER BY so that both order by bytes.
    pub fn byte_order(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " COLLATE \"C\"",
        }
    }
}

/// A pool of at most so many connections to `sqlite://PATH`, made when absent, or
/// `postgres://…`. SQLite's connections start with the statements of `sqlite_setup`, too.
pub async fn connect(
    url: &str,
    most: u32,
    sqlite_setup: &'static str,
) -> Result<AnyPool, sqlx::Error> {
    sqlx::any::install_default_drivers();
    let dialect = Dialect::of(url);
    let made = dialect == Dialect::Sqlite && !url.contains('?');
    let options: AnyConnectOptions = match made {
        true => format!("{url}?mode=rwc").parse()?,
        false => url.parse()?,
    };
    // A line per statement would drown everything else in the log.
    let options = options.disable_statement_logging();
    AnyPoolOptions::new()
        .max_connections(most)
        .acquire_timeout(PATIENCE)
        // Connections stay. What closes idle ones after a time reads their number while
        // it may be one below zero, and then never leaves its thread: a request that
        // waits on that thread is not answered (sqlx issue 3645).
        .idle_timeout(None)
        .max_lifetime(None)
        .after_connect(move |connection, _| {
            Box::pin(async move {
                if dialect == Dialect::Sqlite {
                    connection.execute(SQLITE).await?;
                    connection.execute(sqlite_setup).await?;
                }
                Ok(())
            })
        })
        .connect_with(options)
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_is_durable_and_set_up_and_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}", folder.path().join("a.db").display());
        let pool = connect(&url, 2, "PRAGMA cache_size = -4321").await.expect("connects");
        for (pragma, wanted) in
            [("synchronous", 2), ("busy_timeout", 10_000), ("cache_size", -4321)]
        {
            let sql = format!("PRAGMA {pragma}");
            let found: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
                .fetch_one(&pool)
                .await
                .expect("reads a setting");
            assert_eq!(found, wanted, "{pragma}");
        }
        let options = pool.options();
        assert_eq!((options.get_idle_timeout(), options.get_max_lifetime()), (None, None));
    }
}
