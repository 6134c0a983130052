//! The connection pool, with the tables up to date.

use dais_relations::{Dialect, connect, migrate};
use sqlx::AnyPool;

use crate::Result;
use crate::error::Attempt;
use crate::migrations::VERSIONS;

/// Writers queue behind one another in SQLite; a few connections let reads by.
const CONNECTIONS: u32 = 4;

/// Connects to `sqlite://…` or `postgres://…`.
pub(crate) async fn open(url: &str) -> Result<AnyPool> {
    let pool = connect(url, CONNECTIONS, "").await.attempt("connect")?;
    migrate(&pool, Dialect::of(url), "outcomes_schema", VERSIONS).await?;
    Ok(pool)
}
