//! The buckets of a project.

use sqlx::{Any, Row, Transaction};

use crate::error::{Error, Result};
use crate::names::{self, DATASETS};
use crate::{Buckets, now};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    pub name: String,
    /// Milliseconds since 1970.
    pub created_at: i64,
    pub created_by: String,
}

impl Buckets {
    /// # Errors
    /// [`Error::BucketExists`]; [`Error::Invalid`] for what is no name.
    pub async fn create_bucket(&self, project: &str, name: &str, user: &str) -> Result<()> {
        names::project(project)?;
        names::bucket(name)?;
        if name == DATASETS {
            return Err(Error::BucketExists(name.to_owned()));
        }
        let mut transaction = self.0.database.begin().await?;
        let made = sqlx::query(
            "INSERT INTO bucket_buckets (project, name, created_at, created_by) \
             VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        )
        .bind(project.to_owned())
        .bind(name.to_owned())
        .bind(now())
        .bind(user.to_owned())
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        match made.rows_affected() {
            0 => Err(Error::BucketExists(name.to_owned())),
            _ => Ok(()),
        }
    }

    /// # Errors
    /// [`Error::NotEmpty`] while it has objects or uploads in parts.
    pub async fn delete_bucket(&self, project: &str, name: &str) -> Result<()> {
        let mut transaction = self.0.database.begin().await?;
        self.hold_bucket(&mut transaction, project, name, true).await?;
        for sql in [
            "SELECT 1 FROM bucket_objects WHERE project = $1 AND bucket = $2 LIMIT 1",
            "SELECT 1 FROM bucket_uploads WHERE project = $1 AND bucket = $2 LIMIT 1",
        ] {
            let found = sqlx::query(sql)
                .bind(project.to_owned())
                .bind(name.to_owned())
                .fetch_optional(&mut *transaction)
                .await?;
            if found.is_some() {
                return Err(Error::NotEmpty(name.to_owned()));
            }
        }
        sqlx::query("DELETE FROM bucket_buckets WHERE project = $1 AND name = $2")
            .bind(project.to_owned())
            .bind(name.to_owned())
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    /// By name.
    pub async fn buckets(&self, project: &str) -> Result<Vec<Bucket>> {
        let rows = sqlx::query(
            "SELECT name, created_at, created_by FROM bucket_buckets WHERE project = $1",
        )
        .bind(project.to_owned())
        .fetch_all(self.0.database.read())
        .await?;
        let read = |row: &sqlx::any::AnyRow| -> Result<Bucket> {
            Ok(Bucket {
                name: row.try_get(0)?,
                created_at: row.try_get(1)?,
                created_by: row.try_get(2)?,
            })
        };
        let mut found = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// # Errors
    /// [`Error::NoBucket`].
    pub async fn require_bucket(&self, project: &str, name: &str) -> Result<()> {
        let found = sqlx::query("SELECT 1 FROM bucket_buckets WHERE project = $1 AND name = $2")
            .bind(project.to_owned())
            .bind(name.to_owned())
            .fetch_optional(self.0.database.read())
            .await?;
        found.map(drop).ok_or_else(|| Error::NoBucket(name.to_owned()))
    }

    /// The bucket stays until the transaction ends.
    pub(crate) async fn hold_bucket(
        &self,
        transaction: &mut Transaction<'static, Any>,
        project: &str,
        name: &str,
        exclusive: bool,
    ) -> Result<()> {
        let held = self.0.database.held(exclusive);
        let sql = format!("SELECT 1 FROM bucket_buckets WHERE project = $1 AND name = $2{held}");
        let found = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(project.to_owned())
            .bind(name.to_owned())
            .fetch_optional(&mut **transaction)
            .await?;
        found.map(drop).ok_or_else(|| Error::NoBucket(name.to_owned()))
    }
}
