//! Rules that stay: applied when they are set, and again in each round of the
//! collector.

use serde::Serialize;
use sqlx::Row;

use super::Rule;
use crate::error::Result;
use crate::scope::Scope;
use crate::versions::Version;
use crate::{Data, Error, paths};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Standing {
    rule: Rule,
    set_by: String,
    /// RFC 3339.
    set_at: String,
}

const COLUMNS: &str = "keep_last, keep_tagged, set_by, set_at, dataset";

fn read(row: &sqlx::any::AnyRow) -> Result<(String, Standing)> {
    let keep_last = usize::try_from(row.try_get::<i64, _>(0)?).unwrap_or(usize::MAX);
    let rule = Rule { keep_last, keep_tagged: row.try_get::<i64, _>(1)? != 0 };
    let at = jiff::Timestamp::from_millisecond(row.try_get(3)?).unwrap_or_default();
    Ok((row.try_get(4)?, Standing { rule, set_by: row.try_get(2)?, set_at: at.to_string() }))
}

impl Data {
    pub(crate) async fn standing(&self, project: &str, dataset: &str) -> Result<Option<Standing>> {
        paths::dataset(dataset)?;
        let all = self.all_standing(project).await?;
        Ok(all.into_iter().find(|(of, _)| of == dataset).map(|(_, standing)| standing))
    }

    async fn all_standing(&self, project: &str) -> Result<Vec<(String, Standing)>> {
        let sql = format!("SELECT {COLUMNS} FROM data_retention WHERE project = $1");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(project.to_owned());
        query.fetch_all(self.inner.database.read()).await?.iter().map(read).collect()
    }

    /// Sets the rule of a dataset, whose plan was shown, and applies it.
    ///
    /// # Errors
    /// As [`Data::apply_retention`]; then no rule is set.
    pub(crate) async fn set_standing(
        &self,
        scope: &Scope,
        dataset: &str,
        rule: Rule,
        plan: &str,
    ) -> Result<Vec<Version>> {
        let removed = self.apply_retention(&scope.project, dataset, rule.clone(), plan).await?;
        let mut transaction = self.inner.database.begin().await?;
        sqlx::query(
            "INSERT INTO data_retention (project, dataset, keep_last, keep_tagged, set_by, set_at) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (project, dataset) DO UPDATE SET \
             keep_last = excluded.keep_last, keep_tagged = excluded.keep_tagged, \
             set_by = excluded.set_by, set_at = excluded.set_at",
        )
        .bind(scope.project.clone())
        .bind(dataset.to_owned())
        .bind(i64::try_from(rule.keep_last).unwrap_or(i64::MAX))
        .bind(i64::from(rule.keep_tagged))
        .bind(scope.user.clone())
        .bind(jiff::Timestamp::now().as_millisecond())
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(removed)
    }

    pub(crate) async fn end_standing(&self, project: &str, dataset: &str) -> Result<()> {
        paths::dataset(dataset)?;
        let mut transaction = self.inner.database.begin().await?;
        sqlx::query("DELETE FROM data_retention WHERE project = $1 AND dataset = $2")
            .bind(project.to_owned())
            .bind(dataset.to_owned())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Applies all rules of a project; the content goes with the next collection.
    pub(crate) async fn retire(&self, project: &str) -> Result<()> {
        for (dataset, Standing { rule, .. }) in self.all_standing(project).await? {
            let _numbering = self.inner.committing.lock().await;
            let removed = match self.decided(project, &dataset, &rule).await {
                Ok((_, remove)) => {
                    self.remove_versions(project, &dataset, &remove).await.map(|()| remove)
                }
                // Nothing was put into it since it was forgotten.
                Err(Error::NotFound { .. }) => continue,
                Err(error) => Err(error),
            }?;
            if !removed.is_empty() {
                tracing::info!(project, dataset, versions = removed.len(), "removed old versions");
            }
        }
        Ok(())
    }
}
