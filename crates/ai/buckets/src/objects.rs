//! Objects: a key, what it holds, and what is said of it.
//!
//! Expected flow of a write: receive and sync the body, give it its name on the disk,
//! write the row. Guarantees: readers see the old object or the new one; of two writers
//! to one key the later one stays, whole; what fails leaves the old one.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::Stream;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{Any, Row, Transaction};

use crate::blobs::{Staged, blocking};
use crate::checksum::{self, Announced, Kept, hex};
use crate::collect::Unnamed;
use crate::error::{Error, Result};
use crate::{Buckets, names, now};

/// Bytes of names and values of user metadata: S3's own limit.
const MOST_METADATA: usize = 2048;

/// What is answered in headers with an object, as it was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Headers {
    pub content_type: Option<String>,
    pub cache_control: Option<String>,
    pub content_disposition: Option<String>,
    pub content_encoding: Option<String>,
    pub content_language: Option<String>,
    /// `x-amz-meta-…`, without the beginning.
    pub user: BTreeMap<String, String>,
}

impl Headers {
    fn check(&self) -> Result<()> {
        let bytes = self.user.iter().map(|(name, value)| name.len() + value.len()).sum();
        match bytes {
            0..=MOST_METADATA => Ok(()),
            _ => Err(Error::Metadata { bytes, most: MOST_METADATA }),
        }
    }

    pub(crate) fn text(&self) -> String {
        serde_json::json!(self).to_string()
    }
}

#[derive(Clone, Debug)]
pub struct Object {
    pub key: String,
    /// SHA-256, hexadecimal.
    pub digest: String,
    pub size: u64,
    /// Without quotes.
    pub etag: String,
    /// Milliseconds since 1970.
    pub modified_at: i64,
    pub headers: Headers,
    pub(crate) checksum: Option<Kept>,
}

/// What must be so for a write to happen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Condition {
    #[default]
    None,
    /// No object has the key.
    Absent,
    Present,
    Etag(String),
}

impl Condition {
    pub(crate) fn holds(&self, etag: Option<&str>) -> bool {
        match self {
            Self::None => true,
            Self::Absent => etag.is_none(),
            Self::Present => etag.is_some(),
            Self::Etag(wanted) => etag == Some(wanted),
        }
    }
}

/// A write to one key.
#[derive(Clone, Debug)]
pub struct Put {
    pub project: String,
    pub bucket: String,
    pub key: String,
    pub headers: Headers,
    pub condition: Condition,
}

/// Content that is on the disk, or staged.
pub(crate) struct Content {
    pub digest: String,
    pub size: u64,
    pub etag: String,
    pub checksum: Option<Kept>,
    pub staged: Option<Staged>,
}

const COLUMNS: &str = "key, digest, size, etag, modified_at, headers, checksum";

fn read(row: &AnyRow) -> Result<Object> {
    let headers: String = row.try_get(5)?;
    Ok(Object {
        key: row.try_get(0)?,
        digest: row.try_get(1)?,
        size: row.try_get::<i64, _>(2)?.unsigned_abs(),
        etag: row.try_get(3)?,
        modified_at: row.try_get(4)?,
        headers: serde_json::from_str(&headers).unwrap_or_default(),
        checksum: checksum::read(&row.try_get::<String, _>(6)?),
    })
}

/// Whether the row was written; without `replaces`, another's is left as it is.
async fn insert(
    transaction: &mut Transaction<'static, Any>,
    put: &Put,
    object: &Object,
    replaces: bool,
) -> Result<bool> {
    let otherwise = match replaces {
        false => "NOTHING",
        true => {
            "UPDATE SET digest = excluded.digest, size = excluded.size, \
             etag = excluded.etag, modified_at = excluded.modified_at, \
             headers = excluded.headers, checksum = excluded.checksum"
        }
    };
    let sql = format!(
        "INSERT INTO bucket_objects (project, bucket, {COLUMNS}) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
         ON CONFLICT (project, bucket, key) DO {otherwise}"
    );
    let written = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(put.project.clone())
        .bind(put.bucket.clone())
        .bind(object.key.clone())
        .bind(object.digest.clone())
        .bind(i64::try_from(object.size).unwrap_or(i64::MAX))
        .bind(object.etag.clone())
        .bind(object.modified_at)
        .bind(object.headers.text())
        .bind(checksum::text(object.checksum.as_ref()))
        .execute(&mut **transaction)
        .await?;
    Ok(written.rows_affected() > 0)
}

impl Buckets {
    /// Stores a body under a key, in place of what was there.
    ///
    /// # Errors
    /// When the body is not what was announced, or the condition does not hold: nothing
    /// is stored then.
    pub(crate) async fn put_object<E>(
        &self,
        put: Put,
        announced: Announced,
        body: impl Stream<Item = Result<Bytes, E>>,
        trailers: impl FnOnce() -> Option<HeaderMap>,
    ) -> Result<Object> {
        names::project(&put.project)?;
        names::key(&put.key)?;
        put.headers.check()?;
        self.require_bucket(&put.project, &put.bucket).await?;
        let received = self.receive(&put.project, announced, body, trailers).await?;
        let content = Content {
            digest: received.digest,
            size: received.size,
            etag: hex(&received.md5),
            checksum: received.checksum,
            staged: Some(received.staged),
        };
        self.name(put, content, None).await
    }

    /// Gives content its place on the disk and its key. `upload` is the upload in parts
    /// that ends with it.
    pub(crate) async fn name(
        &self,
        put: Put,
        content: Content,
        upload: Option<&str>,
    ) -> Result<Object> {
        let Content { digest, size, etag, checksum, staged } = content;
        let _kept = self.0.collecting.read().await;
        let (buckets, project, name) = (self.clone(), put.project.clone(), digest.clone());
        blocking(move || match staged {
            Some(staged) => buckets.0.blobs.adopt(&project, &staged, &name),
            // Deleted since it was found: then there is nothing to name.
            None if buckets.0.blobs.path(&project, &name).is_file() => Ok(()),
            None => Err(Error::NoObject("the copy's source".to_owned())),
        })
        .await?;
        let object = Object {
            key: put.key.clone(),
            digest,
            size,
            etag,
            modified_at: now(),
            headers: put.headers.clone(),
            checksum,
        };
        match self.written(&put, &object, upload).await {
            Ok(freed) => {
                self.unname(&put.project, freed);
                Ok(object)
            }
            Err(error) => {
                self.unname(&put.project, vec![object.digest]);
                Err(error)
            }
        }
    }

    /// Writes the row and ends the upload, both or neither; returns the content that is no
    /// longer named.
    async fn written(
        &self,
        put: &Put,
        object: &Object,
        upload: Option<&str>,
    ) -> Result<Vec<String>> {
        let mut transaction = self.0.database.begin().await?;
        let mut freed = self.write_row(&mut transaction, put, object).await?;
        if let Some(upload) = upload {
            freed.extend(self.drop_upload(&mut transaction, &put.project, upload).await?);
        }
        transaction.commit().await?;
        Ok(freed)
    }

    /// Writes the row; returns the content that it named before.
    async fn write_row(
        &self,
        transaction: &mut Transaction<'static, Any>,
        put: &Put,
        object: &Object,
    ) -> Result<Vec<String>> {
        self.hold_bucket(transaction, &put.project, &put.bucket, false).await?;
        loop {
            let before = self.row_before(transaction, put).await?;
            if !put.condition.holds(before.as_ref().map(|(etag, _)| etag.as_str())) {
                return Err(Error::Condition);
            }
            // There is no row to hold where there was none: of several who make it only one
            // does, and the others look again at what they replace.
            if insert(transaction, put, object, before.is_some()).await? {
                return Ok(before.into_iter().map(|(_, digest)| digest).collect());
            }
        }
    }

    /// ETag and content of what a write replaces, which stays until the transaction ends.
    async fn row_before(
        &self,
        transaction: &mut Transaction<'static, Any>,
        put: &Put,
    ) -> Result<Option<(String, String)>> {
        let held = self.0.database.held(true);
        let sql = format!(
            "SELECT etag, digest FROM bucket_objects \
             WHERE project = $1 AND bucket = $2 AND key = $3{held}"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(put.project.clone())
            .bind(put.bucket.clone())
            .bind(put.key.clone())
            .fetch_optional(&mut **transaction)
            .await?;
        Ok(match row {
            Some(row) => Some((row.try_get(0)?, row.try_get(1)?)),
            None => None,
        })
    }

    /// # Errors
    /// [`Error::NoBucket`], [`Error::NoObject`].
    pub async fn object(&self, project: &str, bucket: &str, key: &str) -> Result<Object> {
        let sql = format!(
            "SELECT {COLUMNS} FROM bucket_objects WHERE project = $1 AND bucket = $2 AND key = $3"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(project.to_owned())
            .bind(bucket.to_owned())
            .bind(key.to_owned())
            .fetch_optional(self.0.database.read())
            .await?;
        match row {
            Some(row) => read(&row),
            None => {
                self.require_bucket(project, bucket).await?;
                Err(Error::NoObject(key.to_owned()))
            }
        }
    }

    /// Removes an object; removing what is not there is fine.
    ///
    /// # Errors
    /// [`Error::Condition`] when there is another one than the condition says.
    pub async fn delete_object(
        &self,
        project: &str,
        bucket: &str,
        key: &str,
        condition: &Condition,
    ) -> Result<()> {
        let mut transaction = self.0.database.begin().await?;
        self.hold_bucket(&mut transaction, project, bucket, false).await?;
        let held = self.0.database.held(true);
        let sql = format!(
            "SELECT etag, digest FROM bucket_objects \
             WHERE project = $1 AND bucket = $2 AND key = $3{held}"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(project.to_owned())
            .bind(bucket.to_owned())
            .bind(key.to_owned())
            .fetch_optional(&mut *transaction)
            .await?;
        let Some(row) = row else {
            return match condition {
                Condition::None | Condition::Absent => Ok(()),
                Condition::Present | Condition::Etag(_) => Err(Error::Condition),
            };
        };
        let (etag, digest): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        if !condition.holds(Some(&etag)) {
            return Err(Error::Condition);
        }
        sqlx::query("DELETE FROM bucket_objects WHERE project = $1 AND bucket = $2 AND key = $3")
            .bind(project.to_owned())
            .bind(bucket.to_owned())
            .bind(key.to_owned())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        self.unname(project, vec![digest]);
        Ok(())
    }

    /// Gives another key the same content, without copying a byte.
    pub(crate) async fn copy_object(&self, from: &Object, put: Put) -> Result<Object> {
        names::key(&put.key)?;
        put.headers.check()?;
        let content = Content {
            digest: from.digest.clone(),
            size: from.size,
            etag: from.etag.clone(),
            checksum: from.checksum.clone(),
            staged: None,
        };
        self.name(put, content, None).await
    }

    /// Tells the collector that rows no longer name this content.
    pub(crate) fn unname(&self, project: &str, digests: Vec<String>) {
        for digest in digests {
            // The queue ends with the store.
            let _ = self.0.unnamed.send(Unnamed { project: project.to_owned(), digest });
        }
    }
}
