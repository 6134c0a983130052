//! Content out of the store: to readers, and by link to whoever keeps files by their
//! digests, too.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::PathBuf;

use bytes::Bytes;
use futures::Stream;
use sha2::Digest as _;
use sqlx::Row;

use crate::blobs::blocking;
use crate::checksum::hex;
use crate::error::{Error, Result};
use crate::{Buckets, Object, names};

const PIECE: usize = 256 << 10;

/// A file whose content is known by its digest, to be linked and not copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linkable {
    /// What is left of the key behind the prefix.
    pub path: String,
    /// SHA-256, hexadecimal.
    pub digest: String,
    pub size: u64,
    pub at: PathBuf,
}

/// An open file, a part of which is read.
pub(crate) struct Reading {
    file: File,
    left: u64,
    /// When all of it is read, it must have this digest.
    check: Option<(sha2::Sha256, String)>,
}

impl Reading {
    /// # Errors
    /// When the file is shorter than its size.
    pub fn new(mut file: File, size: u64, digest: &str, range: &Range<u64>) -> Result<Self> {
        let failed = Error::file("reading an object");
        if file.metadata().map_err(&failed)?.len() != size {
            return Err(Error::Damaged { digest: digest.to_owned() });
        }
        file.seek(SeekFrom::Start(range.start)).map_err(&failed)?;
        let whole = *range == (0..size);
        let check = whole.then(|| (sha2::Sha256::new(), digest.to_owned()));
        Ok(Self { file, left: range.end - range.start, check })
    }

    /// The bytes; the last piece of a whole object is kept back until all of it was found
    /// undamaged, so that a reader never takes damaged content for whole.
    pub fn stream(self) -> impl Stream<Item = Result<Bytes>> + Send + Sync + 'static {
        futures::stream::try_unfold(self, |reading| async move {
            match reading.left {
                0 => Ok(None),
                _ => blocking(move || reading.piece()).await.map(Some),
            }
        })
    }

    fn piece(mut self) -> Result<(Bytes, Self)> {
        let failed = Error::file("reading an object");
        let length = usize::try_from(self.left).map_or(PIECE, |left| left.min(PIECE));
        let mut buffer = vec![0; length];
        self.file.read_exact(&mut buffer).map_err(&failed)?;
        self.left -= length as u64;
        if let Some((sha256, _)) = &mut self.check {
            sha256.update(&buffer);
        }
        if self.left == 0
            && let Some((sha256, digest)) = self.check.take()
            && hex(&sha256.finalize()) != digest
        {
            tracing::error!(digest, "stored content is damaged; broke off a download");
            return Err(Error::Damaged { digest });
        }
        Ok((buffer.into(), self))
    }
}

impl Buckets {
    /// An object and its open file. Once open, it is read to its end whatever becomes of
    /// the key.
    pub(crate) async fn open_object(
        &self,
        project: &str,
        bucket: &str,
        key: &str,
    ) -> Result<(Object, File)> {
        // Between the look at the row and at the file another write may come.
        const TRIES: usize = 5;
        let mut tried = 0;
        loop {
            let object = self.object(project, bucket, key).await?;
            let (buckets, of, digest) = (self.clone(), project.to_owned(), object.digest.clone());
            let opened = blocking(move || Ok(buckets.0.blobs.open_blob(&of, &digest))).await?;
            tried += 1;
            match opened {
                Ok(file) => return Ok((object, file)),
                Err(error) if error.kind() == ErrorKind::NotFound && tried < TRIES => {}
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    return Err(Error::Damaged { digest: object.digest });
                }
                Err(error) => return Err(Error::file("reading an object")(error)),
            }
        }
    }

    /// The objects below a prefix as they are at one moment, for a link to each. Markers
    /// of empty folders are left out.
    ///
    /// # Errors
    /// [`Error::NoBucket`], and [`Error::NoObject`] when nothing begins with the prefix.
    pub async fn linkable(
        &self,
        project: &str,
        bucket: &str,
        prefix: &str,
    ) -> Result<Vec<Linkable>> {
        self.require_bucket(project, bucket).await?;
        let rows = sqlx::query(
            "SELECT key, digest, size FROM bucket_objects WHERE project = $1 AND bucket = $2 \
             AND key >= $3 AND ($4 = '' OR key < $4) ORDER BY key",
        )
        .bind(project.to_owned())
        .bind(bucket.to_owned())
        .bind(prefix.to_owned())
        .bind(names::after_all(prefix).unwrap_or_default())
        .fetch_all(self.0.database.read())
        .await?;
        let mut found = Vec::with_capacity(rows.len());
        for row in rows {
            let (key, digest): (String, String) = (row.try_get(0)?, row.try_get(1)?);
            let Some(path) = below(&key, prefix) else { continue };
            found.push(Linkable {
                path: path.to_owned(),
                at: self.0.blobs.path(project, &digest),
                digest,
                size: row.try_get::<i64, _>(2)?.unsigned_abs(),
            });
        }
        match found.is_empty() {
            true => Err(Error::NoObject(format!("{prefix}…"))),
            false => Ok(found),
        }
    }
}

/// What is left of a key: behind the folder that the prefix names, or of a key that is
/// the prefix, its last part. `None` for what the prefix does not name whole.
fn below<'a>(key: &'a str, prefix: &str) -> Option<&'a str> {
    if key.ends_with('/') {
        return None;
    }
    let rest = key.strip_prefix(prefix)?;
    match rest.is_empty() {
        true => key.rsplit('/').next(),
        false if prefix.is_empty() || prefix.ends_with('/') => Some(rest),
        false => rest.strip_prefix('/'),
    }
}

#[cfg(test)]
mod tests {
    use super::below;

    #[test]
    fn paths_are_what_is_left_behind_the_prefix() {
        assert_eq!(below("raw/a/1.csv", "raw"), Some("a/1.csv"));
        assert_eq!(below("raw/a/1.csv", "raw/"), Some("a/1.csv"));
        assert_eq!(below("raw/1.csv", "raw/1.csv"), Some("1.csv"));
        assert_eq!(below("raw/1.csv", ""), Some("raw/1.csv"));
        assert_eq!(below("rawer/1.csv", "raw"), None);
        assert_eq!(below("raw/", "raw"), None);
    }
}
