//! A project that is no more: everything that was tracked in it goes.

use crate::error::Result;
use crate::{Error, Tracking};

/// What runs have, by the number of the run; then what stands by project.
const OF_RUNS: [&str; 6] =
    ["ml_points", "ml_latest", "ml_run_params", "ml_run_tags", "ml_run_datasets", "ml_run_models"];
const OF_PROJECTS: [&str; 14] = [
    "ml_runs",
    // After the runs, whose rows are held while they come in.
    "ml_ranks",
    "ml_experiment_tags",
    "ml_experiments",
    "ml_logged_model_tags",
    "ml_logged_model_params",
    "ml_logged_model_metrics",
    "ml_logged_models",
    "ml_version_tags",
    "ml_versions",
    "ml_model_aliases",
    "ml_model_tags",
    "ml_models",
    "ml_alias_requests",
];

impl Tracking {
    /// The projects of which anything is kept.
    pub async fn projects(&self) -> Result<Vec<String>, Error> {
        let sql = "SELECT project FROM ml_experiments UNION SELECT project FROM ml_models \
                   ORDER BY project";
        let rows = sqlx::query_scalar(sql).fetch_all(self.database().read()).await?;
        Ok(rows)
    }

    /// Removes all runs, models, requests and artifacts of a project. Done again after a
    /// crash in the middle it does the rest.
    ///
    /// # Errors
    /// When the database does not answer, or the files cannot be removed.
    pub async fn forget_project(&self, project: &str) -> Result<(), Error> {
        // First, so that a crash leaves the project listed.
        self.files().forget(project).await?;
        let mut transaction = self.database().begin().await?;
        for table in OF_RUNS {
            let of_project = "run IN (SELECT seq FROM ml_runs WHERE project = $1)";
            let sql = format!("DELETE FROM {table} WHERE {of_project}");
            let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(project.to_owned());
            query.execute(&mut *transaction).await?;
        }
        for table in OF_PROJECTS {
            let sql = format!("DELETE FROM {table} WHERE project = $1");
            let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(project.to_owned());
            query.execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        self.inner.defaults.forget(project);
        Ok(())
    }
}
