//! Tasks as lists, and one with all that happened to it.

use serde::Serialize;

use crate::config::shown;
use crate::scope::{May, Scope};
use crate::sql::{Sql, fetch, number, text};
use crate::store::Work;
use crate::task::{
    TASK_COLUMNS, TURN_COLUMNS, Task, TaskState, Turn, person, read_task, read_turn,
};
use crate::{Error, Result};

pub const MOST_LISTED: u32 = 1000;

/// Which tasks; what is absent does not matter.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    pub state: Option<TaskState>,
    /// Who has or had it.
    pub annotator: Option<String>,
    /// In an answer that counts.
    pub label: Option<String>,
    /// Agreement below this; tasks without agreement are left out.
    pub agreement_below: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Where the next page starts; none on the last.
    pub next: Option<String>,
}

/// A task and an answer to it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answered {
    pub task: Task,
    pub turn: Turn,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Whole {
    pub task: Task,
    pub turns: Vec<Turn>,
    pub history: Vec<Event>,
}

/// Something that was done.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Event {
    /// Milliseconds since 1970.
    pub time: i64,
    /// Empty when the platform did it.
    pub who: String,
    pub what: String,
    /// Whose turn it was about; may be empty.
    pub whose: String,
    /// The answer as JSON, or the remark.
    pub detail: String,
}

impl<T> Page<T> {
    /// Of up to `limit + 1` items that were found.
    pub(crate) fn of(mut items: Vec<T>, limit: u32, key: impl Fn(&T) -> String) -> Self {
        let more = items.len() > limit as usize;
        items.truncate(limit as usize);
        let next = items.last().filter(|_| more).map(key);
        Self { items, next }
    }
}

impl Work {
    /// Tasks by number, after `after`.
    pub async fn tasks(&self, filter: &Filter, after: i64, limit: u32) -> Result<Page<Task>> {
        let known = self.known().await?;
        let mut sql = Sql::new("SELECT ");
        sql.push(TASK_COLUMNS).push(" FROM labeling_tasks t WHERE t.work = ").value(known.work);
        sql.push(" AND t.task > ").value(after);
        if let Some(state) = filter.state {
            sql.push(" AND t.state = ").value(state.word());
        }
        if let Some(annotator) = &filter.annotator {
            person("annotator", annotator)?;
            sql.push(" AND t.task IN (SELECT u.task FROM labeling_turns u WHERE u.work = ");
            sql.value(known.work).push(" AND u.annotator = ").value(annotator.as_str()).push(")");
        }
        if let Some(label) = &filter.label {
            person("label", label)?;
            sql.push(" AND t.task IN (SELECT m.task FROM labeling_marks m WHERE m.work = ");
            sql.value(known.work).push(" AND m.label = ").value(label.as_str()).push(")");
        }
        if let Some(below) = filter.agreement_below {
            sql.push(" AND t.agreement >= 0 AND t.agreement < ").value(below);
        }
        sql.push(" ORDER BY t.task LIMIT ").value(i64::from(limit) + 1);
        let rows = sql.fetch(self.pool(), "list tasks").await?;
        let items = rows.iter().map(|row| read_task(row, 0)).collect::<Result<Vec<_>>>()?;
        Ok(Page::of(items, limit, |last| last.task.to_string()))
    }

    /// One task, its turns and its history.
    pub async fn task(&self, task: i64) -> Result<Whole> {
        let known = self.known().await?;
        let mut sql = Sql::new("SELECT ");
        sql.push(TASK_COLUMNS).push(" FROM labeling_tasks t WHERE t.work = ").value(known.work);
        sql.push(" AND t.task = ").value(task);
        let rows = sql.fetch(self.pool(), "read a task").await?;
        let row = rows.first().ok_or_else(|| Error::not_found("task", task.to_string()))?;
        let mut sql = Sql::new("SELECT ");
        sql.push(TURN_COLUMNS).push(" FROM labeling_turns u WHERE u.work = ").value(known.work);
        sql.push(" AND u.task = ").value(task).push(" ORDER BY u.annotator");
        let turns = sql.fetch(self.pool(), "read who has a task").await?;
        Ok(Whole {
            task: read_task(row, 0)?,
            turns: turns.iter().map(|row| read_turn(row, 0)).collect::<Result<_>>()?,
            history: self.history(known.work, task).await?,
        })
    }

    async fn history(&self, work: i64, task: i64) -> Result<Vec<Event>> {
        let query = "SELECT time, who, what, whose, detail FROM labeling_history
            WHERE work = $1 AND task = $2 ORDER BY turn, who, whose";
        let values = [work.into(), task.into()];
        let rows = fetch(self.pool(), query, values, "read the history").await?;
        let read = |row| {
            Ok(Event {
                time: number(row, 0)?,
                who: text(row, 1)?,
                what: text(row, 2)?,
                whose: text(row, 3)?,
                detail: text(row, 4)?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// One task as far as somebody may see it.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an annotator's task that was never theirs.
    pub async fn task_for(&self, scope: &Scope, task: i64) -> Result<Whole> {
        match scope.may < May::Review {
            true => self.own_task(&scope.user, task).await,
            false => self.task(task).await,
        }
    }

    /// One task as an annotator may see it: their own turn alone.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a task that was never theirs.
    pub async fn own_task(&self, annotator: &str, task: i64) -> Result<Whole> {
        person("annotator", annotator)?;
        let mut whole = self.task(task).await?;
        whole.turns.retain(|turn| turn.annotator == annotator);
        whole.history.retain(|event| event.whose == annotator);
        match whole.turns.is_empty() {
            true => Err(Error::not_found("task of", format!("{} ({task})", shown(annotator)))),
            false => Ok(Whole { task: whole.task.for_annotators(), ..whole }),
        }
    }
}
