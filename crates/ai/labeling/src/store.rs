//! The handle that everything hangs on, and one write.
//!
//! Writes of a labelling project come one after another: each begins by counting itself
//! in the project's row, which locks it in PostgreSQL as `BEGIN IMMEDIATE` does in SQLite.
//! So what a write reads stays true until it commits, whichever program holds the
//! connection.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sqlx::AnyPool;

use crate::config::{LabelConfig, Policy, shown};
use crate::database::{Database, Durability, Transaction};
use crate::sql::{fetch, number, text};
use crate::{Error, Result};

/// A handle to the store; clones share it.
#[derive(Clone)]
pub struct Labeling(Arc<Database>);

/// A labelling project, by its name in its project. Whether it exists is asked by each call.
#[derive(Clone)]
pub struct Work {
    pub(crate) labeling: Labeling,
    project: String,
    name: String,
}

/// What a labelling project is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Spec {
    pub config: LabelConfig,
    #[serde(default)]
    pub policy: Policy,
}

/// What a read or write found of the labelling project.
pub(crate) struct Known {
    pub work: i64,
    pub spec: Spec,
}

/// One transaction of the project's only writer.
pub(crate) struct Write {
    pub on: Transaction,
    pub work: i64,
    /// Counts the project's writes; orders its history.
    pub turn: i64,
    /// The last place given in the queue.
    pub top: i64,
    pub spec: Spec,
    /// Milliseconds since 1970.
    pub now: i64,
}

impl Labeling {
    /// At `sqlite://PATH?mode=rwc` or `postgres://…`.
    ///
    /// # Errors
    /// When it cannot be opened or was written by a newer program.
    pub async fn open(url: &str) -> Result<Self> {
        Ok(Self(Arc::new(Database::open(url).await?)))
    }

    pub async fn close(&self) {
        self.0.close().await;
    }

    pub fn work(&self, project: &str, name: &str) -> Work {
        Work { labeling: self.clone(), project: project.to_owned(), name: name.to_owned() }
    }

    pub(crate) fn database(&self) -> &Database {
        &self.0
    }
}

impl Work {
    pub(crate) fn pool(&self) -> &AnyPool {
        self.labeling.database().read()
    }

    fn unknown(&self) -> Error {
        Error::not_found("labelling project", shown(&self.name))
    }

    pub(crate) async fn known(&self) -> Result<Known> {
        // PostgreSQL takes no NUL in a text, and no name has one.
        if self.name.contains('\0') {
            return Err(self.unknown());
        }
        let query = "SELECT work, spec FROM labeling_works
                     WHERE project = $1 AND name = $2 AND named = 1";
        let names = [self.project.as_str().into(), self.name.as_str().into()];
        let rows = fetch(self.pool(), query, names, "find the labelling project").await?;
        let row = rows.first().ok_or_else(|| self.unknown())?;
        Ok(Known { work: number(row, 0)?, spec: spec(&text(row, 1)?)? })
    }

    /// The project's configuration and policy.
    pub async fn spec(&self) -> Result<Spec> {
        Ok(self.known().await?.spec)
    }

    /// Begins a write; without [`Write::commit`] nothing happened.
    pub(crate) async fn write(&self, now: i64) -> Result<Write> {
        self.write_with(Durability::Full, now).await
    }

    pub(crate) async fn write_with(&self, durability: Durability, now: i64) -> Result<Write> {
        if self.name.contains('\0') {
            return Err(self.unknown());
        }
        let mut on = self.labeling.database().begin(durability).await?;
        let claim = "UPDATE labeling_works SET turn = turn + 1
                     WHERE project = $1 AND name = $2 AND named = 1
                     RETURNING work, turn, top, spec";
        let names = [self.project.as_str().into(), self.name.as_str().into()];
        let rows = fetch(&mut *on.tx, claim, names, "find the labelling project").await?;
        let row = rows.first().ok_or_else(|| self.unknown())?;
        let (work, turn, top) = (number(row, 0)?, number(row, 1)?, number(row, 2)?);
        Ok(Write { spec: spec(&text(row, 3)?)?, on, work, turn, top, now })
    }
}

pub(crate) fn spec(json: &str) -> Result<Spec> {
    serde_json::from_str(json).map_err(|source| Error::Damaged { what: "a configuration", source })
}

impl Write {
    pub(crate) async fn commit(self, attempt: &'static str) -> Result<()> {
        self.on.commit(attempt).await
    }

    /// Appends to the history. `whose` turn it was, empty for none; task 0 is the project.
    pub(crate) async fn note(
        &mut self,
        (task, whose): (i64, &str),
        who: &str,
        (what, detail): (&str, &str),
    ) -> Result<()> {
        let statement = "INSERT INTO labeling_history
            (work, task, turn, who, whose, time, what, detail)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let values = [
            self.work.into(),
            task.into(),
            self.turn.into(),
            who.into(),
            whose.into(),
            self.now.into(),
            what.into(),
            detail.into(),
        ];
        fetch(&mut *self.on.tx, statement, values, "write the history").await.map(drop)
    }

    /// The next place at the end of the queue.
    pub(crate) async fn last_place(&mut self) -> Result<i64> {
        self.places(1).await
    }

    /// Keeps so many places at the end of the queue; the first of them.
    pub(crate) async fn places(&mut self, count: i64) -> Result<i64> {
        let first = self.top + 1;
        self.top += count;
        let statement = "UPDATE labeling_works SET top = $1 WHERE work = $2";
        let values = [self.top.into(), self.work.into()];
        fetch(&mut *self.on.tx, statement, values, "lengthen the queue").await?;
        Ok(first)
    }
}
