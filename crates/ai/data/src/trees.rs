//! Read-only directories made from manifests, for work to mount.
//!
//! Guarantees: a tree is complete and each file's content was verified when it
//! was made; it is made once and reused. Files are hard links to the blobs
//! (copies where the file system will not link, and for programs, whose mode
//! differs), so a tree costs no space.

use std::collections::HashSet;
use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::blobs::{BUILDING, remove_read_only};
use crate::digest::Digest;
use crate::error::Result;
use crate::manifest::{FileEntry, Manifest};
use crate::versions::blocking;
use crate::{Data, Error, paths};

impl Data {
    /// A directory with the files of a dataset's version (`v3`, `latest`, `sha256:…`). It
    /// stays until `holder` is released, also if the version goes meanwhile.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Damaged`] when stored content is not what
    /// it was; [`Error::DiskFull`].
    pub async fn materialize_dataset(
        &self,
        project: &str,
        (dataset, version): (&str, &str),
        holder: &str,
    ) -> Result<PathBuf, Error> {
        paths::project(project)?;
        // Its row and its hold are seen together by who removes what neither names.
        let _kept = self.inner.collecting.read().await;
        let version = self.version(project, dataset, version).await?;
        self.tree(project, Digest::parse("digest", &version.digest)?, holder).await
    }

    /// A directory with the files of a code bundle (`sha256:…`).
    ///
    /// # Errors
    /// As [`Data::materialize_dataset`].
    pub async fn materialize_code(
        &self,
        project: &str,
        digest: &str,
        holder: &str,
    ) -> Result<PathBuf, Error> {
        paths::project(project)?;
        let _kept = self.inner.collecting.read().await;
        let digest = self.code(project, digest).await?;
        self.tree(project, digest, holder).await
    }

    async fn tree(&self, project: &str, digest: Digest, holder: &str) -> Result<PathBuf> {
        self.hold(holder, project, &digest).await?;
        let (data, project) = (self.clone(), project.to_owned());
        blocking(move || data.build(&project, &digest)).await
    }

    fn build(&self, project: &str, digest: &Digest) -> Result<PathBuf> {
        let failed = Error::file("building a directory of data");
        let trees = self.inner.blobs.trees(project);
        let target = trees.join(digest.hex());
        if target.is_dir() {
            return Ok(target);
        }
        self.inner.blobs.verified(project, digest)?;
        let manifest = Manifest::parse(digest, &self.inner.blobs.read(project, digest)?)?;
        let building = trees.join(format!("{BUILDING}{}", Uuid::new_v4().simple()));
        fs::create_dir_all(&building).map_err(&failed)?;
        self.inner.blobs.open_way(project).map_err(&failed)?;
        let outcome = self.fill(project, &manifest, &building).and_then(|()| {
            match fs::rename(&building, &target) {
                // Somebody else was quicker.
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists
                    ) =>
                {
                    Ok(false)
                }
                other => other.map(|()| true).map_err(&failed),
            }
        });
        if !matches!(outcome, Ok(true)) {
            // The first error is the one to report; what remains is cleared at the next start.
            let _ = remove_read_only(&building);
        }
        outcome.map(|_| target)
    }

    fn fill(&self, project: &str, manifest: &Manifest, root: &Path) -> Result<()> {
        let failed = Error::file("building a directory of data");
        let mut verified = HashSet::new();
        let mut directories = HashSet::from([root.to_owned()]);
        for file in &manifest.files {
            let target = root.join(&file.path);
            let parent = target.parent().unwrap_or(root);
            if !directories.contains(parent) {
                fs::create_dir_all(parent).map_err(&failed)?;
                directories
                    .extend(parent.ancestors().take_while(|p| *p != root).map(Path::to_owned));
            }
            self.place(project, file, &target, verified.insert(&file.digest))?;
        }
        for directory in directories {
            fs::set_permissions(directory, Permissions::from_mode(0o555)).map_err(&failed)?;
        }
        Ok(())
    }

    /// Puts a blob that was damaged and is whole again into the trees that were made with it.
    pub(crate) fn mend_trees(&self, project: &str, digest: &Digest) -> Result<()> {
        let failed = Error::file("mending a directory of data");
        let trees = self.inner.blobs.trees(project);
        let entries = fs::read_dir(&trees).into_iter().flatten().flatten();
        for tree in entries {
            let name = tree.file_name();
            let Ok(of) = Digest::parse("digest", &name.to_string_lossy()) else { continue };
            let Ok(manifest) = self.read_manifest(project, &of) else { continue };
            for file in manifest.files.iter().filter(|file| file.digest == *digest) {
                let fresh = trees.join(format!("{BUILDING}{}", Uuid::new_v4().simple()));
                self.place(project, file, &fresh, false)?;
                let target = tree.path().join(&file.path);
                let parent = target.parent().unwrap_or(&target);
                fs::set_permissions(parent, Permissions::from_mode(0o755)).map_err(&failed)?;
                let replaced = fs::rename(&fresh, &target);
                fs::set_permissions(parent, Permissions::from_mode(0o555)).map_err(&failed)?;
                replaced.map_err(&failed)?;
            }
        }
        Ok(())
    }

    fn place(&self, project: &str, file: &FileEntry, target: &Path, verify: bool) -> Result<()> {
        let failed = Error::file("building a directory of data");
        let blob = match verify {
            true => self.inner.blobs.verified(project, &file.digest)?,
            false => self.inner.blobs.path(project, &file.digest),
        };
        if !file.executable && fs::hard_link(&blob, target).is_ok() {
            return Ok(());
        }
        fs::copy(&blob, target).map_err(&failed)?;
        let mode = if file.executable { 0o555 } else { 0o444 };
        fs::set_permissions(target, Permissions::from_mode(mode)).map_err(&failed)
    }
}
