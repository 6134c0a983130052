//! Taking tasks in.

use std::collections::BTreeSet;

use crate::answer::Answer;
use crate::new_task::{Given, NewTask};
use crate::settle::{GOLD, OPEN};
use crate::sql::{Sql, TOGETHER, Value, number, text};
use crate::store::{Spec, Work, Write};
use crate::task::{NEVER, TurnState, json};
use crate::{Error, Result};

/// What became of tasks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Taken {
    pub new: u64,
    /// Their keys were known, and nothing changed.
    pub known: u64,
}

/// A task whose texts are ready to be stored.
struct Row<'a> {
    task: &'a NewTask,
    values: [String; 3],
}

impl Work {
    /// Adds tasks. `progress` hears how many of them are written, now and then.
    ///
    /// Guarantees: all of them or none, on disk when this returns. A task whose key is known
    /// changes nothing. Answers that come along count as submitted; of an annotator that
    /// skipped, that they did.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the field, as `tasks[3].data.text`; nothing was added.
    pub async fn import(
        &self,
        user: &str,
        tasks: &[NewTask],
        now: i64,
        progress: impl Fn(usize),
    ) -> Result<Taken> {
        // Before the write begins, since nobody else can write meanwhile.
        let spec = self.spec().await?;
        let rows = checked(tasks, &spec)?;
        let mut write = self.write(now).await?;
        if write.spec.config != spec.config {
            return Err(Error::conflict(
                "config",
                "the project's configuration has just been changed",
                "send the tasks again",
            ));
        }
        let new = write.import(&rows, progress).await?;
        let taken = Taken { new, known: tasks.len() as u64 - new };
        write.note((0, ""), user, ("imported", &json(&taken))).await?;
        write.commit("import tasks").await?;
        Ok(taken)
    }
}

fn checked<'a>(tasks: &'a [NewTask], spec: &Spec) -> Result<Vec<Row<'a>>> {
    let check = |(at, task): (usize, &'a NewTask)| {
        task.validate(&spec.config).map_err(|error| error.within(&format!("tasks[{at}]")))?;
        let predictions = match task.predictions.is_empty() {
            true => String::new(),
            false => json(&task.predictions),
        };
        let gold = task.gold.as_ref().map(json).unwrap_or_default();
        Ok(Row { task, values: [json(&task.data), gold, predictions] })
    };
    tasks.iter().enumerate().map(check).collect()
}

impl Write {
    async fn import(&mut self, rows: &[Row<'_>], progress: impl Fn(usize)) -> Result<u64> {
        let query = "SELECT COALESCE(MAX(task), 0) FROM labeling_tasks WHERE work = $1";
        let found = crate::sql::fetch(&mut *self.on.tx, query, [self.work.into()], "count").await?;
        let mut task = found.first().map_or(Ok(0), |row| number(row, 0))? + 1;
        let mut place = self.places(rows.len() as i64).await?;
        let (mut new, mut done) = (0, 0);
        for chunk in rows.chunks(TOGETHER) {
            let insert = self.insert(chunk, task, place);
            new += match chunk.iter().all(|row| row.task.given.is_empty()) {
                true => insert.execute(&mut *self.on.tx, "import tasks").await?,
                false => self.insert_and_give(insert, chunk).await?,
            };
            task += chunk.len() as i64;
            place += chunk.len() as i64;
            done += chunk.len();
            progress(done);
        }
        Ok(new)
    }

    fn insert(&self, chunk: &[Row<'_>], task: i64, place: i64) -> Sql {
        let mut sql = Sql::new(
            "INSERT INTO labeling_tasks
             (work, task, key, data, gold, predictions, place, queue) VALUES ",
        );
        let work = self.work;
        sql.rows(chunk.iter().zip(0_i64..).map(|(row, at)| {
            let [data, gold, predictions] = row.values.clone();
            let queue = if row.task.gold.is_some() { GOLD } else { OPEN };
            vec![
                work.into(),
                (task + at).into(),
                row.task.key.as_str().into(),
                data.into(),
                gold.into(),
                predictions.into(),
                (place + at).into(),
                queue.into(),
            ]
        }));
        sql.push(" ON CONFLICT (work, key) DO NOTHING");
        sql
    }

    /// Writes tasks and, of those that were not known, the answers that came along; how many
    /// those are.
    async fn insert_and_give(&mut self, mut insert: Sql, chunk: &[Row<'_>]) -> Result<u64> {
        insert.push(" RETURNING task, key");
        let rows = insert.fetch(&mut *self.on.tx, "import tasks").await?;
        let fresh = rows.iter().map(|row| Ok((number(row, 0)?, text(row, 1)?)));
        let fresh: Vec<(i64, String)> = fresh.collect::<Result<_>>()?;
        let mut seen = BTreeSet::new();
        for row in chunk.iter().filter(|row| seen.insert(&row.task.key)) {
            let number = fresh.iter().find(|(_, key)| *key == row.task.key);
            let Some((task, _)) = number.filter(|_| !row.task.given.is_empty()) else { continue };
            let turns: Vec<Vec<Value>> =
                row.task.given.iter().map(|given| self.given_turn(*task, given)).collect();
            let mut sql = Sql::new(INSERT_TURNS);
            sql.rows(turns);
            sql.fetch(&mut *self.on.tx, "import answers").await?;
            for given in &row.task.given {
                let counts = given.correction.as_ref().or(given.answer.as_ref());
                self.mark(*task, &given.annotator, counts).await?;
            }
            self.settle(*task, false).await?;
        }
        Ok(rows.len() as u64)
    }

    fn given_turn(&self, task: i64, given: &Given) -> Vec<Value> {
        let time = if given.time > 0 { given.time } else { self.now };
        let took = (given.seconds.clamp(0.0, 1e9) * 1000.0).round() as i64;
        let mut row = new_turn(
            (self.work, task, &given.annotator),
            given.state(),
            (time.saturating_sub(took), NEVER, time),
            given.answer.as_ref(),
        );
        // The last five of the columns: what a reviewer made of it.
        let correction = given.correction.as_ref().map(json).unwrap_or_default();
        row.truncate(REVIEW);
        row.extend::<[Value; 5]>([
            given.reason.as_str().into(),
            given.reviewer.as_str().into(),
            given.reviewed.into(),
            given.comment.as_str().into(),
            correction.into(),
        ]);
        row
    }
}

/// Columns of [`INSERT_TURNS`] before `reason`.
const REVIEW: usize = 9;

pub(crate) const INSERT_TURNS: &str = "INSERT INTO labeling_turns
    (work, task, annotator, state, leased, expires, submitted, version, answer, reason,
     reviewer, reviewed, comment, correction) VALUES ";

/// A row for [`INSERT_TURNS`]; times are when it was leased, expires and was submitted.
pub(crate) fn new_turn(
    (work, task, annotator): (i64, i64, &str),
    state: TurnState,
    (leased, expires, submitted): (i64, i64, i64),
    answer: Option<&Answer>,
) -> Vec<Value> {
    vec![
        work.into(),
        task.into(),
        annotator.into(),
        state.word().into(),
        leased.into(),
        expires.into(),
        submitted.into(),
        0.into(),
        answer.map(json).unwrap_or_default().into(),
        "".into(),
        "".into(),
        0.into(),
        "".into(),
        "".into(),
    ]
}
