//! Code bundles: a tar stream unpacked into content, so that the same files
//! have the same digest whatever the archive's times and owners say.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use axum::body::Bytes;
use futures::Stream;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tar::{Archive, Entry, EntryType};
use uuid::Uuid;

use crate::blobs::{absent_is_fine, receive};
use crate::commit::{Staged, record_blobs};
use crate::digest::Digest;
use crate::error::Result;
use crate::manifest::FileEntry;
use crate::scope::Scope;
use crate::versions::blocking;
use crate::{Data, Error, Limits, paths};

#[derive(Debug, Serialize)]
pub(crate) struct Bundle {
    digest: String,
    files: usize,
    bytes: u64,
}

impl Data {
    pub(crate) async fn put_code<E>(
        &self,
        scope: &Scope,
        body: impl Stream<Item = Result<Bytes, E>>,
    ) -> Result<Bundle> {
        let staging =
            self.inner.blobs.staging(&scope.project, &Uuid::new_v4().simple().to_string());
        tokio::fs::create_dir_all(&staging)
            .await
            .map_err(Error::file("making a staging directory"))?;
        let outcome = self.unpack_and_store(scope, &staging, body).await;
        let removed = absent_is_fine(tokio::fs::remove_dir_all(&staging).await);
        if let Err(error) = removed {
            tracing::warn!(%error, "cannot remove a bundle's staging directory");
        }
        outcome
    }

    async fn unpack_and_store<E>(
        &self,
        scope: &Scope,
        staging: &Path,
        body: impl Stream<Item = Result<Bytes, E>>,
    ) -> Result<Bundle> {
        let limit = self.inner.limits.code_bytes;
        let mut arriving = self.charge(&scope.project).await?;
        // Headers and padding of each entry, long names, the end's padding.
        let longest_archive = limit
            .saturating_add(2048 * self.inner.limits.code_entries as u64)
            .saturating_add(64 << 10);
        let mut received = 0;
        let archive = staging.join("bundle.tar");
        receive(&archive, body, |bytes| {
            received += bytes;
            match received > longest_archive {
                true => Err(too_large(limit)),
                false => arriving.add(bytes),
            }
        })
        .await?;
        let (limits, into) = (self.inner.limits.clone(), staging.to_owned());
        let unpacked = blocking(move || unpack(&archive, &into, &limits)).await?;
        drop(arriving);
        let _kept = self.inner.collecting.read().await;
        let mut charge = self.charge(&scope.project).await?;
        let fresh = unpacked
            .iter()
            .filter(|(entry, _)| !self.inner.blobs.has(&scope.project, &entry.digest));
        charge.add(fresh.map(|(entry, _)| entry.size).sum())?;
        let durable = self.store(&scope.project, staging.to_owned(), unpacked).await?;
        let bundle = Bundle {
            digest: durable.digest.to_string(),
            files: durable.manifest.files.len(),
            bytes: durable.manifest.bytes(),
        };
        let mut transaction = self.inner.database.begin().await?;
        let recorded = record_blobs(&mut transaction, &scope.project, &durable.manifest).await?;
        sqlx::query(
            "INSERT INTO data_code (project, digest, files, bytes, created_at, created_by) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        )
        .bind(scope.project.clone())
        .bind(bundle.digest.clone())
        .bind(bundle.files as i64)
        .bind(bundle.bytes as i64)
        .bind(jiff::Timestamp::now().as_millisecond())
        .bind(scope.user.clone())
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        // The same content twice in a bundle, or in another one at the same time, costs once.
        charge.settle(recorded);
        Ok(bundle)
    }

    /// Whether the project has this bundle.
    pub(crate) async fn code(&self, project: &str, digest: &str) -> Result<Digest> {
        let digest = Digest::parse("bundle", digest)?;
        let found = sqlx::query("SELECT files FROM data_code WHERE project = $1 AND digest = $2")
            .bind(project.to_owned())
            .bind(digest.to_string())
            .fetch_optional(self.inner.database.read())
            .await?;
        match found {
            Some(_) => Ok(digest),
            None => Err(Error::NotFound { what: "code bundle", name: digest.to_string() }),
        }
    }
}

fn too_large(limit: u64) -> Error {
    Error::TooLarge { what: "the code bundle", limit: format!("{limit} bytes") }
}

fn broken(error: io::Error) -> Error {
    Error::invalid("bundle", format!("it is no whole tar archive: {error}"))
}

fn unpack(archive: &Path, into: &Path, limits: &Limits) -> Result<Vec<Staged>> {
    let mut file = File::open(archive).map_err(Error::file("reading a bundle"))?;
    let mut start = [0; 2];
    if file.read_exact(&mut start).is_ok() && start == [0x1f, 0x8b] {
        return Err(Error::invalid(
            "bundle",
            "it is compressed with gzip; send a plain tar (tar -cf, without -z)",
        ));
    }
    let mut archive = Archive::new(File::open(archive).map_err(Error::file("reading a bundle"))?);
    let mut files = std::collections::BTreeMap::new();
    let mut bytes = 0;
    for (count, entry) in archive.entries().map_err(broken)?.enumerate() {
        if count >= limits.code_entries {
            let limit = format!("{} entries", limits.code_entries);
            return Err(Error::TooLarge { what: "the code bundle", limit });
        }
        let entry = entry.map_err(broken)?;
        bytes += entry.size();
        if bytes > limits.code_bytes {
            return Err(too_large(limits.code_bytes));
        }
        if let Some(path) = regular(&entry)? {
            let (entry, at) = extract(entry, path, into)?;
            // Of two entries with one path the later wins, as with tar.
            files.insert(entry.path.clone(), (entry, Some(at)));
        }
    }
    if files.is_empty() {
        return Err(Error::invalid("bundle", "it has no files"));
    }
    Ok(files.into_values().collect())
}

/// The path of a regular file; `None` for what is merely passed over.
fn regular(entry: &Entry<'_, File>) -> Result<Option<String>> {
    let raw = entry.path_bytes();
    let path = std::str::from_utf8(&raw).map_err(|_| {
        Error::invalid("bundle", format!("a path is not UTF-8: {}", String::from_utf8_lossy(&raw)))
    })?;
    let path = path.strip_prefix("./").unwrap_or(path);
    match entry.header().entry_type() {
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
            paths::file(path)?;
            Ok(Some(path.to_owned()))
        }
        EntryType::Directory | EntryType::XGlobalHeader => Ok(None),
        EntryType::Symlink | EntryType::Link => Err(Error::invalid(
            "bundle",
            format!(
                "'{path}' is a link; only files and directories are taken. Pack with tar --dereference --hard-dereference"
            ),
        )),
        other => Err(Error::invalid(
            "bundle",
            format!("'{path}' is neither a file nor a directory ({other:?})"),
        )),
    }
}

fn extract(mut from: Entry<'_, File>, path: String, into: &Path) -> Result<(FileEntry, PathBuf)> {
    let failed = Error::file("unpacking a bundle");
    let at = into.join(Uuid::new_v4().simple().to_string());
    let mut to = File::create_new(&at).map_err(&failed)?;
    let (mut hash, mut size) = (Sha256::new(), 0);
    let mut buffer = vec![0; 64 << 10];
    loop {
        let length = from.read(&mut buffer).map_err(broken)?;
        if length == 0 {
            break;
        }
        size += length as u64;
        hash.update(&buffer[..length]);
        to.write_all(&buffer[..length]).map_err(&failed)?;
    }
    let executable = from.header().mode().is_ok_and(|mode| mode & 0o111 != 0);
    Ok((FileEntry { path, digest: Digest::from_hash(hash), size, executable }, at))
}
