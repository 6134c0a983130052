//! Uploads in parts: parts are content like any, and rows say to which upload they
//! belong. They outlive the process.

use bytes::Bytes;
use futures::Stream;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{Any, Row, Transaction};

use crate::blobs::blocking;
use crate::checksum::{self, Announced, Kept, hex};
use crate::error::{Error, Result};
use crate::objects::Headers;
use crate::{Algorithm, Buckets, names, now};

/// S3's own limit.
const MOST_PARTS: i64 = 10_000;

/// An upload in parts that is under way.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    pub id: String,
    pub key: String,
    pub started_at: i64,
    pub headers: Headers,
    pub plan: Plan,
}

/// Which checksum the object will have.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub algorithm: Option<Algorithm>,
    /// Of the bytes, not of the parts' checksums.
    pub full: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub number: i64,
    pub digest: String,
    pub size: u64,
    /// Hexadecimal: its ETag.
    pub md5: String,
    pub checksum: Option<Kept>,
    pub stored_at: i64,
}

/// Which upload a request is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Of<'a> {
    pub project: &'a str,
    pub bucket: &'a str,
    pub key: &'a str,
    pub id: &'a str,
}

fn upload(row: &AnyRow) -> Result<Upload> {
    let (headers, plan): (String, String) = (row.try_get(3)?, row.try_get(4)?);
    Ok(Upload {
        id: row.try_get(0)?,
        key: row.try_get(1)?,
        started_at: row.try_get(2)?,
        headers: serde_json::from_str(&headers).unwrap_or_default(),
        plan: serde_json::from_str(&plan).unwrap_or_default(),
    })
}

const UPLOAD: &str = "id, key, started_at, headers, checksum";

impl Buckets {
    pub(crate) async fn begin_upload(&self, put: &crate::Put, plan: Plan) -> Result<String> {
        names::project(&put.project)?;
        names::key(&put.key)?;
        let id = uuid::Uuid::new_v4().simple().to_string();
        let mut transaction = self.0.database.begin().await?;
        self.hold_bucket(&mut transaction, &put.project, &put.bucket, false).await?;
        sqlx::query(
            "INSERT INTO bucket_uploads \
             (id, project, bucket, key, started_at, touched_at, headers, checksum) \
             VALUES ($1, $2, $3, $4, $5, $5, $6, $7)",
        )
        .bind(id.clone())
        .bind(put.project.clone())
        .bind(put.bucket.clone())
        .bind(put.key.clone())
        .bind(now())
        .bind(put.headers.text())
        .bind(serde_json::json!(plan).to_string())
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(id)
    }

    /// # Errors
    /// [`Error::NoUpload`], also when it is another project's, bucket's or key's.
    pub(crate) async fn upload(&self, of: Of<'_>) -> Result<Upload> {
        let sql = format!(
            "SELECT {UPLOAD} FROM bucket_uploads \
             WHERE id = $1 AND project = $2 AND bucket = $3 AND key = $4"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(of.id.to_owned())
            .bind(of.project.to_owned())
            .bind(of.bucket.to_owned())
            .bind(of.key.to_owned())
            .fetch_optional(self.0.database.read())
            .await?;
        upload(&row.ok_or(Error::NoUpload)?)
    }

    /// Uploads of a bucket whose keys begin with `prefix`, by key and id, after a pair.
    pub(crate) async fn list_uploads(
        &self,
        (project, bucket): (&str, &str),
        prefix: &str,
        after: (&str, &str),
        limit: i64,
    ) -> Result<Vec<Upload>> {
        let sql = format!(
            "SELECT {UPLOAD} FROM bucket_uploads WHERE project = $1 AND bucket = $2 \
             AND (key > $3 OR (key = $3 AND id > $4)) AND key >= $5 AND ($6 = '' OR key < $6) \
             ORDER BY key, id LIMIT $7"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(project.to_owned())
            .bind(bucket.to_owned())
            .bind(after.0.to_owned())
            .bind(after.1.to_owned())
            .bind(prefix.to_owned())
            .bind(names::after_all(prefix).unwrap_or_default())
            .bind(limit)
            .fetch_all(self.0.database.read())
            .await?;
        rows.iter().map(upload).collect()
    }

    /// Stores a part, in place of one with the same number.
    pub(crate) async fn put_part<E>(
        &self,
        of: Of<'_>,
        number: i64,
        mut announced: Announced,
        body: impl Stream<Item = Result<Bytes, E>>,
        trailers: impl FnOnce() -> Option<HeaderMap>,
    ) -> Result<Part> {
        if !(1..=MOST_PARTS).contains(&number) {
            let problem = format!("expected 1 to {MOST_PARTS}, got {number}");
            return Err(Error::invalid("partNumber", problem));
        }
        let plan = self.upload(of).await?.plan;
        if let (Some(planned), Some(announced)) = (plan.algorithm, announced.algorithm)
            && planned != announced
        {
            let problem = format!(
                "the upload was begun with {}, the part has {}",
                planned.word(),
                announced.word()
            );
            return Err(Error::invalid("x-amz-checksum-algorithm", problem));
        }
        announced.algorithm = announced.algorithm.or(plan.algorithm);
        let received = self.receive(of.project, announced, body, trailers).await?;
        let part = Part {
            number,
            digest: received.digest,
            size: received.size,
            md5: hex(&received.md5),
            checksum: received.checksum,
            stored_at: now(),
        };
        let _kept = self.0.collecting.read().await;
        let (buckets, project, name) = (self.clone(), of.project.to_owned(), part.digest.clone());
        let staged = received.staged;
        blocking(move || buckets.0.blobs.adopt(&project, &staged, &name)).await?;
        self.write_part(of, &part).await?;
        Ok(part)
    }

    async fn write_part(&self, of: Of<'_>, part: &Part) -> Result<()> {
        let mut transaction = self.0.database.begin().await?;
        // The upload may have ended while the part came; else it stays until this is done.
        let touched = sqlx::query("UPDATE bucket_uploads SET touched_at = $1 WHERE id = $2")
            .bind(now())
            .bind(of.id.to_owned())
            .execute(&mut *transaction)
            .await?;
        if touched.rows_affected() == 0 {
            self.unname(of.project, vec![part.digest.clone()]);
            return Err(Error::NoUpload);
        }
        let before =
            sqlx::query("SELECT digest FROM bucket_parts WHERE upload = $1 AND number = $2")
                .bind(of.id.to_owned())
                .bind(part.number)
                .fetch_optional(&mut *transaction)
                .await?;
        sqlx::query(
            "INSERT INTO bucket_parts \
             (upload, number, project, digest, size, md5, checksum, stored_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (upload, number) DO UPDATE SET \
             digest = excluded.digest, size = excluded.size, md5 = excluded.md5, \
             checksum = excluded.checksum, stored_at = excluded.stored_at",
        )
        .bind(of.id.to_owned())
        .bind(part.number)
        .bind(of.project.to_owned())
        .bind(part.digest.clone())
        .bind(i64::try_from(part.size).unwrap_or(i64::MAX))
        .bind(part.md5.clone())
        .bind(checksum::text(part.checksum.as_ref()))
        .bind(part.stored_at)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        if let Some(row) = before {
            self.unname(of.project, vec![row.try_get(0)?]);
        }
        Ok(())
    }

    /// In the order of their numbers, after one.
    pub(crate) async fn parts(&self, id: &str, after: i64, limit: i64) -> Result<Vec<Part>> {
        let rows = sqlx::query(
            "SELECT number, digest, size, md5, checksum, stored_at FROM bucket_parts \
             WHERE upload = $1 AND number > $2 ORDER BY number LIMIT $3",
        )
        .bind(id.to_owned())
        .bind(after)
        .bind(limit)
        .fetch_all(self.0.database.read())
        .await?;
        let read = |row: &AnyRow| -> Result<Part> {
            Ok(Part {
                number: row.try_get(0)?,
                digest: row.try_get(1)?,
                size: row.try_get::<i64, _>(2)?.unsigned_abs(),
                md5: row.try_get(3)?,
                checksum: checksum::read(&row.try_get::<String, _>(4)?),
                stored_at: row.try_get(5)?,
            })
        };
        rows.iter().map(read).collect()
    }

    pub(crate) async fn all_parts(&self, id: &str) -> Result<Vec<Part>> {
        self.parts(id, 0, MOST_PARTS).await
    }

    /// Ends an upload without an object.
    pub(crate) async fn remove_upload(&self, project: &str, id: &str) -> Result<()> {
        let mut transaction = self.0.database.begin().await?;
        let freed = self.drop_upload(&mut transaction, project, id).await?;
        transaction.commit().await?;
        self.unname(project, freed);
        Ok(())
    }

    /// Removes the rows of an upload; returns the content that its parts named.
    ///
    /// # Errors
    /// [`Error::NoUpload`] when somebody else was first.
    pub(crate) async fn drop_upload(
        &self,
        transaction: &mut Transaction<'static, Any>,
        project: &str,
        id: &str,
    ) -> Result<Vec<String>> {
        let gone = sqlx::query("DELETE FROM bucket_uploads WHERE id = $1 AND project = $2")
            .bind(id.to_owned())
            .bind(project.to_owned())
            .execute(&mut **transaction)
            .await?;
        if gone.rows_affected() == 0 {
            return Err(Error::NoUpload);
        }
        let rows = sqlx::query("SELECT digest FROM bucket_parts WHERE upload = $1")
            .bind(id.to_owned())
            .fetch_all(&mut **transaction)
            .await?;
        sqlx::query("DELETE FROM bucket_parts WHERE upload = $1")
            .bind(id.to_owned())
            .execute(&mut **transaction)
            .await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }
}
