//! Content on the local disk, named by its SHA-256, one set per project.
//!
//! ```text
//! <project>/blobs/<2 hex digits>/<64 hex digits>
//! <project>/staging/<id>     on its way; cleared at start
//! ```
//!
//! Guarantees: a blob is whole and on the disk when [`Blobs::adopt`] returns, and its
//! file is never written again. Names come from digests, never from keys.

use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

pub(crate) struct Blobs {
    root: PathBuf,
}

/// A file on its way; removed when dropped.
pub(crate) struct Staged(PathBuf);

impl Staged {
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        // Adopted, or of no use; what cannot be removed now goes at the next start.
        let _ = fs::remove_file(&self.0);
    }
}

impl Blobs {
    pub fn open(root: PathBuf) -> Result<Self> {
        let failed = Error::file("opening the directory of objects");
        fs::create_dir_all(&root).map_err(&failed)?;
        for project in fs::read_dir(&root).map_err(&failed)? {
            let staging = project.map_err(&failed)?.path().join("staging");
            absent_is_fine(fs::remove_dir_all(staging)).map_err(&failed)?;
        }
        Ok(Self { root })
    }

    pub fn stage(&self, project: &str) -> Result<Staged> {
        let failed = Error::file("making a staging directory");
        let folder = self.root.join(project).join("staging");
        fs::create_dir_all(&folder).map_err(failed)?;
        Ok(Staged(folder.join(uuid::Uuid::new_v4().simple().to_string())))
    }

    pub fn path(&self, project: &str, digest: &str) -> PathBuf {
        let shelf = digest.get(..2).unwrap_or("__");
        self.root.join(project).join("blobs").join(shelf).join(digest)
    }

    /// Makes a staged file, which is on the disk, the blob of its digest.
    pub fn adopt(&self, project: &str, staged: &Staged, digest: &str) -> Result<()> {
        let failed = Error::file("storing content");
        let target = self.path(project, digest);
        let shelf = target.parent().unwrap_or(&self.root);
        if target.is_file() {
            return Ok(());
        }
        let is_new = !shelf.is_dir();
        fs::create_dir_all(shelf).map_err(&failed)?;
        fs::set_permissions(staged.path(), Permissions::from_mode(0o444)).map_err(&failed)?;
        fs::rename(staged.path(), &target).map_err(&failed)?;
        sync(shelf).map_err(&failed)?;
        // The names of new directories must be on the disk, too.
        let mut above = shelf.ancestors().skip(1).take(3).filter(|_| is_new);
        above.try_for_each(sync).map_err(&failed)
    }

    pub fn open_blob(&self, project: &str, digest: &str) -> io::Result<File> {
        File::open(self.path(project, digest))
    }

    pub fn remove(&self, project: &str, digest: &str) -> Result<()> {
        let removed = fs::remove_file(self.path(project, digest));
        absent_is_fine(removed).map_err(Error::file("removing content"))
    }

    /// The digests of a project whose first two digits are these.
    pub fn shelf(&self, project: &str, digits: &str) -> Result<Vec<String>> {
        let failed = Error::file("listing content");
        match fs::read_dir(self.root.join(project).join("blobs").join(digits)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(failed(error)),
            Ok(entries) => {
                let names = entries.map(|entry| entry.map(|entry| entry.file_name()));
                let names: io::Result<Vec<_>> = names.collect();
                let names = names.map_err(&failed)?.into_iter();
                Ok(names.filter_map(|name| name.into_string().ok()).collect())
            }
        }
    }

    /// The names of all projects that have a directory.
    pub fn projects(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.root).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
    }

    pub fn forget(&self, project: &str) -> Result<()> {
        let removed = fs::remove_dir_all(self.root.join(project));
        absent_is_fine(removed).map_err(Error::file("removing a project's objects"))
    }
}

fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

fn absent_is_fine(outcome: io::Result<()>) -> io::Result<()> {
    match outcome {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// File work that would hold up other requests.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(error) => {
            Err(Error::File { action: "waiting for a worker", source: io::Error::other(error) })
        }
    }
}
