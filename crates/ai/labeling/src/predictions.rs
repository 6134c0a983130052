//! What a model says of tasks: which are to be asked about, and what came of it.
//!
//! `asked` of a task without a prediction is when it may be asked about (0: at once), and
//! [`NEVER`] once it failed too often. What is on disk alone decides: whoever asks and dies
//! has taken nothing, and what is told twice is written once.

use std::time::Duration;

use serde::Serialize;

use crate::config::LabelConfig;
use crate::new_task::Prediction;
use crate::sql::{Sql, fetch, number, text};
use crate::store::{Work, Write};
use crate::task::{NEVER, TASK_COLUMNS, Task, json, read_task};
use crate::{Error, Result};

/// Answers that cannot be used before a task is left alone; the last comes some two and a
/// half minutes after the first.
const MOST_ATTEMPTS: i64 = 5;
const FIRST_DELAY: Duration = Duration::from_secs(10);
const LONGEST_DELAY: Duration = Duration::from_secs(600);
/// Of the reason of a failure.
const LONGEST_REASON: usize = 500;

/// A task that a model may be asked about.
#[derive(Clone, Debug, PartialEq)]
pub struct Unpredicted {
    pub task: Task,
    /// How often it was tried before.
    pub attempts: i64,
}

/// What came of asking about one task.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    Said(Prediction),
    /// The answer was of no use; tried again some times.
    Useless(String),
    /// There was no answer, which may be nobody's fault; tried again until there is one.
    Unanswered(String),
}

/// How far a model has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Predicted {
    /// Tasks with a prediction, wherever it is from.
    pub predicted: i64,
    /// Tasks that are still asked about.
    pub waiting: i64,
    /// Tasks that were given up.
    pub failed: i64,
    /// Why the last one failed that has no prediction yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

fn delay(attempts: i64) -> i64 {
    let doublings = attempts.clamp(0, 16) as u32;
    let delay = FIRST_DELAY.saturating_mul(1 << doublings).min(LONGEST_DELAY);
    delay.as_millis() as i64
}

impl Work {
    /// Tasks without a prediction whose time has come; those that waited longest first.
    pub async fn unpredicted(&self, now: i64, limit: u32) -> Result<Vec<Unpredicted>> {
        let known = self.known().await?;
        let mut sql = Sql::new("SELECT ");
        sql.push(TASK_COLUMNS).push(", t.attempts FROM labeling_tasks t WHERE t.work = ");
        sql.value(known.work).push(" AND t.predictions = '' AND t.asked <= ").value(now);
        sql.push(" ORDER BY t.asked, t.task LIMIT ").value(i64::from(limit));
        let rows = sql.fetch(self.pool(), "look for tasks without a prediction").await?;
        let read = |row| Ok(Unpredicted { task: read_task(row, 0)?, attempts: number(row, 8)? });
        rows.iter().map(read).collect()
    }

    /// Takes what a model said when it was asked under `config`.
    ///
    /// Guarantees: all of it or nothing, on disk when this returns. A task that has a
    /// prediction keeps it. After a change of the configuration nothing is taken, and the
    /// tasks are asked about again.
    pub async fn take_outcomes(
        &self,
        config: &LabelConfig,
        outcomes: &[(Unpredicted, Outcome)],
        now: i64,
    ) -> Result<()> {
        let mut write = self.write(now).await?;
        if write.spec.config != *config {
            return Ok(());
        }
        for (asked, outcome) in outcomes {
            match outcome {
                Outcome::Said(prediction) => write.predict(asked.task.task, prediction).await?,
                Outcome::Useless(reason) if asked.attempts + 1 >= MOST_ATTEMPTS => {
                    write.fail(asked, NEVER, reason).await?;
                }
                Outcome::Useless(reason) | Outcome::Unanswered(reason) => {
                    let again = now.saturating_add(delay(asked.attempts));
                    write.fail(asked, again, reason).await?;
                }
            }
        }
        write.commit("keep predictions").await
    }

    /// Has the tasks that failed asked about again at once; how many those are.
    pub async fn predict_again(&self, user: &str, now: i64) -> Result<i64> {
        let mut write = self.write(now).await?;
        let statement = "UPDATE labeling_tasks SET asked = 0, attempts = 0, failure = ''
            WHERE work = $1 AND predictions = '' AND asked > 0 RETURNING task";
        let rows = fetch(&mut *write.on.tx, statement, [write.work.into()], "ask again").await?;
        if rows.is_empty() {
            return Ok(0);
        }
        let count = rows.len() as i64;
        write.note((0, ""), user, ("asked again", &json(&count))).await?;
        write.commit("ask again").await?;
        Ok(count)
    }

    pub async fn predicted(&self) -> Result<Predicted> {
        let work = self.known().await?.work;
        let all = "SELECT COUNT(*) FROM labeling_tasks WHERE work = $1";
        let open = "SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN asked = $2 THEN 1 ELSE 0 END), 0)
            AS BIGINT) FROM labeling_tasks WHERE work = $1 AND predictions = ''";
        let last = "SELECT key, failure FROM labeling_tasks
            WHERE work = $1 AND predictions = '' AND asked > 0 ORDER BY asked DESC, task LIMIT 1";
        let attempt = "count predictions";
        let none = || Error::not_found("labelling project", "");
        let rows = fetch(self.pool(), all, [work.into()], attempt).await?;
        let all = number(rows.first().ok_or_else(none)?, 0)?;
        let rows = fetch(self.pool(), open, [work.into(), NEVER.into()], attempt).await?;
        let row = rows.first().ok_or_else(none)?;
        let (open, failed) = (number(row, 0)?, number(row, 1)?);
        let rows = fetch(self.pool(), last, [work.into()], attempt).await?;
        let reason = rows.first().map(|row| Ok::<_, Error>((text(row, 0)?, text(row, 1)?)));
        let reason = reason.transpose()?.map(|(key, why)| format!("{key}: {why}"));
        Ok(Predicted { predicted: all - open, waiting: open - failed, failed, reason })
    }
}

impl Write {
    async fn predict(&mut self, task: i64, prediction: &Prediction) -> Result<()> {
        let statement = "UPDATE labeling_tasks SET predictions = $1, failure = ''
            WHERE work = $2 AND task = $3 AND predictions = '' RETURNING task";
        let values = [json(&[prediction]).into(), self.work.into(), task.into()];
        let rows = fetch(&mut *self.on.tx, statement, values, "keep a prediction").await?;
        match rows.is_empty() {
            true => Ok(()),
            false => self.note((task, ""), "", ("predicted", &prediction.model)).await,
        }
    }

    async fn fail(&mut self, asked: &Unpredicted, again: i64, reason: &str) -> Result<()> {
        let reason: String =
            reason.chars().filter(|one| !one.is_control()).take(LONGEST_REASON).collect();
        let statement = "UPDATE labeling_tasks SET asked = $1, attempts = $2, failure = $3
            WHERE work = $4 AND task = $5 AND predictions = ''";
        let values = [
            again.into(),
            (asked.attempts + 1).into(),
            reason.into(),
            self.work.into(),
            asked.task.task.into(),
        ];
        fetch(&mut *self.on.tx, statement, values, "note a failure").await.map(drop)
    }
}
