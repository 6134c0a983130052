//! What people say of versions: a description, and tags. A tag names one
//! version of its dataset and can be moved to another; wherever a version is
//! asked for, its tag serves.

use std::collections::HashMap;

use serde::Serialize;
use sqlx::Row;

use crate::error::Result;
use crate::versions::Version;
use crate::{Data, Error, paths};

/// Bytes of a description: a page of text.
const LONGEST: usize = 16 << 10;

#[derive(Debug, Serialize)]
pub(crate) struct Tag {
    pub tag: String,
    pub version: String,
}

impl Data {
    /// The tags of a dataset, by name.
    pub(crate) async fn tags(&self, project: &str, dataset: &str) -> Result<Vec<Tag>> {
        paths::dataset(dataset)?;
        let sql = "SELECT tag, version FROM data_tags WHERE project = $1 AND dataset = $2";
        let query = sqlx::query(sql).bind(project.to_owned()).bind(dataset.to_owned());
        let rows = query.fetch_all(self.inner.database.read()).await?;
        let read = |row: &sqlx::any::AnyRow| {
            let version = format!("v{}", row.try_get::<i64, _>(1)?);
            Ok(Tag { tag: row.try_get(0)?, version })
        };
        let mut tags = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
        tags.sort_by(|a, b| a.tag.cmp(&b.tag));
        Ok(tags)
    }

    /// All tags of a project, by dataset and number of version.
    pub(crate) async fn all_tags(
        &self,
        project: &str,
    ) -> Result<HashMap<(String, i64), Vec<String>>> {
        let sql = "SELECT dataset, version, tag FROM data_tags WHERE project = $1";
        let query = sqlx::query(sql).bind(project.to_owned());
        let mut found: HashMap<_, Vec<String>> = HashMap::new();
        for row in query.fetch_all(self.inner.database.read()).await? {
            found.entry((row.try_get(0)?, row.try_get(1)?)).or_default().push(row.try_get(2)?);
        }
        found.values_mut().for_each(|tags| tags.sort());
        Ok(found)
    }

    /// Puts a tag on a version, and takes it from the one that had it.
    pub(crate) async fn tag(
        &self,
        project: &str,
        dataset: &str,
        tag: &str,
        version: &str,
    ) -> Result<Tag> {
        paths::tag(tag)?;
        // Versions are removed under the same lock.
        let _numbering = self.inner.committing.lock().await;
        let version = self.version(project, dataset, version).await?;
        let mut transaction = self.inner.database.begin().await?;
        sqlx::query(
            "INSERT INTO data_tags (project, dataset, tag, version) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (project, dataset, tag) DO UPDATE SET version = excluded.version",
        )
        .bind(project.to_owned())
        .bind(dataset.to_owned())
        .bind(tag.to_owned())
        .bind(version.number())
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(Tag { tag: tag.to_owned(), version: version.name })
    }

    pub(crate) async fn untag(&self, project: &str, dataset: &str, tag: &str) -> Result<()> {
        paths::dataset(dataset)?;
        let mut transaction = self.inner.database.begin().await?;
        let gone =
            sqlx::query("DELETE FROM data_tags WHERE project = $1 AND dataset = $2 AND tag = $3")
                .bind(project.to_owned())
                .bind(dataset.to_owned())
                .bind(tag.to_owned())
                .execute(&mut *transaction)
                .await?;
        transaction.commit().await?;
        match gone.rows_affected() {
            0 => Err(Error::NotFound { what: "tag", name: tag.to_owned() }),
            _ => Ok(()),
        }
    }

    /// Replaces what is said of a version.
    pub(crate) async fn describe(
        &self,
        project: &str,
        dataset: &str,
        version: &str,
        description: String,
    ) -> Result<Version> {
        if description.len() > LONGEST {
            return Err(Error::invalid(
                "description",
                format!("it is longer than {LONGEST} bytes"),
            ));
        }
        if description.contains('\0') {
            return Err(Error::invalid("description", "it has a zero character"));
        }
        let mut version = self.version(project, dataset, version).await?;
        let mut transaction = self.inner.database.begin().await?;
        sqlx::query(
            "UPDATE data_versions SET description = $4 \
             WHERE project = $1 AND dataset = $2 AND version = $3",
        )
        .bind(project.to_owned())
        .bind(dataset.to_owned())
        .bind(version.number())
        .bind(description.clone())
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        version.description = description;
        Ok(version)
    }
}
