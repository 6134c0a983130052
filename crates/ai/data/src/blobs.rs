//! Content on the local disk, named by its SHA-256, one set per project.
//!
//! Guarantees: a blob is whole and, after [`Blobs::sync`], on the disk; its
//! file is never written again, but replaced whole when it was found damaged.
//! Unfinished things live in `uploads` and `.building-*`.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use axum::body::Bytes;
use futures::{Stream, StreamExt};
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWriteExt;

use crate::Error;
use crate::digest::Digest;
use crate::error::Result;

pub(crate) struct Blobs {
    root: PathBuf,
}

pub(crate) const BUILDING: &str = ".building-";

impl Blobs {
    pub fn open(root: PathBuf) -> Result<Blobs> {
        let failed = Error::file("opening the data directory");
        fs::create_dir_all(&root).map_err(&failed)?;
        for project in fs::read_dir(&root).map_err(&failed)? {
            let project = project.map_err(&failed)?.path();
            let Ok(trees) = fs::read_dir(project.join("trees")) else { continue };
            for tree in trees {
                let tree = tree.map_err(&failed)?;
                if tree.file_name().to_string_lossy().starts_with(BUILDING) {
                    remove_read_only(&tree.path()).map_err(&failed)?;
                }
            }
        }
        Ok(Blobs { root })
    }

    /// Where the blob of a digest is, or would be.
    pub fn path(&self, project: &str, digest: &Digest) -> PathBuf {
        let hex = digest.hex();
        self.root.join(project).join("blobs").join(&hex[..2]).join(hex)
    }

    /// The directories of unfinished uploads: project, upload, place.
    pub fn unfinished(&self) -> Vec<(String, String, PathBuf)> {
        let uploads = self.projects().into_iter().flat_map(|project| {
            let entries = fs::read_dir(self.root.join(&project).join("uploads"));
            entries.into_iter().flatten().flatten().filter_map(move |entry| {
                Some((project.clone(), entry.file_name().into_string().ok()?, entry.path()))
            })
        });
        uploads.collect()
    }

    pub fn staging(&self, project: &str, upload: &str) -> PathBuf {
        self.root.join(project).join("uploads").join(upload)
    }

    pub fn trees(&self, project: &str) -> PathBuf {
        self.root.join(project).join("trees")
    }

    /// The names of all projects that have a directory.
    pub fn projects(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.root).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
    }

    /// Makes the way to a project's trees passable, not readable, for the users
    /// that work runs as.
    pub fn open_way(&self, project: &str) -> io::Result<()> {
        let trees = self.trees(project);
        for directory in [&self.root, &self.root.join(project), &trees] {
            fs::set_permissions(directory, Permissions::from_mode(0o711))?;
        }
        Ok(())
    }

    /// Removes everything of a project.
    pub fn forget(&self, project: &str) -> Result<()> {
        let gone = absent_is_fine(remove_read_only(&self.root.join(project)));
        gone.map_err(Error::file("removing a project's content"))
    }

    /// Removes the blobs that are not wanted.
    pub fn retain(&self, project: &str, wanted: impl Fn(&Digest) -> bool) -> Result<()> {
        let failed = Error::file("removing content");
        let Ok(shelves) = fs::read_dir(self.root.join(project).join("blobs")) else {
            return Ok(());
        };
        for shelf in shelves {
            for blob in fs::read_dir(shelf.map_err(&failed)?.path()).map_err(&failed)? {
                let blob = blob.map_err(&failed)?;
                let digest = Digest::parse("digest", &blob.file_name().to_string_lossy());
                if digest.is_ok_and(|digest| !wanted(&digest)) {
                    fs::remove_file(blob.path()).map_err(&failed)?;
                }
            }
        }
        Ok(())
    }

    pub fn has(&self, project: &str, digest: &Digest) -> bool {
        self.path(project, digest).is_file()
    }

    /// Makes a staged file the blob of its digest, in place of one that is there.
    pub fn adopt(&self, project: &str, staged: &Path, digest: &Digest) -> Result<()> {
        let failed = Error::file("storing content");
        let target = self.path(project, digest);
        fs::create_dir_all(target.parent().unwrap_or(&self.root)).map_err(&failed)?;
        fs::set_permissions(staged, Permissions::from_mode(0o444)).map_err(&failed)?;
        fs::rename(staged, &target).map_err(&failed)
    }

    /// Stores a text that we made ourselves.
    pub fn put(&self, project: &str, staging: &Path, text: &[u8]) -> Result<Digest> {
        let digest = Digest::of(text);
        if fs::read(self.path(project, &digest)).is_ok_and(|known| known == text) {
            return Ok(digest);
        }
        let staged = staging.join("manifest");
        let failed = Error::file("storing a manifest");
        fs::create_dir_all(staging).map_err(&failed)?;
        let mut file = fs::File::create(&staged).map_err(&failed)?;
        file.write_all(text).map_err(&failed)?;
        file.sync_all().map_err(&failed)?;
        self.adopt(project, &staged, &digest)?;
        Ok(digest)
    }

    /// Everything written so far is on the disk: one call for many files.
    pub fn sync(&self) -> Result<()> {
        let failed = Error::file("syncing the disk");
        let directory = fs::File::open(&self.root).map_err(&failed)?;
        rustix::fs::syncfs(&directory).map_err(|errno| failed(errno.into()))
    }

    pub fn read(&self, project: &str, digest: &Digest) -> Result<Vec<u8>> {
        fs::read(self.path(project, digest)).map_err(Error::file("reading content"))
    }

    pub async fn open_blob(&self, project: &str, digest: &Digest) -> Result<tokio::fs::File> {
        tokio::fs::File::open(self.path(project, digest))
            .await
            .map_err(Error::file("reading content"))
    }

    /// The digest of what a blob's file holds now.
    pub fn actual(&self, project: &str, digest: &Digest) -> Result<Digest> {
        self.hashed(project, digest, |_| Ok(()))
    }

    /// The same; `told` hears of how many bytes were read, and may end it.
    pub fn hashed(
        &self,
        project: &str,
        digest: &Digest,
        told: impl Fn(u64) -> Result<()>,
    ) -> Result<Digest> {
        let failed = Error::file("verifying content");
        let mut file = fs::File::open(self.path(project, digest)).map_err(&failed)?;
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 1 << 20];
        let mut read = 0;
        loop {
            match file.read(&mut buffer).map_err(&failed)? {
                0 => break,
                length => {
                    hash.update(&buffer[..length]);
                    read += length as u64;
                    told(read)?;
                }
            }
        }
        Ok(Digest::from_hash(hash))
    }

    /// The path of a blob whose content has just been found undamaged.
    pub fn verified(&self, project: &str, digest: &Digest) -> Result<PathBuf> {
        let actual = self.actual(project, digest)?;
        match actual == *digest {
            true => Ok(self.path(project, digest)),
            false => Err(Error::Damaged { digest: digest.to_string(), actual: actual.to_string() }),
        }
    }
}

/// Writes a stream to a new file and hashes it on the way; `allow` may stop it
/// before each piece. What failed is removed.
pub(crate) async fn receive<E>(
    at: &Path,
    body: impl Stream<Item = Result<Bytes, E>>,
    mut allow: impl FnMut(u64) -> Result<()>,
) -> Result<(Digest, u64)> {
    let failed = Error::file("storing an upload");
    let outcome = async {
        let mut file = tokio::fs::File::create_new(at).await.map_err(&failed)?;
        let (mut hash, mut size) = (Sha256::new(), 0);
        let mut body = std::pin::pin!(body);
        while let Some(piece) = body.next().await {
            let piece = piece.map_err(|_| Error::BrokenOff)?;
            allow(piece.len() as u64)?;
            size += piece.len() as u64;
            hash.update(&piece);
            file.write_all(&piece).await.map_err(&failed)?;
        }
        file.flush().await.map_err(&failed)?;
        Ok((Digest::from_hash(hash), size))
    }
    .await;
    if outcome.is_err() {
        // The first error is the one to report.
        let _ = tokio::fs::remove_file(at).await;
    }
    outcome
}

pub(crate) fn absent_is_fine(outcome: io::Result<()>) -> io::Result<()> {
    match outcome {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Directories made read-only must be opened up before they can be emptied.
pub(crate) fn remove_read_only(directory: &Path) -> io::Result<()> {
    fs::set_permissions(directory, Permissions::from_mode(0o755))?;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_read_only(&entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    fs::remove_dir(directory)
}
