//! Which labelling projects there are, as whoever keeps them says.

use sqlx::Row;

use crate::config::{name, shown};
use crate::database::Durability;
use crate::error::Attempt;
use crate::settle::{CLOSED, OPEN};
use crate::sql::{fetch, number, text};
use crate::store::{self, Labeling, Spec, Write};
use crate::task::json;
use crate::{Error, Result};

/// A labelling project: `name` in `project`, and the uid that tells it from one of the same
/// name before.
#[derive(Clone, Debug, PartialEq)]
pub struct Declared {
    pub project: String,
    pub name: String,
    pub uid: String,
}

impl Labeling {
    /// Makes a labelling project, or gives one with this uid another configuration. One of
    /// the same name and another uid loses the name: it is of nobody until it is forgotten.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what the configuration says, and when answers exist that it
    /// would make wrong: another kind, or a label gone that is in use.
    pub async fn declare(&self, declared: &Declared, spec: &Spec, now: i64) -> Result<()> {
        let Declared { project, name: named, uid } = declared;
        for (field, text) in [("project", project), ("name", named), ("uid", uid)] {
            name(field, text)?;
        }
        spec.config.validate().map_err(|error| error.within("config"))?;
        spec.policy.validate().map_err(|error| error.within("policy"))?;
        if self.stands(declared, spec).await? {
            return Ok(());
        }
        self.make(declared, spec).await?;
        let mut write = self.work(project, named).write(now).await?;
        if write.spec == *spec {
            return Ok(());
        }
        write.change(spec).await?;
        write.commit("change a labelling project").await
    }

    /// Whether it is declared so already: it is said again all the time, and a write each time
    /// would sync the disk for nothing.
    async fn stands(&self, declared: &Declared, spec: &Spec) -> Result<bool> {
        let Declared { project, name, uid } = declared;
        let query = "SELECT spec FROM labeling_works
            WHERE project = $1 AND name = $2 AND uid = $3 AND named = 1";
        let values = [project.as_str().into(), name.as_str().into(), uid.as_str().into()];
        let rows =
            fetch(self.database().read(), query, values, "find the labelling project").await?;
        let known = rows.first().map(|row| store::spec(&text(row, 0)?)).transpose()?;
        Ok(known.as_ref() == Some(spec))
    }

    /// Sees to it that the name is this uid's, with `spec` if it is new.
    async fn make(&self, declared: &Declared, spec: &Spec) -> Result<()> {
        let Declared { project, name, uid } = declared;
        let mut on = self.database().begin(Durability::Full).await?;
        let attempt = "make a labelling project";
        let lose = "UPDATE labeling_works SET named = 0
            WHERE project = $1 AND name = $2 AND uid <> $3 AND named = 1";
        let values = [project.as_str().into(), name.as_str().into(), uid.as_str().into()];
        fetch(&mut *on.tx, lose, values.clone(), attempt).await?;
        let make = "INSERT INTO labeling_works
            (work, project, name, uid, named, spec, turn, top)
            VALUES ((SELECT COALESCE(MAX(work), 0) + 1 FROM labeling_works), $1, $2, $3, 1, $4, 0, 0)
            ON CONFLICT (project, uid) DO UPDATE SET name = excluded.name, named = 1";
        let [project, name, uid] = values;
        fetch(&mut *on.tx, make, [project, name, uid, json(spec).into()], attempt).await?;
        on.commit(attempt).await
    }

    /// The labelling projects of a project, those that lost their name too.
    pub async fn declared(&self, project: &str) -> Result<Vec<Declared>> {
        let query = "SELECT project, name, uid FROM labeling_works WHERE project = $1
            ORDER BY work";
        let rows =
            fetch(self.database().read(), query, [project.into()], "list labelling projects")
                .await?;
        let read =
            |row| Ok(Declared { project: text(row, 0)?, name: text(row, 1)?, uid: text(row, 2)? });
        rows.iter().map(read).collect()
    }

    /// Removes a labelling project with all that is in it; again changes nothing.
    pub async fn forget(&self, uid: &str) -> Result<()> {
        self.remove("SELECT work FROM labeling_works WHERE uid = $1", uid).await
    }

    /// Removes all labelling projects of a project; again changes nothing.
    pub async fn forget_project(&self, project: &str) -> Result<()> {
        self.remove("SELECT work FROM labeling_works WHERE project = $1", project).await
    }

    async fn remove(&self, which: &'static str, value: &str) -> Result<()> {
        let mut on = self.database().begin(Durability::Full).await?;
        for row in fetch(&mut *on.tx, which, [value.into()], "forget").await? {
            let work = number(&row, 0)?;
            for statement in [
                // First, so that whoever writes to it has ended or will not find it.
                "DELETE FROM labeling_works WHERE work = $1",
                "DELETE FROM labeling_tasks WHERE work = $1",
                "DELETE FROM labeling_turns WHERE work = $1",
                "DELETE FROM labeling_people WHERE work = $1",
                "DELETE FROM labeling_marks WHERE work = $1",
                "DELETE FROM labeling_history WHERE work = $1",
            ] {
                fetch(&mut *on.tx, statement, [work.into()], "forget").await?;
            }
        }
        on.commit("forget").await
    }
}

impl Write {
    async fn change(&mut self, to: &Spec) -> Result<()> {
        self.still_fits(to).await?;
        let statement = "UPDATE labeling_works SET spec = $1 WHERE work = $2";
        let values = [json(to).into(), self.work.into()];
        fetch(&mut *self.on.tx, statement, values, "change a labelling project").await?;
        if to.policy.overlap != self.spec.policy.overlap {
            self.change_overlap(i64::from(to.policy.overlap)).await?;
        }
        self.note((0, ""), "", ("configured", &json(to))).await
    }

    /// Whether what is stored goes with the new configuration.
    async fn still_fits(&mut self, to: &Spec) -> Result<()> {
        let (old, new) = (&self.spec.config, &to.config);
        let same = old.kind == new.kind && old.fields() == new.fields();
        let any = "SELECT COUNT(*) FROM labeling_tasks WHERE work = $1";
        if !same && self.count(any).await? > 0 {
            return Err(Error::invalid(
                "config.kind",
                "there are tasks of another kind",
                "make another labelling project, or take the former kind and fields",
            ));
        }
        let used = "SELECT label, COUNT(*) FROM labeling_marks WHERE work = $1 GROUP BY label";
        let rows = fetch(&mut *self.on.tx, used, [self.work.into()], "count labels").await?;
        for row in rows {
            let label = text(&row, 0)?;
            let kept = match label.as_str() {
                "left" | "right" | "tie" if new.labels.is_empty() => label != "tie" || new.ties,
                label => new.has_label(label),
            };
            if !kept {
                return Err(Error::invalid(
                    "config.labels",
                    format!("'{}' is in {} answers", shown(&label), number(&row, 1)?),
                    "keep it",
                ));
            }
        }
        Ok(())
    }

    async fn count(&mut self, query: &'static str) -> Result<i64> {
        let rows = fetch(&mut *self.on.tx, query, [self.work.into()], "count").await?;
        rows.first().map_or(Ok(0), |row| row.try_get(0).attempt("count"))
    }

    /// Opens and closes tasks, in places after all that anybody passed.
    async fn change_overlap(&mut self, overlap: i64) -> Result<()> {
        let most =
            self.count("SELECT COALESCE(MAX(task), 0) FROM labeling_tasks WHERE work = $1").await?;
        let first = self.places(most + 1).await?;
        let attempt = "change the overlap";
        let open = "UPDATE labeling_tasks SET queue = $1, place = $2 + task
            WHERE work = $3 AND queue = $4 AND filled < $5";
        let values = [OPEN.into(), first.into(), self.work.into(), CLOSED.into(), overlap.into()];
        fetch(&mut *self.on.tx, open, values, attempt).await?;
        let close = "UPDATE labeling_tasks SET queue = $1
            WHERE work = $2 AND queue = $3 AND filled >= $4";
        let values = [CLOSED.into(), self.work.into(), OPEN.into(), overlap.into()];
        fetch(&mut *self.on.tx, close, values, attempt).await?;
        let state = "UPDATE labeling_tasks SET state = CASE WHEN answers = 0 THEN 'todo'
            WHEN answers < $1 THEN 'started' WHEN pending = 0 THEN 'reviewed' ELSE 'answered' END
            WHERE work = $2";
        fetch(&mut *self.on.tx, state, [overlap.into(), self.work.into()], attempt).await.map(drop)
    }
}
