//! Outcomes that a dataset's version holds: taken in whole, in place of those of the
//! version before.

use sqlx::Row as _;

use crate::error::Attempt;
use crate::sql::{Sql, TOGETHER, Value};
use crate::take::INSERT;
use crate::{Outcomes, Result, Whose};

/// A row of a dataset.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// A subject of the test, or a request.
    pub whose: Whose,
    pub value: f64,
    /// Milliseconds since 1970; without one it counts whenever it came to be.
    pub time: Option<i64>,
}

/// How a dataset's rows are told from what others send.
fn source(test: &str) -> String {
    format!("dataset:{test}")
}

impl Outcomes {
    /// The version that a test's metric was last read from.
    pub async fn imported(&self, test: &str, metric: &str) -> Result<Option<String>> {
        let query = "SELECT version FROM outcomes_imports WHERE test = $1 AND metric = $2";
        let row = sqlx::query(query)
            .bind(test)
            .bind(metric)
            .fetch_optional(self.pool())
            .await
            .attempt("read what was imported")?;
        row.map(|row| row.try_get(0)).transpose().attempt("read what was imported")
    }

    /// Puts `rows` in the place of what `metric` of `test` had from a dataset before.
    ///
    /// Guarantees: all of it or nothing. Requests that are not known are left out: those
    /// of a dataset are over, and their exposures are written.
    pub async fn import(
        &self,
        (project, test): (&str, &str),
        (metric, version): (&str, &str),
        rows: &[Row],
        now: i64,
    ) -> Result<()> {
        let mut write = self.write().await?;
        sqlx::query(
            "DELETE FROM outcomes_values WHERE project = $1 AND source = $2 AND metric = $3",
        )
        .bind(project)
        .bind(source(test))
        .bind(metric)
        .execute(&mut *write.tx)
        .await
        .attempt("drop what was imported before")?;
        for (at, chunk) in rows.chunks(TOGETHER).enumerate() {
            let mut sql = Sql::new(INSERT);
            sql.rows(chunk.iter().enumerate().map(|(row, one)| {
                let id = (at * TOGETHER + row).to_string();
                values((project, test), metric, id, one, now)
            }));
            sql.run(&mut *write.tx, "import outcomes").await?;
        }
        let join = "UPDATE outcomes_values SET (subject, since) =
             (SELECT e.subject, e.time FROM outcomes_exposures e WHERE e.project =
              outcomes_values.project AND e.request = outcomes_values.request AND e.test = $1)
             WHERE project = $2 AND source = $3 AND metric = $4 AND request <> '' AND EXISTS
             (SELECT 1 FROM outcomes_exposures e WHERE e.project = outcomes_values.project
              AND e.request = outcomes_values.request AND e.test = $1)";
        sqlx::query(join)
            .bind(test)
            .bind(project)
            .bind(source(test))
            .bind(metric)
            .execute(&mut *write.tx)
            .await
            .attempt("join what was imported")?;
        sqlx::query(
            "DELETE FROM outcomes_values WHERE project = $1 AND source = $2 AND metric = $3
             AND request <> '' AND since = -1",
        )
        .bind(project)
        .bind(source(test))
        .bind(metric)
        .execute(&mut *write.tx)
        .await
        .attempt("leave unknown requests out")?;
        sqlx::query(
            "INSERT INTO outcomes_imports (test, metric, version) VALUES ($1, $2, $3)
             ON CONFLICT (test, metric) DO UPDATE SET version = excluded.version",
        )
        .bind(test)
        .bind(metric)
        .bind(version)
        .execute(&mut *write.tx)
        .await
        .attempt("note what was imported")?;
        write.commit("import outcomes").await
    }
}

/// Time of a row that has none.
pub(crate) const ANY_TIME: i64 = i64::MIN;

fn values(
    (project, test): (&str, &str),
    metric: &str,
    id: String,
    row: &Row,
    now: i64,
) -> Vec<Value> {
    let text = |text: &str| Value::Text(text.to_owned());
    let (request, subject) = match &row.whose {
        Whose::Request(request) => (request.as_str(), 0),
        Whose::Subject { subject, .. } => ("", *subject),
    };
    vec![
        text(project),
        Value::Text(source(test)),
        text(metric),
        Value::Text(id),
        text(request),
        text(test),
        Value::Number(subject),
        Value::Real(row.value),
        Value::Number(row.time.unwrap_or(ANY_TIME)),
        Value::Number(now),
        Value::Number(-1),
    ]
}
