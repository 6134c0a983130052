//! Taking away what is of no test any more.

use sqlx::Row;

use crate::error::Attempt;
use crate::{Outcomes, Result};

/// How long an outcome waits for a request that never comes.
const LONGEST_WAIT_MS: i64 = 30 * 24 * 3_600_000;

impl Outcomes {
    /// The uids of all tests that have anything here.
    pub async fn tests(&self) -> Result<Vec<String>> {
        let rows = sqlx::query(
            "SELECT test FROM outcomes_subjects UNION SELECT test FROM outcomes_exposures
             UNION SELECT test FROM outcomes_values WHERE test <> ''
             UNION SELECT test FROM outcomes_imports",
        )
        .fetch_all(self.pool())
        .await
        .attempt("list tests")?;
        rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().attempt("list tests")
    }

    /// Removes everything of a test; again changes nothing.
    pub async fn forget(&self, test: &str) -> Result<()> {
        let mut write = self.write().await?;
        for statement in [
            "DELETE FROM outcomes_values WHERE test = $1",
            "DELETE FROM outcomes_exposures WHERE test = $1",
            "DELETE FROM outcomes_subjects WHERE test = $1",
            "DELETE FROM outcomes_imports WHERE test = $1",
        ] {
            sqlx::query(statement).bind(test).execute(&mut *write.tx).await.attempt("forget")?;
        }
        write.commit("forget a test").await
    }

    /// Drops outcomes that waited too long. `now` is in milliseconds since 1970.
    pub async fn expire(&self, now: i64) -> Result<u64> {
        let mut write = self.write().await?;
        let gone = sqlx::query("DELETE FROM outcomes_values WHERE test = '' AND received < $1")
            .bind(now.saturating_sub(LONGEST_WAIT_MS))
            .execute(&mut *write.tx)
            .await
            .attempt("drop old outcomes")?
            .rows_affected();
        write.commit("drop old outcomes").await?;
        Ok(gone)
    }
}
