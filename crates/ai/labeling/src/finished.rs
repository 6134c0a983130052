//! Work to be handed on: tasks with what people made of them.

use serde::Deserialize;

use crate::agreement::similarity::{mean, similarity};
use crate::answer::Answer;
use crate::config::Policy;
use crate::formats::{self, Format, Written};
use crate::new_task::{Given, NewTask};
use crate::sql::{Sql, number};
use crate::store::Work;
use crate::task::{TASK_COLUMNS, TURN_COLUMNS, Task, Turn, TurnState, read_task, read_turn};
use crate::{Error, Result};

/// Which tasks and answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Only {
    /// Tasks with an answer, and all answers that count.
    #[default]
    Answered,
    /// Tasks with an answer that a reviewer accepted or corrected, and such answers alone.
    Reviewed,
    /// Every task.
    All,
}

impl Only {
    /// What counts as final.
    pub fn final_under(policy: &Policy) -> Self {
        if policy.review { Self::Reviewed } else { Self::Answered }
    }
}

/// A task, and turns of people who answered or skipped it.
#[derive(Clone, Debug, PartialEq)]
pub struct Finished {
    pub task: Task,
    pub turns: Vec<Turn>,
}

impl Finished {
    /// The one answer that stands for the task, for formats with one: the known one; else
    /// of the reviewed ones, or where there are none of all, that which agrees most with the
    /// others; of several the earliest.
    pub fn chosen(&self) -> Option<&Answer> {
        if let Some(gold) = &self.task.gold {
            return Some(gold);
        }
        let mut turns: Vec<&Turn> =
            self.turns.iter().filter(|turn| turn.state.answered()).collect();
        if turns.iter().any(|turn| turn.state.reviewed()) {
            turns.retain(|turn| turn.state.reviewed());
        }
        turns.sort_by_key(|turn| turn.submitted);
        let answers: Vec<&Answer> = turns.into_iter().filter_map(Turn::final_answer).collect();
        let agreeing = |at: usize| {
            let others = answers.iter().enumerate().filter(|(other, _)| *other != at);
            mean(others.map(|(_, other)| similarity(answers[at], other))).unwrap_or(1.0)
        };
        let mut best: Option<(f64, usize)> = None;
        for at in 0..answers.len() {
            let agreement = agreeing(at);
            if best.is_none_or(|(most, _)| agreement > most) {
                best = Some((agreement, at));
            }
        }
        best.map(|(_, at)| answers[at])
    }

    /// The same as it would come in again.
    pub(crate) fn as_new(&self) -> NewTask {
        let Task { key, data, gold, predictions, .. } = self.task.clone();
        NewTask { key, data, gold, predictions, given: self.turns.iter().map(given).collect() }
    }
}

fn given(turn: &Turn) -> Given {
    let took = turn.submitted.saturating_sub(turn.leased).max(0);
    let skipped = turn.state == TurnState::Skipped;
    let (reviewer, comment) = match turn.state.reviewed() {
        true => (turn.reviewer.clone(), turn.comment.clone()),
        false => (String::new(), String::new()),
    };
    Given {
        annotator: turn.annotator.clone(),
        answer: turn.answer.clone().filter(|_| !skipped),
        time: turn.submitted,
        seconds: took as f64 / 1000.0,
        reason: turn.reason.clone(),
        reviewed: if reviewer.is_empty() { 0 } else { turn.reviewed },
        reviewer,
        comment,
        correction: turn.correction.clone().filter(|_| turn.state == TurnState::Corrected),
    }
}

impl Work {
    /// Tasks by number with their turns.
    pub async fn finished(&self, only: Only) -> Result<Vec<Finished>> {
        let work = self.known().await?.work;
        let mut sql = Sql::new("SELECT ");
        sql.push(TASK_COLUMNS).push(" FROM labeling_tasks t WHERE t.work = ").value(work);
        sql.push(if only == Only::All { "" } else { " AND t.answers > 0" });
        sql.push(" ORDER BY t.task");
        let tasks = sql.fetch(self.pool(), "read tasks").await?;
        let mut sql = Sql::new("SELECT u.task, ");
        sql.push(TURN_COLUMNS).push(" FROM labeling_turns u WHERE u.work = ").value(work);
        sql.push(match only {
            Only::Reviewed => " AND u.state IN ('accepted', 'corrected')",
            _ => " AND u.state IN ('submitted', 'accepted', 'corrected', 'skipped')",
        });
        sql.push(" ORDER BY u.task, u.submitted, u.annotator");
        let turns = sql.fetch(self.pool(), "read answers").await?;
        let mut turns = turns.iter().peekable();
        let mut all = Vec::with_capacity(tasks.len());
        for row in &tasks {
            let task = read_task(row, 0)?;
            let mut of_task = Vec::new();
            // A turn may be of a task that was answered between the two queries.
            while let Some(row) = turns.peek() {
                let of = number(row, 0)?;
                if of > task.task {
                    break;
                }
                if of == task.task {
                    of_task.push(read_turn(row, 1)?);
                }
                turns.next();
            }
            if only != Only::Reviewed || !of_task.is_empty() {
                all.push(Finished { task, turns: of_task });
            }
        }
        Ok(all)
    }

    /// Finished work as files for a new dataset version, and what the format cannot hold.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a format that does not go with the kind of work.
    pub async fn export(&self, format: Format, only: Only) -> Result<Written> {
        let config = self.spec().await?.config;
        let finished = self.finished(only).await?;
        let written =
            tokio::task::spawn_blocking(move || formats::write(format, &config, &finished));
        written.await.map_err(|source| Error::Write { what: "an export", source: source.into() })?
    }
}
