//! Making staged content durable and giving it a name.
//!
//! Expected flow: sync the staged files, move them to their blobs, store the
//! manifest, sync again, write the row, tell subscribers.
//!
//! Guarantees: a version that is answered for is on the disk with all of its
//! content. A crash in the middle leaves content without a version, which the
//! next commit of the same files takes up.

use std::path::PathBuf;

use sqlx::{Any, Row, Transaction};

use crate::blobs::absent_is_fine;
use crate::digest::Digest;
use crate::error::Result;
use crate::manifest::{FileEntry, Manifest};
use crate::origin::Origin;
use crate::scope::Scope;
use crate::versions::{Version, VersionCreated, blocking};
use crate::{Data, Error, paths};

/// A file of a manifest, and where its content waits unless it is stored already.
pub(crate) type Staged = (FileEntry, Option<PathBuf>);

pub(crate) struct Durable {
    pub manifest: Manifest,
    pub digest: Digest,
}

impl Data {
    /// Stores content and manifest; the caller writes the row.
    pub(crate) async fn store(
        &self,
        project: &str,
        staging: PathBuf,
        files: Vec<Staged>,
    ) -> Result<Durable> {
        let (data, project) = (self.clone(), project.to_owned());
        blocking(move || {
            let (entries, places): (Vec<_>, Vec<_>) = files.into_iter().unzip();
            let manifest = Manifest::new(entries.clone())?;
            let blobs = &data.inner.blobs;
            blobs.sync()?;
            for (entry, place) in entries.iter().zip(places) {
                match place {
                    Some(staged) if data.is_whole(&project, entry)? => {
                        absent_is_fine(std::fs::remove_file(staged))
                            .map_err(Error::file("storing content"))?;
                    }
                    Some(staged) => {
                        let mends = blobs.has(&project, &entry.digest);
                        blobs.adopt(&project, &staged, &entry.digest)?;
                        if mends {
                            data.mend_trees(&project, &entry.digest)?;
                        }
                    }
                    None if blobs.has(&project, &entry.digest) => {}
                    None => {
                        return Err(Error::Damaged {
                            digest: entry.digest.to_string(),
                            actual: "nothing".into(),
                        });
                    }
                }
            }
            let digest = blobs.put(&project, &staging, &manifest.text())?;
            blobs.sync()?;
            Ok(Durable { manifest, digest })
        })
        .await
    }

    pub(crate) fn announce(&self, project: &str, dataset: &str, version: Version) {
        let (project, dataset) = (project.to_owned(), dataset.to_owned());
        // Nobody need be listening.
        let _ = self.inner.created.send(VersionCreated { project, dataset, version });
    }

    /// Makes the upload the next version of the dataset, which must exist; or finds the version
    /// that has the same content. The flag says which.
    pub(crate) async fn commit(
        &self,
        scope: &Scope,
        upload: &str,
        (dataset, origin): (&str, Option<Origin>),
    ) -> Result<(Version, bool)> {
        paths::dataset(dataset)?;
        origin.as_ref().map_or(Ok(()), Origin::check)?;
        let shared = self.upload(&scope.project, upload).await?;
        let _kept = self.inner.collecting.read().await;
        let mut upload = shared.lock().await;
        if upload.closed {
            return Err(Error::NotFound { what: "open upload", name: upload.id.clone() });
        }
        if let Some((path, partial)) = upload.partials.first_key_value() {
            return Err(partial.beginning(path).await.incomplete());
        }
        if upload.files.is_empty() {
            return Err(Error::invalid("upload", "it has no files; put some before the commit"));
        }
        let entries = upload.entries();
        // Refused before anything moves, so that the upload can be mended and committed again.
        Manifest::new(entries.clone())?;
        self.require_dataset(&scope.project, dataset).await?;
        let places = upload.files.values().map(|file| file.at.clone()).collect::<Vec<_>>();
        let files = entries.into_iter().zip(places).collect();
        let durable = self.store(&scope.project, upload.directory.clone(), files).await?;
        for file in upload.files.values_mut() {
            file.at = None;
        }
        let (version, created, recorded) =
            self.name_version(scope, (dataset, origin), &durable).await?;
        let charged = upload.files.values_mut().map(|file| std::mem::take(&mut file.charged));
        self.settle(&scope.project, charged.sum(), recorded);
        if let Err(error) = self.close(&mut upload).await {
            tracing::warn!(upload = upload.id, %error, "cannot remove a committed upload's directory");
        }
        if created {
            self.announce(&scope.project, dataset, version.clone());
        }
        Ok((version, created))
    }

    async fn name_version(
        &self,
        scope: &Scope,
        (dataset, origin): (&str, Option<Origin>),
        durable: &Durable,
    ) -> Result<(Version, bool, u64)> {
        let _in_turn = self.inner.committing.lock().await;
        // Whoever deletes the dataset forgets its versions in turn, too: after this one.
        self.require_dataset(&scope.project, dataset).await?;
        let digest = durable.digest.to_string();
        match self.version(&scope.project, dataset, &digest).await {
            Err(Error::NotFound { .. }) => {}
            found => return Ok((found?, false, 0)),
        }
        let mut transaction = self.inner.database.begin().await?;
        let recorded = record_blobs(&mut transaction, &scope.project, &durable.manifest).await?;
        let newest = sqlx::query("SELECT COALESCE(MAX(version), 0) FROM data_versions WHERE project = $1 AND dataset = $2")
            .bind(scope.project.clone())
            .bind(dataset.to_owned())
            .fetch_one(&mut *transaction)
            .await?;
        let number = newest.try_get::<i64, _>(0)? + 1;
        let now = jiff::Timestamp::now();
        let version = Version {
            name: format!("v{number}"),
            digest,
            files: durable.manifest.files.len() as u64,
            bytes: durable.manifest.bytes(),
            created_at: jiff::Timestamp::from_millisecond(now.as_millisecond())
                .unwrap_or(now)
                .to_string(),
            created_by: scope.user.clone(),
            description: String::new(),
            tags: Vec::new(),
            origin,
        };
        sqlx::query(
            "INSERT INTO data_versions (project, dataset, version, digest, files, bytes, created_at, created_by, origin) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(scope.project.clone())
        .bind(dataset.to_owned())
        .bind(version.number())
        .bind(version.digest.clone())
        .bind(version.files as i64)
        .bind(version.bytes as i64)
        .bind(now.as_millisecond())
        .bind(version.created_by.clone())
        .bind(Origin::text(version.origin.as_ref()))
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok((version, true, recorded))
    }
}

/// What counts against the quota, each content once; the bytes that were not there before.
pub(crate) async fn record_blobs(
    on: &mut Transaction<'static, Any>,
    project: &str,
    manifest: &Manifest,
) -> Result<u64> {
    let unique: std::collections::BTreeMap<&Digest, u64> =
        manifest.files.iter().map(|f| (&f.digest, f.size)).collect();
    let mut recorded = 0;
    for (digest, size) in unique {
        let written = sqlx::query("INSERT INTO data_blobs (project, digest, size) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
            .bind(project.to_owned())
            .bind(digest.to_string())
            .bind(size as i64)
            .execute(&mut **on)
            .await?;
        recorded += if written.rows_affected() > 0 { size } else { 0 };
    }
    Ok(recorded)
}
