//! A body becomes a staged file, hashed on the way.
//!
//! Guarantees: what is returned is on the disk and is what the request announced; what
//! failed is removed.

use std::fs::File;
use std::io::Write;

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};
use md5::Digest as _;
use sha2::Digest as _;

use crate::blobs::{Staged, blocking};
use crate::checksum::{Announced, Hasher, Kept, hex};
use crate::error::{Error, Result};
use crate::{Buckets, checksum};

/// Gathered before it is hashed and written, off the threads that serve requests.
const PIECE: usize = 1 << 20;

pub(crate) struct Received {
    pub staged: Staged,
    pub digest: String,
    pub md5: [u8; 16],
    pub size: u64,
    pub checksum: Option<Kept>,
}

/// Hashes and writes.
pub(crate) struct Writer {
    file: File,
    sha256: sha2::Sha256,
    md5: md5::Md5,
    hasher: Option<Hasher>,
    size: u64,
}

impl Writer {
    pub fn new(staged: &Staged, hasher: Option<Hasher>) -> Result<Self> {
        let file = File::create_new(staged.path()).map_err(Error::file("storing an object"))?;
        let (sha256, md5) = (sha2::Sha256::new(), md5::Md5::new());
        Ok(Self { file, sha256, md5, hasher, size: 0 })
    }

    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.sha256.update(bytes);
        self.md5.update(bytes);
        if let Some(hasher) = &mut self.hasher {
            hasher.update(bytes);
        }
        self.size += bytes.len() as u64;
        self.file.write_all(bytes).map_err(Error::file("storing an object"))
    }

    /// Digest, MD5, size and checksum of what is on the disk now.
    pub fn finish(self) -> Result<(String, [u8; 16], u64, Option<String>)> {
        self.file.sync_all().map_err(Error::file("syncing an object"))?;
        let sum = self.hasher.map(Hasher::finish);
        Ok((hex(&self.sha256.finalize()), self.md5.finalize().into(), self.size, sum))
    }
}

impl Buckets {
    /// Takes a body in. `trailers` is asked when it has ended.
    pub(crate) async fn receive<E>(
        &self,
        project: &str,
        mut announced: Announced,
        body: impl Stream<Item = Result<Bytes, E>>,
        trailers: impl FnOnce() -> Option<http::HeaderMap>,
    ) -> Result<Received> {
        let limit = self.0.limits.put_bytes;
        if announced.length.is_some_and(|length| length > limit) {
            return Err(Error::TooLarge { limit });
        }
        let staged = self.0.blobs.stage(project)?;
        let mut writer =
            Writer::new(&staged, announced.algorithm.map(checksum::Algorithm::hasher))?;
        let mut gathered = BytesMut::new();
        let mut received = 0;
        let mut body = std::pin::pin!(body);
        while let Some(piece) = body.next().await {
            let piece = piece.map_err(|_| Error::BrokenOff)?;
            received += piece.len() as u64;
            if received > limit {
                return Err(Error::TooLarge { limit });
            }
            gathered.extend_from_slice(&piece);
            if gathered.len() >= PIECE {
                let full = gathered.split();
                writer = blocking(move || writer.write(&full).map(|()| writer)).await?;
            }
        }
        if let Some(announced) = announced.length.filter(|length| *length != received) {
            return Err(Error::Incomplete { announced, received });
        }
        let finish = move || {
            writer.write(&gathered)?;
            writer.finish()
        };
        let (digest, md5, size, sum) = blocking(finish).await?;
        announced.trailed(trailers());
        same("Content-MD5", announced.md5, &hex(&md5))?;
        let sum = sum.unwrap_or_default();
        same("the checksum", announced.value, &sum)?;
        let checksum =
            announced.algorithm.map(|algorithm| Kept { algorithm, value: sum, composite: false });
        Ok(Received { staged, digest, md5, size, checksum })
    }
}

fn same(what: &'static str, expected: Option<String>, actual: &str) -> Result<()> {
    match expected {
        Some(expected) if expected != actual => {
            Err(Error::Checksum { what, expected, actual: actual.to_owned() })
        }
        _ => Ok(()),
    }
}
