//! What a version consists of: paths, each with content, size and whether it
//! is a program. Its canonical text is stored like any content, and the digest
//! of that text is the digest of the version.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::digest::Digest;
use crate::error::Result;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Sorted by path.
    pub(crate) files: Vec<FileEntry>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileEntry {
    pub path: String,
    pub(crate) digest: Digest,
    pub size: u64,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub executable: bool,
}

impl FileEntry {
    /// `sha256:…`
    pub fn digest(&self) -> String {
        self.digest.to_string()
    }
}

impl Manifest {
    /// # Errors
    /// When one path is a file and also the directory of another.
    pub(crate) fn new(mut files: Vec<FileEntry>) -> Result<Manifest> {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let names: std::collections::HashSet<&str> =
            files.iter().map(|file| file.path.as_str()).collect();
        for file in &files {
            let directory = file
                .path
                .match_indices('/')
                .map(|(at, _)| &file.path[..at])
                .find(|d| names.contains(d));
            if let Some(directory) = directory {
                return Err(Error::invalid(
                    "path",
                    format!("'{directory}' is a file and a directory of '{}'", file.path),
                ));
            }
        }
        Ok(Manifest { files })
    }

    pub fn files(&self) -> &[FileEntry] {
        &self.files
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }

    /// The canonical text.
    pub(crate) fn text(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a manifest is plain text and numbers")
    }

    pub(crate) fn parse(digest: &Digest, text: &[u8]) -> Result<Manifest> {
        serde_json::from_slice(text).map_err(|_| Error::Damaged {
            digest: digest.to_string(),
            actual: Digest::of(text).to_string(),
        })
    }

    pub(crate) fn file(&self, path: &str) -> Option<&FileEntry> {
        let at = self.files.binary_search_by(|file| file.path.as_str().cmp(path)).ok()?;
        self.files.get(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str, content: &str) -> FileEntry {
        FileEntry {
            path: path.into(),
            digest: Digest::of(content.as_bytes()),
            size: content.len() as u64,
            executable: false,
        }
    }

    #[test]
    fn order_of_upload_does_not_matter_and_conflicts_are_refused() {
        let one = Manifest::new(vec![entry("b", "2"), entry("a/x", "1")]).expect("valid");
        let two = Manifest::new(vec![entry("a/x", "1"), entry("b", "2")]).expect("valid");
        assert_eq!(one.text(), two.text());
        assert_eq!(Manifest::parse(&Digest::of(b""), &one.text()).expect("parses"), two);
        for files in [
            vec![entry("a", "1"), entry("a/b", "2")],
            vec![entry("a", ""), entry("a-b", ""), entry("a/b/c", "")],
        ] {
            assert!(matches!(Manifest::new(files), Err(Error::Invalid { .. })));
        }
    }
}
