//! What a task's row says of its turns, worked out again after each change of one.

use crate::Result;
use crate::agreement::similarity;
use crate::answer::Answer;
use crate::sql::{fetch, number, text};
use crate::store::Write;
use crate::task::{TurnState, optional};

/// `queue` of a task.
pub(crate) const CLOSED: i64 = 0;
pub(crate) const OPEN: i64 = 1;
pub(crate) const GOLD: i64 = 2;

/// The state that follows from the counts; `$overlap` stands for the policy's.
pub(crate) fn state(answers: i64, pending: i64, overlap: i64) -> &'static str {
    match (answers, pending) {
        (0, _) => "todo",
        (some, _) if some < overlap => "started",
        (_, 0) => "reviewed",
        _ => "answered",
    }
}

impl Write {
    /// Counts a task's turns again. A task that more people may have now goes to the end of
    /// the queue, since those who passed its old place would not come by again; `again`
    /// sends it there even if it was open all the while.
    pub(crate) async fn settle(&mut self, task: i64, again: bool) -> Result<()> {
        let query = "SELECT queue, place FROM labeling_tasks WHERE work = $1 AND task = $2";
        let values = [self.work.into(), task.into()];
        let rows = fetch(&mut *self.on.tx, query, values, "read a task").await?;
        let Some(row) = rows.first() else { return Ok(()) };
        let (queue, mut place) = (number(row, 0)?, number(row, 1)?);

        let turns = self.turns_of(task).await?;
        let overlap = i64::from(self.spec.policy.overlap);
        let count = |test: fn(TurnState) -> bool| {
            turns.iter().filter(|(state, _)| test(*state)).count() as i64
        };
        let filled = count(TurnState::holds_place);
        let answers = count(TurnState::answered);
        let pending = count(|state| state == TurnState::Submitted);
        let open = match queue {
            GOLD => GOLD,
            _ if filled < overlap => OPEN,
            _ => CLOSED,
        };
        if open == OPEN && (again || queue == CLOSED) {
            place = self.last_place().await?;
        }
        let statement = "UPDATE labeling_tasks SET queue = $1, place = $2, filled = $3,
            answers = $4, pending = $5, state = $6, agreement = $7
            WHERE work = $8 AND task = $9";
        let values = [
            open.into(),
            place.into(),
            filled.into(),
            answers.into(),
            pending.into(),
            state(answers, pending, overlap).into(),
            self.agreement(&turns)?.into(),
            self.work.into(),
            task.into(),
        ];
        fetch(&mut *self.on.tx, statement, values, "count a task's answers").await.map(drop)
    }

    /// Counts one more person who holds a place of a task; what [`Write::settle`] would find.
    pub(crate) async fn occupy(&mut self, task: i64) -> Result<()> {
        let statement = "UPDATE labeling_tasks SET filled = filled + 1,
            queue = CASE WHEN queue = $1 AND filled + 1 >= $2 THEN $3 ELSE queue END
            WHERE work = $4 AND task = $5";
        let overlap = i64::from(self.spec.policy.overlap);
        let values = [OPEN.into(), overlap.into(), CLOSED.into(), self.work.into(), task.into()];
        fetch(&mut *self.on.tx, statement, values, "give a task").await.map(drop)
    }

    /// State and answer as JSON of each turn.
    async fn turns_of(&mut self, task: i64) -> Result<Vec<(TurnState, String)>> {
        let query = "SELECT state, answer FROM labeling_turns WHERE work = $1 AND task = $2";
        let values = [self.work.into(), task.into()];
        let rows = fetch(&mut *self.on.tx, query, values, "read who has a task").await?;
        let read = |row| {
            let state = TurnState::parse(&text(row, 0)?).unwrap_or(TurnState::Expired);
            Ok((state, text(row, 1)?))
        };
        rows.iter().map(read).collect()
    }

    /// Mean over pairs of what annotators answered; -1 where there is no pair.
    fn agreement(&self, turns: &[(TurnState, String)]) -> Result<f64> {
        let answered = turns.iter().filter(|(state, _)| state.answered());
        let answers: Vec<Answer> = answered
            .map(|(_, json)| optional("an answer", json))
            .filter_map(Result::transpose)
            .collect::<Result<_>>()?;
        Ok(similarity::mean_of_pairs(&answers).unwrap_or(-1.0))
    }

    /// Writes down which labels somebody's answer has; `None` takes them away.
    pub(crate) async fn mark(
        &mut self,
        task: i64,
        annotator: &str,
        answer: Option<&Answer>,
    ) -> Result<()> {
        let labels = self.marked(task, annotator).await?;
        let wanted = answer.map(Answer::labels).unwrap_or_default();
        for label in labels.iter().filter(|label| !wanted.contains(&label.as_str())) {
            let statement = "DELETE FROM labeling_marks
                WHERE work = $1 AND label = $2 AND task = $3 AND annotator = $4";
            self.each_mark(statement, label, task, annotator).await?;
        }
        for label in wanted.into_iter().filter(|label| !labels.iter().any(|l| l == label)) {
            let statement = "INSERT INTO labeling_marks (work, label, task, annotator)
                VALUES ($1, $2, $3, $4)";
            self.each_mark(statement, label, task, annotator).await?;
        }
        Ok(())
    }

    async fn each_mark(
        &mut self,
        statement: &'static str,
        label: &str,
        task: i64,
        annotator: &str,
    ) -> Result<()> {
        let values = [self.work.into(), label.into(), task.into(), annotator.into()];
        fetch(&mut *self.on.tx, statement, values, "write an answer's labels").await.map(drop)
    }

    async fn marked(&mut self, task: i64, annotator: &str) -> Result<Vec<String>> {
        let query = "SELECT label FROM labeling_marks
            WHERE work = $1 AND task = $2 AND annotator = $3";
        let values = [self.work.into(), task.into(), annotator.into()];
        let rows = fetch(&mut *self.on.tx, query, values, "read an answer's labels").await?;
        rows.iter().map(|row| text(row, 0)).collect()
    }
}
