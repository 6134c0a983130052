//! Words that must not be shown: in no answer, no log, no debug print.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// What stands where a secret would be, as in Alertmanager's answers.
pub const MASK: &str = "<secret>";

/// A password, token, or address that is as good as one.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("****")
    }
}

/// A secret in the configuration, or in a file of its own, which is read at each use so
/// that a rotated secret counts at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    Given(Secret),
    File(PathBuf),
}

impl Source {
    pub fn choose(given: Option<&Secret>, file: Option<&Path>) -> Option<Self> {
        match (given, file) {
            (Some(secret), _) => Some(Source::Given(secret.clone())),
            (None, Some(path)) => Some(Source::File(path.to_owned())),
            (None, None) => None,
        }
    }

    /// # Errors
    /// Which file cannot be read, and why.
    pub fn read(&self) -> Result<Secret, String> {
        match self {
            Source::Given(secret) => Ok(secret.clone()),
            Source::File(path) => std::fs::read_to_string(path)
                .map(|text| Secret(text.trim().to_owned()))
                .map_err(|error| format!("cannot read the secret in {}: {error}", path.display())),
        }
    }
}
