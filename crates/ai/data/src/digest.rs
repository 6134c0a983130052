//! SHA-256 digests as text: 64 lower-case hex digits, with `sha256:` before
//! them wherever people see them.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::Error;
use crate::error::Result;

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Digest(String);

const PREFIX: &str = "sha256:";

impl Digest {
    pub fn of(content: &[u8]) -> Digest {
        Digest::from_hash(Sha256::new_with_prefix(content))
    }

    pub fn from_hash(hash: Sha256) -> Digest {
        Digest(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// With or without `sha256:`.
    pub fn parse(field: &str, text: &str) -> Result<Digest> {
        let hex = text.strip_prefix(PREFIX).unwrap_or(text);
        let valid = hex.len() == 64 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        match valid {
            true => Ok(Digest(hex.to_owned())),
            false => Err(Error::invalid(
                field,
                format!("expected sha256: and 64 lower-case hex digits, got '{text}'"),
            )),
        }
    }

    /// The digits alone, as files are named.
    pub fn hex(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{PREFIX}{}", self.0)
    }
}

impl TryFrom<String> for Digest {
    type Error = Error;

    fn try_from(text: String) -> Result<Digest> {
        Digest::parse("digest", &text)
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> String {
        digest.to_string()
    }
}
