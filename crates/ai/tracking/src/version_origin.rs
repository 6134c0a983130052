//! From the source that a client names to the files and the run behind it.

use sqlx::Row;

use crate::error::Result;
use crate::location::Locations;
use crate::scope::Scope;
use crate::statement::statement;
use crate::versions::{absent, number};
use crate::{logged_models, runs};

/// Where a version's files are and what made them.
pub(crate) struct Origin {
    pub storage: String,
    pub run_id: String,
    pub model_id: String,
}

impl Origin {
    /// Follows `models:/…` and `runs:/…` to the files, and the logged model to
    /// its run, so that every version knows its run.
    pub async fn resolve(
        &mut self,
        on: &mut sqlx::AnyConnection,
        scope: &Scope,
        source: &str,
    ) -> Result<()> {
        if let Some(reference) = source.strip_prefix("models:/") {
            match reference.split_once('/') {
                None => self.model_id = reference.to_owned(),
                Some((name, version)) => {
                    let version = number(Some(version.to_owned()))?;
                    let row = statement!(
                        "SELECT storage, run_id, model_id FROM ml_versions WHERE project = $1 AND name = $2 AND version = $3",
                        &scope.project,
                        name,
                        version
                    );
                    let row = row.optional(&mut *on).await?.ok_or_else(|| absent(name, version))?;
                    self.storage = row.try_get(0)?;
                    self.model_id = row.try_get(2)?;
                    if self.run_id.is_empty() {
                        self.run_id = row.try_get(1)?;
                    }
                }
            }
        } else if let Some((run_id, path)) =
            source.strip_prefix("runs:/").and_then(|rest| rest.split_once('/'))
        {
            let row = runs::find(&mut *on, scope, run_id).await?;
            self.storage = Locations::below(&row.try_get::<String, _>("artifact_uri")?, path);
            self.run_id = run_id.to_owned();
        }
        if !self.model_id.is_empty() {
            let row = logged_models::find(&mut *on, scope, &self.model_id, false).await?;
            if source.starts_with("models:/") {
                self.storage = row.try_get("artifact_uri")?;
            }
            if self.run_id.is_empty() {
                self.run_id =
                    row.try_get::<Option<String>, _>("source_run_id")?.unwrap_or_default();
            }
        }
        if !self.run_id.is_empty() {
            runs::find(&mut *on, scope, &self.run_id).await?;
        }
        Ok(())
    }
}
