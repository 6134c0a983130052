//! S3's additional checksums: which one a request announces, in a header or in a trailer
//! behind the body, and what is kept of it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Sha1, Sha256};
use s3s::dto;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Algorithm {
    Crc32,
    Crc32c,
    Crc64nvme,
    Sha1,
    Sha256,
}

const ALL: [Algorithm; 5] =
    [Algorithm::Crc32, Algorithm::Crc32c, Algorithm::Crc64nvme, Algorithm::Sha1, Algorithm::Sha256];

impl Algorithm {
    /// As S3 writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Crc32 => dto::ChecksumAlgorithm::CRC32,
            Self::Crc32c => dto::ChecksumAlgorithm::CRC32C,
            Self::Crc64nvme => dto::ChecksumAlgorithm::CRC64NVME,
            Self::Sha1 => dto::ChecksumAlgorithm::SHA1,
            Self::Sha256 => dto::ChecksumAlgorithm::SHA256,
        }
    }

    /// # Errors
    /// When the word names none that is known.
    pub fn parse(word: &str) -> Result<Self> {
        let found = ALL.into_iter().find(|one| one.word().eq_ignore_ascii_case(word));
        found.ok_or_else(|| {
            let known = ALL.map(Self::word).join(", ");
            Error::invalid("x-amz-checksum-algorithm", format!("'{word}' is none of {known}"))
        })
    }

    fn header(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64nvme => "x-amz-checksum-crc64nvme",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    pub(crate) fn hasher(self) -> Hasher {
        let mut hasher = ChecksumHasher::default();
        match self {
            Self::Crc32 => hasher.crc32 = Some(Crc32::new()),
            Self::Crc32c => hasher.crc32c = Some(Crc32c::new()),
            Self::Crc64nvme => hasher.crc64nvme = Some(Crc64Nvme::new()),
            Self::Sha1 => hasher.sha1 = Some(Sha1::new()),
            Self::Sha256 => hasher.sha256 = Some(Sha256::new()),
        }
        Hasher(self, hasher)
    }
}

pub(crate) struct Hasher(Algorithm, ChecksumHasher);

impl Hasher {
    pub fn update(&mut self, bytes: &[u8]) {
        self.1.update(bytes);
    }

    /// In base64.
    pub fn finish(self) -> String {
        let sums = self.1.finalize();
        let sum = match self.0 {
            Algorithm::Crc32 => sums.checksum_crc32,
            Algorithm::Crc32c => sums.checksum_crc32c,
            Algorithm::Crc64nvme => sums.checksum_crc64nvme,
            Algorithm::Sha1 => sums.checksum_sha1,
            Algorithm::Sha256 => sums.checksum_sha256,
        };
        sum.unwrap_or_default()
    }
}

/// What is kept of a checksum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub algorithm: Algorithm,
    /// Base64; of parts' checksums, with `-` and their number behind it.
    pub value: String,
    /// Of the parts' checksums, not of the bytes.
    #[serde(default)]
    pub composite: bool,
}

/// A part's or an object's checksum as a column holds it: empty for none.
pub(crate) fn text(kept: Option<&Kept>) -> String {
    kept.map_or_else(String::new, |kept| serde_json::json!(kept).to_string())
}

pub(crate) fn read(text: &str) -> Option<Kept> {
    serde_json::from_str(text).ok()
}

/// The checksum of parts' checksums.
pub(crate) fn composite(algorithm: Algorithm, parts: &[String]) -> Kept {
    let mut hasher = algorithm.hasher();
    for part in parts {
        hasher.update(&STANDARD.decode(part).unwrap_or_default());
    }
    let value = format!("{}-{}", hasher.finish(), parts.len());
    Kept { algorithm, value, composite: true }
}

/// What a request says of its body before it is read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Announced {
    pub length: Option<u64>,
    /// Hexadecimal.
    pub md5: Option<String>,
    pub algorithm: Option<Algorithm>,
    /// `None` when it comes in a trailer, or not at all.
    pub value: Option<String>,
}

impl Announced {
    /// # Errors
    /// When `Content-MD5` is no base64 of 16 bytes, or several checksums are given.
    pub fn read(headers: &HeaderMap, length: Option<i64>) -> Result<Self> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let md5 = text("content-md5").map(md5).transpose()?;
        let mut given = ALL.into_iter().filter_map(|one| Some((one, text(one.header())?)));
        let first = given.next();
        if given.next().is_some() {
            let problem = "several are given; send one";
            return Err(Error::invalid("x-amz-checksum", problem));
        }
        let trailer = text("x-amz-trailer").map(str::to_ascii_lowercase).unwrap_or_default();
        let promised = trailer
            .split(',')
            .find_map(|name| ALL.into_iter().find(|one| one.header() == name.trim()));
        let asked = match text("x-amz-sdk-checksum-algorithm") {
            Some(word) => Some(Algorithm::parse(word)?),
            None => None,
        };
        Ok(Self {
            length: length.and_then(|length| u64::try_from(length).ok()),
            md5,
            algorithm: first.map(|(one, _)| one).or(promised).or(asked),
            value: first.map(|(_, value)| value.to_owned()),
        })
    }

    /// What a trailer says, if one came.
    pub fn trailed(&mut self, trailers: Option<HeaderMap>) {
        let (Some(trailers), Some(algorithm)) = (trailers, self.algorithm) else { return };
        let value = trailers.get(algorithm.header()).and_then(|value| value.to_str().ok());
        self.value = value.map(str::to_owned).or(self.value.take());
    }
}

fn md5(base64: &str) -> Result<String> {
    match STANDARD.decode(base64) {
        Ok(bytes) if bytes.len() == 16 => Ok(hex(&bytes)),
        _ => Err(Error::invalid("Content-MD5", "expected 16 bytes in base64")),
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_is_announced_in_a_header_or_a_trailer() {
        let mut headers = HeaderMap::new();
        headers.insert("x-amz-trailer", "x-amz-checksum-crc32".parse().expect("a value"));
        let mut announced = Announced::read(&headers, Some(5)).expect("reads");
        assert_eq!((announced.algorithm, &announced.value), (Some(Algorithm::Crc32), &None));
        let mut trailers = HeaderMap::new();
        trailers.insert("x-amz-checksum-crc32", "NhCmhg==".parse().expect("a value"));
        announced.trailed(Some(trailers));
        let mut hasher = Algorithm::Crc32.hasher();
        hasher.update(b"hello");
        assert_eq!(announced.value, Some(hasher.finish()));
        headers.insert("content-md5", "short".parse().expect("a value"));
        assert!(matches!(Announced::read(&headers, None), Err(Error::Invalid { .. })));
    }

    #[test]
    fn a_composite_is_the_checksum_of_checksums() {
        // What S3 answers for two parts "hello" is the CRC32 of both sums.
        let mut hasher = Algorithm::Crc32.hasher();
        hasher.update(&[0x36, 0x10, 0xa6, 0x86, 0x36, 0x10, 0xa6, 0x86]);
        let expected = format!("{}-2", hasher.finish());
        let parts = ["NhCmhg==".to_owned(), "NhCmhg==".to_owned()];
        assert_eq!(composite(Algorithm::Crc32, &parts).value, expected);
    }
}
