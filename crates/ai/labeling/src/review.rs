//! What a reviewer makes of answers.

use serde::Deserialize;

use crate::answer::Answer;
use crate::config::{Rejected, shown};
use crate::listing::{Answered, Page};
use crate::sql::{Sql, fetch};
use crate::store::{Work, Write};
use crate::task::{
    NEVER, TASK_COLUMNS, TURN_COLUMNS, Turn, TurnState, json, person, read_task, read_turn,
};
use crate::turns::remark;
use crate::{Error, Result};

/// Who looks at an answer.
#[derive(Clone, Copy, Debug)]
pub struct Reviewer<'a> {
    pub user: &'a str,
    /// Whether they may decide on answers of their own.
    pub own: bool,
}

/// An answer, as the reviewer saw it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reviewed {
    pub annotator: String,
    /// The turn's version that was looked at.
    pub version: i64,
    pub decision: Decision,
    /// Of a correction.
    #[serde(default)]
    pub answer: Option<Answer>,
    /// For the annotator; a rejection needs one.
    #[serde(default)]
    pub comment: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Decision {
    Accept,
    /// Accept it with the reviewer's own answer; the annotator's is kept.
    Correct,
    /// Back to the annotator, or to the queue as the policy says.
    Reject,
}

impl Work {
    /// Answers that wait for review, by task and annotator, after `after`. A known answer
    /// is review enough.
    pub async fn to_review(
        &self,
        reviewer: Reviewer<'_>,
        after: Option<(i64, &str)>,
        limit: u32,
    ) -> Result<Page<Answered>> {
        let known = self.known().await?;
        let (task, annotator) = after.unwrap_or((0, ""));
        if !annotator.is_empty() {
            person("after", annotator)?;
        }
        let order = self.labeling.database().byte_order();
        let mut sql = Sql::new("SELECT ");
        sql.push(TASK_COLUMNS).push(", ").push(TURN_COLUMNS).push(
            " FROM labeling_turns u JOIN labeling_tasks t
              ON t.work = u.work AND t.task = u.task WHERE u.state = 'submitted' AND t.gold = '' AND u.work = ",
        );
        sql.value(known.work).push(" AND u.task >= ").value(task);
        sql.push(" AND (u.task > ").value(task).push(" OR u.annotator").push(order);
        sql.push(" > ").value(annotator).push(")");
        if !reviewer.own {
            sql.push(" AND u.annotator <> ").value(reviewer.user);
        }
        sql.push(" ORDER BY u.task, u.annotator").push(order);
        sql.push(" LIMIT ").value(i64::from(limit) + 1);
        let rows = sql.fetch(self.pool(), "list answers to review").await?;
        let read = |row| Ok(Answered { task: read_task(row, 0)?, turn: read_turn(row, 8)? });
        let items = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
        Ok(Page::of(items, limit, |last| format!("{}:{}", last.task.task, last.turn.annotator)))
    }

    /// Decides on an answer. One that was decided on may be decided on again.
    ///
    /// # Errors
    /// [`Error::Conflict`] when there is no submitted answer, or it changed since the
    /// reviewer looked; [`Error::Forbidden`] for an own answer.
    pub async fn review(
        &self,
        reviewer: Reviewer<'_>,
        task: i64,
        reviewed: &Reviewed,
        now: i64,
    ) -> Result<Turn> {
        let Reviewed { annotator, version, decision, answer, comment } = reviewed;
        person("annotator", annotator)?;
        remark("comment", comment)?;
        if !reviewer.own && annotator == reviewer.user {
            let user = shown(reviewer.user);
            return Err(Error::Forbidden { user, action: "review an answer of their own" });
        }
        let mut write = self.write(now).await?;
        write.reviewable(task, annotator, *version).await?;
        let corrected = write.correction(task, *decision, answer.as_ref()).await?;
        let state = match (decision, write.spec.policy.rejected) {
            (Decision::Accept, _) => TurnState::Accepted,
            (Decision::Correct, _) => TurnState::Corrected,
            (Decision::Reject, Rejected::ToAnnotator) => TurnState::Returned,
            (Decision::Reject, Rejected::ToQueue) => TurnState::Rejected,
        };
        if *decision == Decision::Reject && comment.trim().is_empty() {
            let hint = "say what the annotator should do otherwise";
            return Err(Error::invalid("comment", "is empty", hint));
        }
        write.decide((task, annotator), state, (reviewer.user, comment), corrected).await?;
        let turn = write.turn(task, annotator).await?;
        let counts = turn.final_answer().filter(|_| state.answered());
        write.mark(task, annotator, counts).await?;
        let what = match decision {
            Decision::Accept => ("accepted", comment.clone()),
            Decision::Correct => ("corrected", corrected.map(json).unwrap_or_default()),
            Decision::Reject => ("rejected", comment.clone()),
        };
        write.note((task, annotator), reviewer.user, (what.0, &what.1)).await?;
        write.settle(task, false).await?;
        write.commit("decide on an answer").await?;
        Ok(turn)
    }
}

impl Write {
    async fn reviewable(&mut self, task: i64, annotator: &str, version: i64) -> Result<()> {
        let turn = self.turn(task, annotator).await?;
        if !turn.state.answered() {
            return Err(Error::conflict(
                "state",
                format!("there is no answer to review: it is {}", turn.state.word()),
                "load the list of answers again",
            ));
        }
        match turn.version == version {
            true => Ok(()),
            false => Err(Error::conflict(
                "version",
                format!("the answer is at version {}, not {version}", turn.version),
                "it was changed since: load it again",
            )),
        }
    }

    async fn correction<'a>(
        &mut self,
        task: i64,
        decision: Decision,
        answer: Option<&'a Answer>,
    ) -> Result<Option<&'a Answer>> {
        let missing = |problem, hint| Err(Error::invalid("answer", problem, hint));
        match (decision, answer) {
            (Decision::Correct, None) => missing("is missing", "send the corrected answer"),
            (Decision::Accept | Decision::Reject, Some(_)) => {
                missing("is of corrections", "leave it out, or correct")
            }
            (_, None) => Ok(None),
            (Decision::Correct, Some(answer)) => {
                let data = self.data(task).await?;
                let fits = answer.validate(&self.spec.config, &data);
                fits.map_err(|error| error.within("answer"))?;
                Ok(Some(answer))
            }
        }
    }

    async fn decide(
        &mut self,
        (task, annotator): (i64, &str),
        state: TurnState,
        (reviewer, comment): (&str, &str),
        corrected: Option<&Answer>,
    ) -> Result<()> {
        let statement = "UPDATE labeling_turns SET state = $1, expires = $2, reviewer = $3,
            reviewed = $4, comment = $5, correction = $6, version = version + 1
            WHERE work = $7 AND task = $8 AND annotator = $9";
        let values = [
            state.word().into(),
            NEVER.into(),
            reviewer.into(),
            self.now.into(),
            comment.into(),
            corrected.map(json).unwrap_or_default().into(),
            self.work.into(),
            task.into(),
            annotator.into(),
        ];
        fetch(&mut *self.on.tx, statement, values, "decide on an answer").await.map(drop)
    }
}
