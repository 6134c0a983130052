//! Versions out of files that somebody else keeps by their digests: linked, not copied.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::digest::Digest;
use crate::error::Result;
use crate::origin::Origin;
use crate::scope::Scope;
use crate::uploads::{Staged, entry};
use crate::versions::{Version, blocking};
use crate::{Data, Error, paths};

/// A file that never changes, and what it holds.
#[derive(Clone, Debug)]
pub struct Linked {
    /// In the version.
    pub path: String,
    /// SHA-256, with or without `sha256:`.
    pub digest: String,
    pub size: u64,
    pub at: PathBuf,
}

/// One that is staged: its path in the version, its digest, its size, and where it lies
/// unless the project has its content already.
type Found = (String, Digest, u64, Option<PathBuf>);

impl Data {
    /// Makes files the next version of a dataset without copying their bytes, or finds
    /// the version with the same content; the flag says which.
    ///
    /// # Errors
    /// As an upload's; [`Error::Gone`] when a file is gone meanwhile. Nothing is left.
    pub async fn add_linked(
        &self,
        scope: &Scope,
        (dataset, origin): (&str, Option<Origin>),
        files: Vec<Linked>,
    ) -> Result<(Version, bool)> {
        if !scope.write {
            return Err(Error::ReadOnly { project: scope.project.clone() });
        }
        paths::dataset(dataset)?;
        let upload = self.begin_upload(&scope.project).await?;
        let added = async {
            self.stage_links(scope, &upload, files).await?;
            self.commit(scope, &upload, (dataset, origin)).await
        };
        let added = added.await;
        if added.is_err() {
            // What is left of it goes with abandoned uploads at the latest.
            let _ = self.abort_upload(&scope.project, &upload).await;
        }
        added
    }

    async fn stage_links(&self, scope: &Scope, id: &str, files: Vec<Linked>) -> Result<()> {
        let most = self.inner.limits.files_per_upload;
        if files.len() > most {
            return Err(Error::TooLarge { what: "the version", limit: format!("{most} files") });
        }
        let mut charge = self.charge(&scope.project).await?;
        let shared = self.upload(&scope.project, id).await?;
        // What the project has already must not be collected before it is named.
        let _kept = self.inner.collecting.read().await;
        let mut upload = shared.lock().await;
        let (data, project, directory) =
            (self.clone(), scope.project.clone(), upload.directory.clone());
        let staged = blocking(move || {
            files.into_iter().map(|file| data.stage_link(&project, &directory, file)).collect()
        });
        let staged: Vec<Found> = staged.await?;
        for (path, digest, size, at) in staged {
            let charged = if at.is_some() { size } else { 0 };
            charge.add(charged)?;
            upload.files.insert(path, Staged { digest, size, charged, at });
        }
        upload.touch();
        charge.keep();
        Ok(())
    }

    fn stage_link(&self, project: &str, directory: &Path, file: Linked) -> Result<Found> {
        paths::file(&file.path)?;
        let digest = Digest::parse("digest", &file.digest)?;
        if self.is_whole(project, &entry(&file.path, &digest, file.size))? {
            return Ok((file.path, digest, file.size, None));
        }
        let at = directory.join(Uuid::new_v4().simple().to_string());
        match link(&file.at, &at) {
            Ok(()) => Ok((file.path, digest, file.size, Some(at))),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Err(Error::Gone { path: file.path })
            }
            Err(error) => Err(Error::file("linking content")(error)),
        }
    }
}

/// A copy where the file system cannot link from there to here.
fn link(from: &Path, to: &Path) -> std::io::Result<()> {
    match fs::hard_link(from, to) {
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::CrossesDevices | ErrorKind::TooManyLinks | ErrorKind::PermissionDenied
            ) =>
        {
            fs::copy(from, to).map(drop)
        }
        done => done,
    }
}
