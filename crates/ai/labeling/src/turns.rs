//! What an annotator does with a task that they have: save, submit, skip, take back.

use serde_json::Map;

use crate::answer::Answer;
use crate::config::{shown, too_long};
use crate::next::Held;
use crate::settle::GOLD;
use crate::sql::{Sql, fetch, number, text};
use crate::store::{Work, Write};
use crate::task::{NEVER, TURN_COLUMNS, Turn, TurnState, json, optional, person, read_turn};
use crate::{Error, Result};

/// Of a reason or comment.
pub(crate) const LONGEST_REMARK: usize = 4096;

/// An answer as somebody saw it change.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Edit {
    /// The turn's version that this replaces.
    pub version: i64,
    pub answer: Answer,
}

pub(crate) fn remark(field: &str, text: &str) -> Result<()> {
    if text.len() > LONGEST_REMARK {
        return Err(too_long(field, LONGEST_REMARK));
    }
    match text.contains('\0') {
        true => Err(Error::invalid(field, "has a NUL character", "leave it out")),
        false => Ok(()),
    }
}

impl Work {
    /// Keeps a draft, and the task longer. Drafts are not in the history.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the draft was changed elsewhere since, or the task is not in
    /// these hands any more; nothing was kept.
    pub async fn draft(&self, annotator: &str, task: i64, edit: &Edit, now: i64) -> Result<Turn> {
        let mut write = self.write(now).await?;
        let turn = write.holding(task, annotator, edit.version).await?;
        let data = write.data(task).await?;
        let fits = edit.answer.validate_draft(&write.spec.config, &data);
        fits.map_err(|error| error.within("answer"))?;
        let expires = turn.expires.map_or(NEVER, |_| write.lease_end());
        write.store(task, annotator, (TurnState::Leased, expires, 0), &edit.answer).await?;
        if !turn.state.holds_place() {
            write.settle(task, false).await?;
        }
        write.finish(task, annotator, "keep a draft").await
    }

    /// Submits an answer. Sent again it changes nothing.
    ///
    /// # Errors
    /// As [`Work::draft`].
    pub async fn submit(&self, annotator: &str, task: i64, edit: &Edit, now: i64) -> Result<Turn> {
        let mut write = self.write(now).await?;
        if let Some(turn) = write.turn_of(task, annotator).await?
            && turn.state == TurnState::Submitted
            && turn.version == edit.version + 1
            && turn.answer.as_ref() == Some(&edit.answer)
        {
            return Ok(turn);
        }
        let turn = write.holding(task, annotator, edit.version).await?;
        let data = write.data(task).await?;
        let fits = edit.answer.validate(&write.spec.config, &data);
        fits.map_err(|error| error.within("answer"))?;
        let expires = turn.expires.unwrap_or(NEVER);
        let stored = (TurnState::Submitted, expires, now);
        write.store(task, annotator, stored, &edit.answer).await?;
        write.mark(task, annotator, Some(&edit.answer)).await?;
        write.note((task, annotator), annotator, ("submitted", &json(&edit.answer))).await?;
        write.settle(task, false).await?;
        write.finish(task, annotator, "submit an answer").await
    }

    /// Passes a task on to somebody else, for good.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the task is not in these hands any more.
    pub async fn skip(&self, annotator: &str, task: i64, reason: &str, now: i64) -> Result<Turn> {
        if reason.trim().is_empty() {
            let hint = "say what is wrong with the task";
            return Err(Error::invalid("reason", "is empty", hint));
        }
        remark("reason", reason)?;
        let mut write = self.write(now).await?;
        let turn = write.turn(task, annotator).await?;
        write.holding(task, annotator, turn.version).await?;
        let statement = "UPDATE labeling_turns SET state = 'skipped', reason = $1,
            submitted = $2, version = version + 1
            WHERE work = $3 AND task = $4 AND annotator = $5";
        let values = [reason.into(), now.into(), write.work.into(), task.into(), annotator.into()];
        fetch(&mut *write.on.tx, statement, values, "skip a task").await?;
        write.note((task, annotator), annotator, ("skipped", reason)).await?;
        write.settle(task, false).await?;
        write.finish(task, annotator, "skip a task").await
    }

    /// Takes somebody's last submission back; the answer is a draft again.
    ///
    /// # Errors
    /// [`Error::Conflict`] when there is none, when it was reviewed, and while another task
    /// is open.
    pub async fn undo(&self, annotator: &str, now: i64) -> Result<Held> {
        person("annotator", annotator)?;
        let mut write = self.write(now).await?;
        let task = write.last_submitted(annotator).await?;
        let statement = "UPDATE labeling_turns SET state = 'leased', submitted = 0,
            version = version + 1, expires = CASE WHEN expires = $1 THEN expires ELSE $2 END
            WHERE work = $3 AND task = $4 AND annotator = $5";
        let values = [
            NEVER.into(),
            write.lease_end().into(),
            write.work.into(),
            task.into(),
            annotator.into(),
        ];
        fetch(&mut *write.on.tx, statement, values, "take an answer back").await?;
        write.mark(task, annotator, None).await?;
        write.note((task, annotator), annotator, ("undone", "")).await?;
        write.settle(task, false).await?;
        let held = write.held(task, annotator).await?;
        write.commit("take an answer back").await?;
        held.ok_or_else(|| Error::not_found("task", task.to_string()))
    }
}

impl Write {
    pub(crate) async fn turn_of(&mut self, task: i64, annotator: &str) -> Result<Option<Turn>> {
        person("annotator", annotator)?;
        let mut sql = Sql::new("SELECT ");
        sql.push(TURN_COLUMNS).push(" FROM labeling_turns u WHERE u.work = ").value(self.work);
        sql.push(" AND u.task = ").value(task).push(" AND u.annotator = ").value(annotator);
        let rows = sql.fetch(&mut *self.on.tx, "read a turn").await?;
        rows.first().map(|row| read_turn(row, 0)).transpose()
    }

    pub(crate) async fn turn(&mut self, task: i64, annotator: &str) -> Result<Turn> {
        self.turn_of(task, annotator).await?.ok_or_else(|| {
            Error::not_found("task in the hands of", format!("{} ({task})", shown(annotator)))
        })
    }

    /// The turn, if it may be written to by somebody who saw `version`.
    async fn holding(&mut self, task: i64, annotator: &str, version: i64) -> Result<Turn> {
        let turn = self.turn(task, annotator).await?;
        let held = match turn.state {
            TurnState::Leased | TurnState::Assigned | TurnState::Returned => true,
            TurnState::Expired => self.has_room(task).await?,
            _ => false,
        };
        if !held {
            let problem = match turn.state {
                TurnState::Expired => "the time for this task passed, and others have it now",
                _ => "this task is not open before you",
            };
            return Err(Error::conflict(
                "state",
                format!("{problem}: it is {}", turn.state.word()),
                "go on with the next task; a submission can be taken back until it is reviewed",
            ));
        }
        if turn.version != version {
            return Err(Error::conflict(
                "version",
                format!("the answer is at version {}, not {version}", turn.version),
                "it was changed elsewhere: load the task again",
            ));
        }
        Ok(turn)
    }

    pub(crate) async fn has_room(&mut self, task: i64) -> Result<bool> {
        let query = "SELECT filled, queue FROM labeling_tasks WHERE work = $1 AND task = $2";
        let values = [self.work.into(), task.into()];
        let rows = fetch(&mut *self.on.tx, query, values, "read a task").await?;
        let Some(row) = rows.first() else { return Ok(false) };
        let overlap = i64::from(self.spec.policy.overlap);
        Ok(number(row, 1)? == GOLD || number(row, 0)? < overlap)
    }

    pub(crate) async fn data(&mut self, task: i64) -> Result<Map<String, serde_json::Value>> {
        let query = "SELECT data FROM labeling_tasks WHERE work = $1 AND task = $2";
        let values = [self.work.into(), task.into()];
        let rows = fetch(&mut *self.on.tx, query, values, "read a task").await?;
        let unknown = || Error::not_found("task", task.to_string());
        let data = text(rows.first().ok_or_else(unknown)?, 0)?;
        Ok(optional("a task", &data)?.unwrap_or_default())
    }

    async fn store(
        &mut self,
        task: i64,
        annotator: &str,
        (state, expires, submitted): (TurnState, i64, i64),
        answer: &Answer,
    ) -> Result<()> {
        let statement = "UPDATE labeling_turns SET state = $1, expires = $2, submitted = $3,
            answer = $4, version = version + 1 WHERE work = $5 AND task = $6 AND annotator = $7";
        let values = [
            state.word().into(),
            expires.into(),
            submitted.into(),
            json(answer).into(),
            self.work.into(),
            task.into(),
            annotator.into(),
        ];
        fetch(&mut *self.on.tx, statement, values, "keep an answer").await.map(drop)
    }

    /// The task of somebody's last submission, if it may be taken back.
    async fn last_submitted(&mut self, annotator: &str) -> Result<i64> {
        let refused = |problem: &str, hint: &str| Error::conflict("undo", problem, hint);
        let query = "SELECT task, state FROM labeling_turns
            WHERE work = $1 AND annotator = $2 AND submitted > 0
            AND state IN ('submitted', 'accepted', 'corrected')
            ORDER BY submitted DESC, task DESC LIMIT 1";
        let values = [self.work.into(), annotator.into()];
        let rows = fetch(&mut *self.on.tx, query, values, "look for a submission").await?;
        let row = rows.first().ok_or_else(|| {
            refused("there is no submission to take back", "submit an answer first")
        })?;
        if text(row, 1)? != TurnState::Submitted.word() {
            return Err(refused(
                "the last submission was reviewed",
                "ask the reviewer to reject it",
            ));
        }
        let query = "SELECT task FROM labeling_turns
            WHERE work = $1 AND annotator = $2 AND state = 'leased'
            AND (version > 0 OR answer <> '') LIMIT 1";
        let values = [self.work.into(), annotator.into()];
        let open = fetch(&mut *self.on.tx, query, values, "look for an open task").await?;
        match open.is_empty() {
            true => number(row, 0),
            false => Err(refused("another task is open with a draft", "submit or skip it first")),
        }
    }

    pub(crate) async fn finish(
        mut self,
        task: i64,
        annotator: &str,
        attempt: &'static str,
    ) -> Result<Turn> {
        let turn = self.turn(task, annotator).await?;
        self.commit(attempt).await?;
        Ok(turn)
    }
}
