//! A dataset that is no more: its versions go at once, and then the content
//! that nothing else of the project names.

use crate::{Data, Error, paths};

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
}
