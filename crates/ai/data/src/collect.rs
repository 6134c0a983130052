//! Removing content that nothing names: neither a version, nor a code bundle,
//! nor an open upload.
//!
//! Guarantees: what is named stays, also what is about to be (commits and
//! uploads hold the other side of one lock). Rows go before files, so that a
//! crash leaves at most a file that the next round removes.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Duration;

use sqlx::Row;

use crate::blobs::{absent_is_fine, remove_read_only};
use crate::digest::Digest;
use crate::error::Result;
use crate::manifest::Manifest;
use crate::versions::blocking;
use crate::{Data, Error, Inner};

const PAUSE: Duration = Duration::from_secs(24 * 3600);

impl Data {
    /// One round over all projects now and then one a day.
    pub(crate) fn collect_forever(&self) {
        let weak: Weak<Inner> = Arc::downgrade(&self.inner);
        tokio::spawn(async move {
            while let Some(inner) = weak.upgrade() {
                let data = Data { inner };
                for project in data.inner.blobs.projects() {
                    if let Err(error) = data.retire(&project).await {
                        tracing::warn!(project, %error, "cannot remove old versions");
                    }
                    if let Err(error) = data.collect(&project).await {
                        tracing::warn!(project, %error, "cannot remove unnamed content");
                    }
                }
                drop(data);
                tokio::time::sleep(PAUSE).await;
            }
        });
    }

    pub(crate) async fn collect(&self, project: &str) -> Result<()> {
        let _alone = self.inner.collecting.write().await;
        let roots = self.roots(project).await?;
        let mut kept = self.in_uploads(project).await;
        let (data, of, named) = (self.clone(), project.to_owned(), roots.clone());
        kept.extend(blocking(move || data.reachable(&of, &named)).await?);
        self.drop_rows(project, &kept).await?;
        self.drop_profiles(project).await?;
        let wanted = self.wanted_trees(project, roots).await?;
        let (data, of) = (self.clone(), project.to_owned());
        blocking(move || {
            data.inner.blobs.retain(&of, |digest| kept.contains(digest))?;
            remove_trees(&data.inner.blobs.trees(&of), &wanted)
        })
        .await
    }

    /// Removes the trees that nothing names and nobody holds.
    pub(crate) async fn collect_trees(&self, project: &str) -> Result<()> {
        let _alone = self.inner.collecting.write().await;
        let roots = self.roots(project).await?;
        let wanted = self.wanted_trees(project, roots).await?;
        let trees = self.inner.blobs.trees(project);
        blocking(move || remove_trees(&trees, &wanted)).await
    }

    async fn wanted_trees(
        &self,
        project: &str,
        mut roots: HashSet<Digest>,
    ) -> Result<HashSet<Digest>> {
        roots.extend(self.held(project).await?);
        Ok(roots)
    }

    /// The manifests of versions and bundles.
    pub(crate) async fn roots(&self, project: &str) -> Result<HashSet<Digest>> {
        self.roots_without(project, "", &[]).await
    }

    /// The same as if these versions of a dataset were gone.
    pub(crate) async fn roots_without(
        &self,
        project: &str,
        dataset: &str,
        going: &[i64],
    ) -> Result<HashSet<Digest>> {
        let sql = "SELECT digest, dataset, version FROM data_versions WHERE project = $1 \
            UNION ALL SELECT digest, '', 0 FROM data_code WHERE project = $1";
        let rows =
            sqlx::query(sql).bind(project.to_owned()).fetch_all(self.inner.database.read()).await?;
        let mut roots = HashSet::new();
        for row in rows {
            let (of, version): (String, i64) = (row.try_get(1)?, row.try_get(2)?);
            if !(of == dataset && going.contains(&version)) {
                roots.insert(Digest::parse("digest", &row.try_get::<String, _>(0)?)?);
            }
        }
        Ok(roots)
    }

    pub(crate) fn read_manifest(&self, project: &str, digest: &Digest) -> Result<Manifest> {
        Manifest::parse(digest, &self.inner.blobs.read(project, digest)?)
    }

    pub(crate) fn reachable(
        &self,
        project: &str,
        roots: &HashSet<Digest>,
    ) -> Result<HashSet<Digest>> {
        let mut found = roots.clone();
        for root in roots {
            found.extend(
                self.read_manifest(project, root)?.files.into_iter().map(|file| file.digest),
            );
        }
        Ok(found)
    }

    async fn drop_rows(&self, project: &str, kept: &HashSet<Digest>) -> Result<()> {
        let mut transaction = self.inner.database.begin().await?;
        let rows = sqlx::query("SELECT digest, size FROM data_blobs WHERE project = $1")
            .bind(project.to_owned())
            .fetch_all(&mut *transaction)
            .await?;
        let mut freed = 0;
        for row in rows {
            let digest: String = row.try_get(0)?;
            if kept.contains(&Digest::parse("digest", &digest)?) {
                continue;
            }
            freed += row.try_get::<i64, _>(1)?.unsigned_abs();
            sqlx::query("DELETE FROM data_blobs WHERE project = $1 AND digest = $2")
                .bind(project.to_owned())
                .bind(digest)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        self.refund(project, freed);
        Ok(())
    }
}

fn remove_trees(trees: &Path, wanted: &HashSet<Digest>) -> Result<()> {
    let failed = Error::file("removing a directory of data");
    let Ok(entries) = fs::read_dir(trees) else { return Ok(()) };
    for entry in entries {
        let entry = entry.map_err(&failed)?;
        let Ok(digest) = Digest::parse("digest", &entry.file_name().to_string_lossy()) else {
            continue;
        };
        if !wanted.contains(&digest) {
            absent_is_fine(remove_read_only(&entry.path())).map_err(&failed)?;
        }
    }
    Ok(())
}
