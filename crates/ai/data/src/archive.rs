//! An archive as one upload: tar, tar.gz or zip, unpacked into the files of an
//! open upload.
//!
//! Expected flow: the archive is stored beside the upload's files, unpacked
//! into a folder of its own, checked as a whole, and only then added.
//!
//! Guarantees: all of its files are added or none. What an archive may unpack
//! to is bounded by its own size, so that a small one cannot fill the disk.
//! Memory does not depend on what it claims.

mod tar;
mod unpacking;
mod zip;

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use axum::body::Bytes;
use flate2::read::MultiGzDecoder;
use futures::Stream;
use serde::Serialize;
use uuid::Uuid;

use crate::blobs::{absent_is_fine, receive};
use crate::error::Result;
use crate::manifest::Manifest;
use crate::scope::Scope;
use crate::uploads::{Staged, Upload, entry};
use crate::usage::Charge;
use crate::versions::blocking;
use crate::{Data, Error, journal, paths};
use unpacking::{Bounded, Unpacking};

/// What an archive added to its upload.
#[derive(Debug, Serialize)]
pub(crate) struct Added {
    files: usize,
    bytes: u64,
}

type Files = Vec<(String, Staged)>;

impl Data {
    /// Adds an archive's files to an open upload, below the folder `under` unless that is empty.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is no whole archive, or a path in it is none;
    /// [`Error::TooLarge`]; [`Error::Quota`]; [`Error::BrokenOff`].
    pub(crate) async fn import<E>(
        &self,
        scope: &Scope,
        id: &str,
        under: &str,
        body: impl Stream<Item = Result<Bytes, E>>,
    ) -> Result<Added> {
        if !under.is_empty() {
            paths::file(under)?;
        }
        let shared = self.upload(&scope.project, id).await?;
        let folder = {
            let mut upload = shared.lock().await;
            upload.touch();
            upload.directory.join(Uuid::new_v4().simple().to_string())
        };
        tokio::fs::create_dir(&folder).await.map_err(Error::file("making a staging directory"))?;
        let outcome = async {
            let (files, charge) = self.unpack(scope, &folder, under, body).await?;
            // Content that is there already must not be collected before it is named.
            let _kept = self.inner.collecting.read().await;
            let (data, mut upload) = (self.clone(), shared.clone().lock_owned().await);
            blocking(move || data.add(&mut upload, files, charge)).await
        }
        .await;
        if outcome.is_err() {
            absent_is_fine(tokio::fs::remove_dir_all(&folder).await)
                .map_err(Error::file("removing an archive"))?;
            // An upload that was given up meanwhile is gone, and says so.
            self.upload(&scope.project, id).await?;
        }
        outcome
    }

    async fn unpack<E>(
        &self,
        scope: &Scope,
        folder: &Path,
        under: &str,
        body: impl Stream<Item = Result<Bytes, E>>,
    ) -> Result<(Files, Charge)> {
        let mut arriving = self.charge(&scope.project).await?;
        let archive = folder.join("archive");
        let (_, size) = receive(&archive, body, |bytes| arriving.add(bytes)).await?;
        let charge = self.charge(&scope.project).await?;
        let limits = &self.inner.limits;
        let most = size.saturating_mul(limits.archive_ratio).max(limits.archive_bytes);
        let unpacking = Unpacking::new(folder, under, limits.files_per_upload, most, charge);
        blocking(move || {
            let unpacked = read(&archive, unpacking)?;
            std::fs::remove_file(&archive).map_err(Error::file("removing an archive"))?;
            Ok(unpacked)
        })
        .await
    }

    /// Adds all files, or none.
    fn add(&self, upload: &mut Upload, files: Files, mut charge: Charge) -> Result<Added> {
        if upload.closed {
            return Err(Error::NotFound { what: "open upload", name: upload.id.clone() });
        }
        let added =
            Added { files: files.len(), bytes: files.iter().map(|(_, file)| file.size).sum() };
        let mut all = upload.files.clone();
        let (mut added_paths, mut replaced) = (Vec::new(), Vec::new());
        for (path, mut file) in files {
            if self.inner.blobs.has(&upload.project, &file.digest) {
                charge.give_back(std::mem::take(&mut file.charged));
                let entry = entry(&path, &file.digest, file.size);
                if self.is_whole(&upload.project, &entry)? {
                    replaced.extend(file.at.take().map(|at| (Some(at), 0)));
                }
            }
            added_paths.push(path.clone());
            if let Some(Staged { at, charged, .. }) = all.insert(path, file) {
                replaced.push((at, charged));
            }
        }
        let most = self.inner.limits.files_per_upload;
        if all.len() > most {
            return Err(Error::TooLarge { what: "the upload", limit: format!("{most} files") });
        }
        let before = std::mem::replace(&mut upload.files, all);
        if let Err(error) = Manifest::new(upload.entries()) {
            upload.files = before;
            return Err(error);
        }
        let noted = added_paths.iter().map(|path| (path.as_str(), &upload.files[path]));
        if let Err(error) = journal::add(&upload.directory, noted) {
            upload.files = before;
            return Err(error);
        }
        charge.keep();
        for (at, charged) in replaced {
            self.refund(&upload.project, charged);
            // It goes with the staging directory at the latest.
            let _ = at.map(std::fs::remove_file);
        }
        upload.touch();
        Ok(added)
    }
}

fn read(archive: &Path, mut into: Unpacking) -> Result<(Files, Charge)> {
    let failed = Error::file("reading an archive");
    let mut file = File::open(archive).map_err(&failed)?;
    let mut start = [0; 512];
    let length = fill(&mut file, &mut start).map_err(&failed)?;
    file.seek(SeekFrom::Start(0)).map_err(&failed)?;
    match &start[..length] {
        [0x1f, 0x8b, ..] => {
            let mut plain = Bounded::new(MultiGzDecoder::new(file), into.most());
            tar::read(&mut plain, &mut into)?;
        }
        [b'P', b'K', 3 | 5, 4 | 6, ..] => zip::read(file, &mut into)?,
        block if tar::is_header(block) => {
            tar::read(&mut Bounded::new(file, u64::MAX), &mut into)?;
        }
        _ => {
            return Err(Error::invalid(
                "archive",
                "it is neither tar, tar.gz nor zip; other compressions are not taken",
            ));
        }
    }
    into.finish()
}

/// As much as there is.
fn fill(from: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match from.read(&mut buffer[length..])? {
            0 => break,
            read => length += read,
        }
    }
    Ok(length)
}

fn broken(problem: impl std::fmt::Display) -> Error {
    Error::invalid("archive", format!("it is broken: {problem}; nothing of it was taken"))
}

/// A file of the archive on its way.
fn staged_at(folder: &Path) -> PathBuf {
    folder.join(Uuid::new_v4().simple().to_string())
}
