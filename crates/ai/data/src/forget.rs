//! A dataset that is no more: its versions go at once, and then the content
//! that nothing else of the project names.

use std::collections::BTreeSet;

use sqlx::Row;

use crate::versions::blocking;
use crate::{Data, Error, paths};

const TABLES: [&str; 7] = [
    "data_retention",
    "data_tags",
    "data_profiles",
    "data_versions",
    "data_code",
    "data_blobs",
    "data_holds",
];

impl Data {
    /// Forgets every version of a dataset; forgetting what is not there is fine.
    ///
    /// # Errors
    /// When the name is none, or the database does not answer.
    pub async fn forget(&self, project: &str, dataset: &str) -> Result<(), Error> {
        paths::dataset(dataset)?;
        let numbering = self.inner.committing.lock().await;
        let mut transaction = self.inner.database.begin().await?;
        for sql in [
            "DELETE FROM data_retention WHERE project = $1 AND dataset = $2",
            "DELETE FROM data_tags WHERE project = $1 AND dataset = $2",
            "DELETE FROM data_versions WHERE project = $1 AND dataset = $2",
        ] {
            sqlx::query(sql)
                .bind(project.to_owned())
                .bind(dataset.to_owned())
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        drop(numbering);
        self.collect(project).await
    }

    /// The projects of which anything is kept.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn projects(&self) -> Result<Vec<String>, Error> {
        let sql = "SELECT project FROM data_versions UNION SELECT project FROM data_code";
        let rows = sqlx::query(sql).fetch_all(self.inner.database.read()).await?;
        let named = rows.iter().map(|row| row.try_get(0));
        let mut projects = named.collect::<Result<BTreeSet<String>, _>>()?;
        projects.extend(self.inner.blobs.projects());
        Ok(projects.into_iter().collect())
    }

    /// Removes all versions, code and content of a project that is no more, those that
    /// work has mounted too. Done again after a crash in the middle it does the rest.
    ///
    /// # Errors
    /// When the database does not answer, or the files cannot be removed.
    pub async fn forget_project(&self, project: &str) -> Result<(), Error> {
        paths::project(project)?;
        let _alone = self.inner.collecting.write().await;
        let _in_turn = self.inner.committing.lock().await;
        let mut transaction = self.inner.database.begin().await?;
        for table in TABLES {
            let sql = format!("DELETE FROM {table} WHERE project = $1");
            let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(project.to_owned());
            query.execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        let (data, project) = (self.clone(), project.to_owned());
        blocking(move || data.inner.blobs.forget(&project)).await
    }
}
