//! Who uses which tree: one that is held stays, whatever becomes of its dataset.
//!
//! Guarantees: a hold is on the disk before the tree is handed out, and outlives the process;
//! whoever starts one says which holders there still are ([`Data::keep_holds`]).

use std::collections::{BTreeSet, HashSet};

use sqlx::Row;

use crate::digest::Digest;
use crate::error::Result;
use crate::{Data, Error};

impl Data {
    pub(crate) async fn hold(&self, holder: &str, project: &str, digest: &Digest) -> Result<()> {
        let mut transaction = self.inner.database.begin().await?;
        sqlx::query(
            "INSERT INTO data_holds (holder, project, digest) VALUES ($1, $2, $3) \
             ON CONFLICT DO NOTHING",
        )
        .bind(holder.to_owned())
        .bind(project.to_owned())
        .bind(digest.to_string())
        .execute(&mut *transaction)
        .await?;
        Ok(transaction.commit().await?)
    }

    /// Lets go of every tree that a holder was given; those that nothing names any more go.
    ///
    /// # Errors
    /// When the database does not answer, or files cannot be removed.
    pub async fn release(&self, holder: &str) -> Result<(), Error> {
        let mut transaction = self.inner.database.begin().await?;
        let sql = "SELECT project, digest FROM data_holds WHERE holder = $1";
        let rows = sqlx::query(sql).bind(holder.to_owned()).fetch_all(&mut *transaction).await?;
        sqlx::query("DELETE FROM data_holds WHERE holder = $1")
            .bind(holder.to_owned())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        let mut projects = BTreeSet::new();
        for row in rows {
            let (project, digest): (String, String) = (row.try_get(0)?, row.try_get(1)?);
            let digest = Digest::parse("digest", &digest)?;
            if !self.roots(&project).await?.contains(&digest) {
                projects.insert(project);
            }
        }
        for project in projects {
            self.collect_trees(&project).await?;
        }
        Ok(())
    }

    /// Lets go of what holders have that are no more.
    ///
    /// # Errors
    /// As [`Data::release`].
    pub async fn keep_holds(&self, there: &BTreeSet<String>) -> Result<(), Error> {
        let sql = "SELECT DISTINCT holder FROM data_holds";
        let rows = sqlx::query(sql).fetch_all(self.inner.database.read()).await?;
        for row in rows {
            let holder: String = row.try_get(0)?;
            if !there.contains(&holder) {
                self.release(&holder).await?;
            }
        }
        Ok(())
    }

    /// The trees of a project that somebody uses.
    pub(crate) async fn held(&self, project: &str) -> Result<HashSet<Digest>> {
        let sql = "SELECT DISTINCT digest FROM data_holds WHERE project = $1";
        let query = sqlx::query(sql).bind(project.to_owned());
        let rows = query.fetch_all(self.inner.database.read()).await?;
        let digest =
            |row: &sqlx::any::AnyRow| Digest::parse("digest", &row.try_get::<String, _>(0)?);
        rows.iter().map(digest).collect()
    }
}
