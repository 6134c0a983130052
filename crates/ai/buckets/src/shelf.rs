//! The read-only bucket `datasets`: folders that somebody else owns.

use std::path::PathBuf;

use async_trait::async_trait;

use crate::error::Result;
use crate::listing::{Entry, From, Source};

/// A version of a dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// `<dataset>/<version>/`
    pub prefix: String,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// By what the shelf knows its content.
    pub content: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShelfFile {
    /// Inside the folder.
    pub path: String,
    pub size: u64,
    /// SHA-256, hexadecimal.
    pub digest: String,
    pub at: PathBuf,
}

/// Where the versions of datasets are.
#[async_trait]
pub trait Shelf: Send + Sync + 'static {
    /// The folders of a project, in the order of their prefixes' bytes.
    async fn folders(&self, project: &str) -> Result<Vec<Folder>>;

    /// Files of a folder whose paths are not before `from`, in order.
    async fn files(
        &self,
        project: &str,
        folder: &Folder,
        from: &str,
        limit: usize,
    ) -> Result<Vec<ShelfFile>>;
}

/// The folders of a project as keys of a bucket.
pub(crate) struct Shelved<'a> {
    pub shelf: &'a dyn Shelf,
    pub project: &'a str,
    pub folders: Vec<Folder>,
}

fn entry(folder: &Folder, file: ShelfFile) -> Entry {
    Entry {
        key: format!("{}{}", folder.prefix, file.path),
        size: file.size,
        etag: file.digest,
        modified_at: folder.created_at,
    }
}

#[async_trait]
impl Source for Shelved<'_> {
    async fn entries(&self, from: &From, end: Option<&str>, limit: usize) -> Result<Vec<Entry>> {
        let (From::At(first) | From::After(first)) = from;
        // The folder in which the first key lies, or would lie, and those behind it.
        let at = self.folders.partition_point(|folder| folder.prefix.as_str() <= first.as_str());
        let mut found = Vec::new();
        for folder in &self.folders[at.saturating_sub(1)..] {
            if found.len() >= limit || end.is_some_and(|end| folder.prefix.as_str() >= end) {
                break;
            }
            let inside = match first.strip_prefix(&folder.prefix) {
                Some(path) => path,
                None if folder.prefix > *first => "",
                None => continue,
            };
            // One more: the first may be the one after which is asked.
            let files = self.shelf.files(self.project, folder, inside, limit + 1).await?;
            let entries = files.into_iter().map(|file| entry(folder, file));
            found.extend(entries.filter(|entry| {
                from.admits(&entry.key) && end.is_none_or(|end| entry.key.as_str() < end)
            }));
        }
        found.truncate(limit);
        Ok(found)
    }
}

impl Shelved<'_> {
    /// The file that a key names, and when it was added.
    pub async fn file(&self, key: &str) -> Result<Option<(ShelfFile, i64)>> {
        let inside = self
            .folders
            .iter()
            .find_map(|folder| key.strip_prefix(&folder.prefix).map(|path| (folder, path)));
        let Some((folder, path)) = inside else { return Ok(None) };
        let files = self.shelf.files(self.project, folder, path, 1).await?;
        let file = files.into_iter().next().filter(|file| file.path == path);
        Ok(file.map(|file| (file, folder.created_at)))
    }
}
