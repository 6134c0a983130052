//! Parts become one object.
//!
//! Expected flow: the list is checked against the parts, their bytes are written one
//! after the other into a staged file, and one transaction names it and ends the upload.
//! Guarantees: a crash or an error leaves the upload as it was, to be completed again.

use std::fs::File;
use std::io::{ErrorKind, Read};

use md5::Digest as _;
use sha2::Digest as _;

use crate::blobs::{Staged, blocking};
use crate::checksum::{Hasher, Kept, composite, hex};
use crate::error::{Error, Result};
use crate::objects::{Content, Put};
use crate::receive::Writer;
use crate::uploads::{Of, Part, Upload};
use crate::{Buckets, Condition, Object};

const PIECE: usize = 1 << 20;

/// A part as the one who completes names it.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub number: i64,
    pub etag: Option<String>,
    /// Base64.
    pub checksum: Option<String>,
}

/// A list of parts that fits what was uploaded.
pub(crate) struct Complete {
    upload: Upload,
    parts: Vec<Part>,
    put: Put,
    /// What the whole object's checksum must be.
    expected: Option<String>,
}

struct Joined {
    staged: Staged,
    digest: String,
    size: u64,
    checksum: Option<String>,
}

impl Buckets {
    /// Checks a list of parts.
    ///
    /// # Errors
    /// When it is empty or out of order, names a part that is not there, or one that is
    /// too small.
    pub(crate) async fn check_completion(
        &self,
        of: Of<'_>,
        named: Vec<Named>,
        condition: Condition,
        expected: Option<String>,
    ) -> Result<Complete> {
        let upload = self.upload(of).await?;
        if named.is_empty() {
            return Err(Error::invalid("CompleteMultipartUpload", "it lists no parts"));
        }
        let stored = self.all_parts(of.id).await?;
        let mut parts: Vec<Part> = Vec::with_capacity(named.len());
        for Named { number, etag, checksum } in named {
            if parts.last().is_some_and(|before| before.number >= number) {
                return Err(Error::PartOrder);
            }
            let part = stored
                .binary_search_by_key(&number, |part| part.number)
                .map(|at| stored[at].clone())
                .map_err(|_| Error::Part { number })?;
            let known = part.checksum.as_ref().map(|kept| &kept.value);
            let fits = etag.is_none_or(|etag| etag == part.md5)
                && checksum.as_ref().is_none_or(|sum| known == Some(sum));
            if !fits {
                return Err(Error::Part { number });
            }
            parts.push(part);
        }
        let least = self.0.limits.part_bytes;
        let short = parts[..parts.len() - 1].iter().find(|part| part.size < least);
        if let Some(Part { number, size, .. }) = short {
            return Err(Error::PartTooSmall { number: *number, size: *size, least });
        }
        // Looked at again when the object is named; here, so that the answer is a plain one.
        if condition != Condition::None {
            let found = match self.object(of.project, of.bucket, of.key).await {
                Ok(object) => Some(object.etag),
                Err(Error::NoObject(_)) => None,
                Err(error) => return Err(error),
            };
            if !condition.holds(found.as_deref()) {
                return Err(Error::Condition);
            }
        }
        let put = Put {
            project: of.project.to_owned(),
            bucket: of.bucket.to_owned(),
            key: of.key.to_owned(),
            headers: upload.headers.clone(),
            condition,
        };
        Ok(Complete { upload, parts, put, expected })
    }

    pub(crate) async fn complete(&self, complete: Complete) -> Result<Object> {
        let Complete { upload, parts, put, expected } = complete;
        let full = upload.plan.algorithm.filter(|_| upload.plan.full);
        let (buckets, project, list) = (self.clone(), put.project.clone(), parts.clone());
        let hasher = full.map(crate::Algorithm::hasher);
        let joined = blocking(move || buckets.join(&project, &list, hasher)).await?;
        if let (Some(expected), Some(actual)) = (&expected, &joined.checksum)
            && expected != actual
        {
            let (expected, actual) = (expected.clone(), actual.clone());
            return Err(Error::Checksum { what: "the checksum", expected, actual });
        }
        let checksum = match (full, upload.plan.algorithm) {
            (Some(algorithm), _) => {
                joined.checksum.map(|value| Kept { algorithm, value, composite: false })
            }
            (None, Some(algorithm)) => {
                let sums = parts.iter().filter_map(|part| part.checksum.as_ref());
                let sums: Vec<String> = sums.map(|kept| kept.value.clone()).collect();
                (sums.len() == parts.len()).then(|| composite(algorithm, &sums))
            }
            (None, None) => None,
        };
        let content = Content {
            digest: joined.digest,
            size: joined.size,
            etag: etag(&parts),
            checksum,
            staged: Some(joined.staged),
        };
        self.name(put, content, Some(&upload.id)).await
    }

    /// Writes the bytes of parts one after the other.
    fn join(&self, project: &str, parts: &[Part], hasher: Option<Hasher>) -> Result<Joined> {
        let staged = self.0.blobs.stage(project)?;
        let mut writer = Writer::new(&staged, hasher)?;
        let mut buffer = vec![0; PIECE];
        for part in parts {
            let opened = self.0.blobs.open_blob(project, &part.digest);
            let mut file: File = opened.map_err(|error| match error.kind() {
                // Aborted or completed by somebody else meanwhile.
                ErrorKind::NotFound => Error::NoUpload,
                _ => Error::file("reading a part")(error),
            })?;
            let mut sha256 = sha2::Sha256::new();
            loop {
                let read = file.read(&mut buffer).map_err(Error::file("reading a part"))?;
                if read == 0 {
                    break;
                }
                sha256.update(&buffer[..read]);
                writer.write(&buffer[..read])?;
            }
            if hex(&sha256.finalize()) != part.digest {
                return Err(Error::Damaged { digest: part.digest.clone() });
            }
        }
        let (digest, _, size, checksum) = writer.finish()?;
        Ok(Joined { staged, digest, size, checksum })
    }
}

/// The MD5 of the parts' MD5s, and how many they are.
fn etag(parts: &[Part]) -> String {
    let mut md5 = md5::Md5::new();
    for part in parts {
        for pair in part.md5.as_bytes().chunks(2) {
            let digits = std::str::from_utf8(pair).unwrap_or_default();
            md5.update([u8::from_str_radix(digits, 16).unwrap_or_default()]);
        }
    }
    format!("{}-{}", hex(&md5.finalize()), parts.len())
}
