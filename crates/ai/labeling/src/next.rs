//! Who gets which task next.
//!
//! The queue is in order of `place`. Somebody has a place that they came to, and the next
//! is the first open task behind it: one step in an index, however many they have done. A
//! task that opens again gets a new place at the end (settle.rs), so that what lies before
//! somebody's place never concerns them.

use sqlx::Row;

use crate::Result;
use crate::config::Assignment;
use crate::database::Durability;
use crate::error::Attempt;
use crate::import::{INSERT_TURNS, new_turn};
use crate::settle::{GOLD, OPEN};
use crate::sql::{Sql, fetch, number, text};
use crate::store::{Work, Write};
use crate::task::{
    NEVER, TASK_COLUMNS, TURN_COLUMNS, Task, Turn, TurnState, person, read_task, read_turn,
};

/// Leases that one call puts back when their time is over.
const SWEPT: i64 = 100;

/// A task that is in somebody's hands.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Held {
    /// Without its known answer.
    pub task: Task,
    pub turn: Turn,
}

/// The first task of somebody's in each state that needs them.
struct Theirs {
    leased: Option<i64>,
    returned: Option<i64>,
    assigned: Option<i64>,
}

/// How far somebody came.
#[derive(Clone, Copy, Default)]
struct Reached {
    place: i64,
    gold_place: i64,
    got: i64,
    gold_got: i64,
}

impl Work {
    /// The task that somebody should work on: the one that they have open, else one that
    /// came back to them, else one on their list, else, where the project has a queue, the
    /// next of it. `None` when there is nothing for them.
    ///
    /// Guarantees: a task is in at most as many hands as the overlap says, and nobody gets
    /// one again that they answered or skipped, unless it came back to them.
    pub async fn next(&self, annotator: &str, now: i64) -> Result<Option<Held>> {
        person("annotator", annotator)?;
        let mut write = self.write_with(Durability::Relaxed, now).await?;
        let Some(task) = write.next(annotator).await? else {
            // What expired was put back all the same.
            write.commit("look for a task").await?;
            return Ok(None);
        };
        let held = write.held(task, annotator).await?;
        write.commit("give a task").await?;
        Ok(held)
    }
}

impl Write {
    async fn next(&mut self, annotator: &str) -> Result<Option<i64>> {
        let theirs = self.theirs(annotator).await?;
        if let Some(task) = theirs.leased {
            self.renew(task, annotator).await?;
            return Ok(Some(task));
        }
        self.sweep().await?;
        if let Some(task) = theirs.returned {
            self.open(task, annotator).await?;
            return Ok(Some(task));
        }
        let mut reached = self.reached(annotator).await?;
        let found = self.another(annotator, &theirs, &mut reached).await?;
        if found.is_some() {
            reached.got += 1;
            self.remember(annotator, reached).await?;
        }
        Ok(found)
    }

    /// A task that somebody did not have yet.
    async fn another(
        &mut self,
        annotator: &str,
        theirs: &Theirs,
        reached: &mut Reached,
    ) -> Result<Option<i64>> {
        let due = (reached.got + 1) as f64 * self.spec.policy.gold_rate;
        if reached.gold_got < due.floor() as i64
            && let Some((task, place)) = self.after(annotator, GOLD, reached.gold_place).await?
        {
            reached.gold_place = place;
            reached.gold_got += 1;
            self.lease(task, annotator).await?;
            return Ok(Some(task));
        }
        if let Some(task) = theirs.assigned {
            self.open(task, annotator).await?;
            return Ok(Some(task));
        }
        if self.spec.policy.assignment == Assignment::Person {
            return Ok(None);
        }
        let Some((task, place)) = self.after(annotator, OPEN, reached.place).await? else {
            return Ok(None);
        };
        reached.place = place;
        self.lease(task, annotator).await?;
        Ok(Some(task))
    }

    async fn theirs(&mut self, annotator: &str) -> Result<Theirs> {
        let query = "SELECT
            (SELECT MIN(task) FROM labeling_turns
             WHERE work = $1 AND annotator = $2 AND state = 'leased'),
            (SELECT MIN(task) FROM labeling_turns
             WHERE work = $1 AND annotator = $2 AND state = 'returned'),
            (SELECT MIN(task) FROM labeling_turns
             WHERE work = $1 AND annotator = $2 AND state = 'assigned')";
        let values = [self.work.into(), annotator.into()];
        let rows = fetch(&mut *self.on.tx, query, values, "look for a task").await?;
        let row = rows.first();
        let first = |at: usize| -> Result<Option<i64>> {
            row.map_or(Ok(None), |row| row.try_get(at).attempt("look for a task"))
        };
        Ok(Theirs { leased: first(0)?, returned: first(1)?, assigned: first(2)? })
    }

    /// Puts tasks back whose holders let their time pass; their drafts stay with them.
    async fn sweep(&mut self) -> Result<()> {
        let query = "SELECT task, annotator FROM labeling_turns
            WHERE work = $1 AND state = 'leased' AND expires <= $2
            ORDER BY expires LIMIT $3";
        let values = [self.work.into(), self.now.into(), SWEPT.into()];
        for row in fetch(&mut *self.on.tx, query, values, "look for ended leases").await? {
            let (task, annotator) = (number(&row, 0)?, text(&row, 1)?);
            self.set_state(task, &annotator, TurnState::Expired).await?;
            self.note((task, &annotator), "", ("expired", "")).await?;
            self.settle(task, true).await?;
        }
        Ok(())
    }

    pub(crate) async fn set_state(
        &mut self,
        task: i64,
        annotator: &str,
        state: TurnState,
    ) -> Result<()> {
        let statement = "UPDATE labeling_turns SET state = $1
            WHERE work = $2 AND task = $3 AND annotator = $4";
        let values = [state.word().into(), self.work.into(), task.into(), annotator.into()];
        fetch(&mut *self.on.tx, statement, values, "change a turn").await.map(drop)
    }

    /// When a lease that begins now ends.
    pub(crate) fn lease_end(&self) -> i64 {
        self.now.saturating_add(i64::from(self.spec.policy.lease_seconds) * 1000)
    }

    /// Keeps an open task longer; one that stays with its person stays.
    async fn renew(&mut self, task: i64, annotator: &str) -> Result<()> {
        let statement = "UPDATE labeling_turns SET expires = $1
            WHERE work = $2 AND task = $3 AND annotator = $4 AND expires < $5";
        let values = [
            self.lease_end().into(),
            self.work.into(),
            task.into(),
            annotator.into(),
            NEVER.into(),
        ];
        fetch(&mut *self.on.tx, statement, values, "keep a task").await.map(drop)
    }

    /// Opens a task that is somebody's already. The time that they take counts from here.
    async fn open(&mut self, task: i64, annotator: &str) -> Result<()> {
        let statement = "UPDATE labeling_turns SET state = 'leased', leased = $1
            WHERE work = $2 AND task = $3 AND annotator = $4";
        let values = [self.now.into(), self.work.into(), task.into(), annotator.into()];
        fetch(&mut *self.on.tx, statement, values, "open a task").await?;
        self.note((task, annotator), annotator, ("opened", "")).await
    }

    /// Gives somebody a task; if they had it before and their time passed, with their draft.
    pub(crate) async fn lease(&mut self, task: i64, annotator: &str) -> Result<()> {
        let mut sql = Sql::new(INSERT_TURNS);
        sql.rows([new_turn(
            (self.work, task, annotator),
            TurnState::Leased,
            (self.now, self.lease_end(), 0),
            None,
        )]);
        sql.push(
            " ON CONFLICT (work, task, annotator) DO UPDATE SET state = excluded.state,
              leased = excluded.leased, expires = excluded.expires",
        );
        sql.fetch(&mut *self.on.tx, "give a task").await?;
        self.note((task, annotator), annotator, ("leased", "")).await?;
        self.occupy(task).await
    }

    /// The first task of a queue behind a place that somebody did not have yet.
    async fn after(
        &mut self,
        annotator: &str,
        queue: i64,
        place: i64,
    ) -> Result<Option<(i64, i64)>> {
        let query = "SELECT t.task, t.place FROM labeling_tasks t
            WHERE t.work = $1 AND t.queue = $2 AND t.place > $3 AND NOT EXISTS
            (SELECT 1 FROM labeling_turns u WHERE u.work = t.work AND u.task = t.task
             AND u.annotator = $4 AND u.state <> 'expired')
            ORDER BY t.place LIMIT 1";
        let values = [self.work.into(), queue.into(), place.into(), annotator.into()];
        let rows = fetch(&mut *self.on.tx, query, values, "look for a task").await?;
        rows.first().map(|row| Ok((number(row, 0)?, number(row, 1)?))).transpose()
    }

    async fn reached(&mut self, annotator: &str) -> Result<Reached> {
        let query = "SELECT place, gold_place, got, gold_got FROM labeling_people
            WHERE work = $1 AND annotator = $2";
        let values = [self.work.into(), annotator.into()];
        let rows = fetch(&mut *self.on.tx, query, values, "look for a place").await?;
        let Some(row) = rows.first() else { return Ok(Reached::default()) };
        Ok(Reached {
            place: number(row, 0)?,
            gold_place: number(row, 1)?,
            got: number(row, 2)?,
            gold_got: number(row, 3)?,
        })
    }

    async fn remember(&mut self, annotator: &str, reached: Reached) -> Result<()> {
        let statement = "INSERT INTO labeling_people
            (work, annotator, place, gold_place, got, gold_got) VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (work, annotator) DO UPDATE SET place = excluded.place,
            gold_place = excluded.gold_place, got = excluded.got, gold_got = excluded.gold_got";
        let Reached { place, gold_place, got, gold_got } = reached;
        let values = [
            self.work.into(),
            annotator.into(),
            place.into(),
            gold_place.into(),
            got.into(),
            gold_got.into(),
        ];
        fetch(&mut *self.on.tx, statement, values, "keep a place").await.map(drop)
    }

    pub(crate) async fn held(&mut self, task: i64, annotator: &str) -> Result<Option<Held>> {
        let mut sql = Sql::new("SELECT ");
        sql.push(TASK_COLUMNS).push(", ").push(TURN_COLUMNS).push(
            " FROM labeling_tasks t JOIN labeling_turns u
              ON u.work = t.work AND u.task = t.task WHERE t.work = ",
        );
        sql.value(self.work).push(" AND t.task = ").value(task);
        sql.push(" AND u.annotator = ").value(annotator);
        let rows = sql.fetch(&mut *self.on.tx, "read a task").await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let task = read_task(row, 0)?.for_annotators();
        Ok(Some(Held { task, turn: read_turn(row, 8)? }))
    }
}
