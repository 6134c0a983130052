//! Fixed lists of tasks for people, and taking back what somebody does not do.

use crate::import::{INSERT_TURNS, new_turn};
use crate::settle::OPEN;
use crate::sql::{Sql, fetch, number};
use crate::store::{Work, Write};
use crate::task::{NEVER, TurnState, person};
use crate::{Error, Result};

/// Tasks of one call; each is counted again on its own.
const MOST_TOGETHER: usize = 10_000;

/// What became of an assignment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Assigned {
    pub assigned: u64,
    /// Enough people have them, or this one had them already.
    pub full: u64,
}

impl Work {
    /// Puts tasks on somebody's list, for as long as it takes. A task that has enough people,
    /// or was theirs already, is left out and counted.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a task that there is not; nothing was assigned.
    pub async fn assign(
        &self,
        user: &str,
        annotator: &str,
        tasks: &[i64],
        now: i64,
    ) -> Result<Assigned> {
        person("annotator", annotator)?;
        if tasks.len() > MOST_TOGETHER {
            return Err(Error::invalid(
                "tasks",
                format!("has {}", tasks.len()),
                format!("assign at most {MOST_TOGETHER} at once"),
            ));
        }
        let mut write = self.write(now).await?;
        let mut done = Assigned::default();
        for (at, task) in tasks.iter().enumerate() {
            match write.assign(user, annotator, *task).await? {
                Some(true) => done.assigned += 1,
                Some(false) => done.full += 1,
                None => {
                    return Err(Error::invalid(
                        format!("tasks[{at}]"),
                        format!("there is no task {task}"),
                        "name tasks by the numbers that the list has",
                    ));
                }
            }
        }
        write.commit("assign tasks").await?;
        Ok(done)
    }

    /// Puts the next tasks of the queue that they never had on somebody's list, `count` of
    /// them or as many as there are.
    ///
    /// # Errors
    /// [`Error::Invalid`] for none, and for more than one call takes.
    pub async fn assign_next(
        &self,
        user: &str,
        annotator: &str,
        count: usize,
        now: i64,
    ) -> Result<Assigned> {
        person("annotator", annotator)?;
        if !(1..=MOST_TOGETHER).contains(&count) {
            let hint = format!("assign 1 to {MOST_TOGETHER} at once");
            return Err(Error::invalid("next", format!("is {count}"), hint));
        }
        let mut write = self.write(now).await?;
        let query = "SELECT task FROM labeling_tasks t WHERE work = $1 AND queue = $2
            AND NOT EXISTS (SELECT 1 FROM labeling_turns h
                WHERE h.work = t.work AND h.task = t.task AND h.annotator = $3)
            ORDER BY place LIMIT $4";
        let values = [write.work.into(), OPEN.into(), annotator.into(), (count as i64).into()];
        let rows = fetch(&mut *write.on.tx, query, values, "find tasks to assign").await?;
        let mut done = Assigned::default();
        for row in &rows {
            match write.assign(user, annotator, number(row, 0)?).await? {
                Some(true) => done.assigned += 1,
                _ => done.full += 1,
            }
        }
        write.commit("assign tasks").await?;
        Ok(done)
    }
}

impl Work {
    /// Takes what somebody has open or on their list back, for others; drafts stay with
    /// them. How many tasks that were.
    pub async fn release(&self, user: &str, annotator: &str, now: i64) -> Result<u64> {
        person("annotator", annotator)?;
        let mut write = self.write(now).await?;
        let query = "SELECT task FROM labeling_turns WHERE work = $1 AND annotator = $2
            AND state IN ('assigned', 'leased', 'returned') ORDER BY task";
        let values = [write.work.into(), annotator.into()];
        let rows = fetch(&mut *write.on.tx, query, values, "list somebody's tasks").await?;
        for row in &rows {
            let task = number(row, 0)?;
            write.set_state(task, annotator, TurnState::Expired).await?;
            write.note((task, annotator), user, ("released", "")).await?;
            write.settle(task, true).await?;
        }
        write.commit("take tasks back").await?;
        Ok(rows.len() as u64)
    }
}

impl Write {
    /// Whether there was room; `None` when there is no such task.
    async fn assign(&mut self, user: &str, annotator: &str, task: i64) -> Result<Option<bool>> {
        let query = "SELECT 1 FROM labeling_tasks WHERE work = $1 AND task = $2";
        let values = [self.work.into(), task.into()];
        if fetch(&mut *self.on.tx, query, values, "find a task").await?.is_empty() {
            return Ok(None);
        }
        let there = self.turn_of(task, annotator).await?;
        let free = there.is_none_or(|turn| turn.state == TurnState::Expired);
        if !free || !self.has_room(task).await? {
            return Ok(Some(false));
        }
        let mut sql = Sql::new(INSERT_TURNS);
        sql.rows([new_turn(
            (self.work, task, annotator),
            TurnState::Assigned,
            (self.now, NEVER, 0),
            None,
        )]);
        sql.push(
            " ON CONFLICT (work, task, annotator) DO UPDATE SET state = excluded.state,
              leased = excluded.leased, expires = excluded.expires",
        );
        sql.fetch(&mut *self.on.tx, "assign a task").await?;
        self.note((task, annotator), user, ("assigned", "")).await?;
        self.settle(task, false).await?;
        Ok(Some(true))
    }
}
