//! Artifact files on the local disk, one directory per project.
//!
//! Guarantees: a file appears whole or not at all (temporary file, fsync,
//! rename, fsync of its directories), and no name leaves the project's
//! directory.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use axum::body::Bytes;
use futures::{Stream, StreamExt};
use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

use crate::Error;
use crate::error::Result;

/// Unfinished uploads and half-deleted directories; no project has this name,
/// since none begins with a dot.
const INCOMING: &str = ".incoming";
/// The longest file name that Linux file systems take.
const LONGEST_NAME: usize = 255;
const LONGEST_PATH: usize = 3000;

pub(crate) struct Files {
    root: PathBuf,
}

pub(crate) struct Entry {
    pub name: String,
    /// `None` for a directory.
    pub size: Option<u64>,
}

/// The parts of a path that a client named.
pub(crate) fn parts(path: &str) -> Result<Vec<&str>> {
    let path = path.strip_suffix('/').unwrap_or(path);
    if path.is_empty() {
        return Ok(Vec::new());
    }
    if path.len() > LONGEST_PATH {
        return Err(Error::invalid(format!("Invalid path: longer than {LONGEST_PATH} bytes")));
    }
    path.split('/')
        .map(|part| match part {
            "" | "." | ".." => Err(Error::invalid(format!(
                "Invalid path '{path}': it has an empty part, '.' or '..'"
            ))),
            part if part.len() > LONGEST_NAME => Err(Error::invalid(format!(
                "Invalid path: a name is longer than {LONGEST_NAME} bytes"
            ))),
            part if part.contains('\\') || part.chars().any(char::is_control) => {
                Err(Error::invalid(format!(
                    "Invalid path {path:?}: it has a backslash or a control character"
                )))
            }
            part => Ok(part),
        })
        .collect()
}

fn absent(path: &str) -> Error {
    Error::NotFound(format!("No artifact at '{path}'"))
}

impl Files {
    pub async fn open(root: PathBuf) -> Result<Files> {
        let incoming = root.join(INCOMING);
        match fs::remove_dir_all(&incoming).await {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(Error::file("clearing unfinished uploads")(error));
            }
            _ => {}
        }
        fs::create_dir_all(&incoming)
            .await
            .map_err(Error::file("making the artifact directory"))?;
        Ok(Files { root })
    }

    fn incoming(&self) -> PathBuf {
        self.root.join(INCOMING).join(Uuid::new_v4().simple().to_string())
    }

    fn path(&self, project: &str, path: &str) -> Result<PathBuf> {
        let mut full = self.root.join(project);
        full.extend(parts(path)?);
        Ok(full)
    }

    /// Stores the whole stream, when its `turn` has come; a stream that breaks off leaves
    /// nothing.
    pub async fn write<E, T>(
        &self,
        project: &str,
        path: &str,
        body: impl Stream<Item = Result<Bytes, E>>,
        turn: impl Future<Output = Result<T>>,
    ) -> Result<()> {
        if parts(path)?.is_empty() {
            return Err(Error::missing("path"));
        }
        let target = self.path(project, path)?;
        let temporary = self.incoming();
        let stored = async {
            receive(&temporary, body).await?;
            // Held until the file is in its place.
            let _turn = turn.await?;
            self.place(&temporary, &target, path).await
        };
        let stored = stored.await;
        if stored.is_err() {
            // The first error is the one to report; what remains is cleared at the next start.
            let _ = fs::remove_file(&temporary).await;
        }
        stored
    }

    async fn place(&self, temporary: &Path, target: &Path, path: &str) -> Result<()> {
        let parent = target.parent().unwrap_or(&self.root);
        for last_try in [false, true] {
            self.make_directories(parent, path).await?;
            match fs::rename(temporary, target).await {
                Ok(()) => break,
                // A delete took the directory away in between.
                Err(error) if error.kind() == ErrorKind::NotFound && !last_try => {}
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::IsADirectory
                            | ErrorKind::NotADirectory
                            | ErrorKind::DirectoryNotEmpty
                    ) =>
                {
                    return Err(Error::invalid(format!(
                        "Cannot store '{path}': it is a directory already"
                    )));
                }
                Err(error) => return Err(Error::file("placing an uploaded file")(error)),
            }
        }
        sync_directory(parent).await
    }

    /// Makes what is missing, and puts each new entry on the disk.
    async fn make_directories(&self, directory: &Path, path: &str) -> Result<()> {
        let mut at = self.root.clone();
        let below = directory.strip_prefix(&self.root).unwrap_or(Path::new(""));
        for part in below.components() {
            let parent = at.clone();
            at.push(part);
            match fs::create_dir(&at).await {
                Ok(()) => sync_directory(&parent).await?,
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    let found =
                        fs::metadata(&at).await.map_err(Error::file("looking at a directory"))?;
                    if !found.is_dir() {
                        let name = part.as_os_str().to_string_lossy();
                        return Err(Error::invalid(format!(
                            "Cannot store '{path}': '{name}' is a file"
                        )));
                    }
                }
                Err(error) => return Err(Error::file("making a directory")(error)),
            }
        }
        Ok(())
    }

    /// A file to read and its size.
    pub async fn read(&self, project: &str, path: &str) -> Result<(File, u64)> {
        let full = self.path(project, path)?;
        let file = File::open(&full).await.map_err(|error| missing(error, path))?;
        let found = file.metadata().await.map_err(Error::file("looking at a file"))?;
        if !found.is_file() {
            return Err(Error::NotFound(format!(
                "The artifact '{path}' is a directory, not a file; list it instead"
            )));
        }
        Ok((file, found.len()))
    }

    /// The entries of a directory by name; a file lists as itself; nothing
    /// there is an empty list, as a run that stored nothing has no directory.
    pub async fn list(&self, project: &str, path: &str) -> Result<Vec<Entry>> {
        let full = self.path(project, path)?;
        let found = match fs::metadata(&full).await {
            Ok(found) => found,
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                return Ok(Vec::new());
            }
            Err(error) => return Err(Error::file("looking at a directory")(error)),
        };
        if found.is_file() {
            let name = parts(path)?.last().copied().unwrap_or_default().to_owned();
            return Ok(vec![Entry { name, size: Some(found.len()) }]);
        }
        let failed = Error::file("listing a directory");
        let mut entries = Vec::new();
        let mut directory = fs::read_dir(&full).await.map_err(&failed)?;
        while let Some(entry) = directory.next_entry().await.map_err(&failed)? {
            // Deleted since it was listed: not there.
            let Ok(found) = entry.metadata().await else { continue };
            let size = found.is_file().then_some(found.len());
            entries.push(Entry { name: entry.file_name().to_string_lossy().into_owned(), size });
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    /// Removes everything of a project; that nothing is there is fine.
    pub async fn forget(&self, project: &str) -> Result<()> {
        if project.is_empty() || project.starts_with('.') || project.contains('/') {
            return Err(Error::invalid(format!("'{project}' is no project")));
        }
        let away = self.incoming();
        let failed = Error::file("deleting artifacts");
        match fs::rename(self.root.join(project), &away).await {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            moved => moved.map_err(&failed)?,
        }
        fs::remove_dir_all(&away).await.map_err(&failed)
    }

    /// Removes a file or a directory at once: it is moved away before it is taken apart.
    pub async fn delete(&self, project: &str, path: &str) -> Result<()> {
        if parts(path)?.is_empty() {
            return Err(Error::missing("path"));
        }
        let full = self.path(project, path)?;
        let away = self.incoming();
        fs::rename(&full, &away).await.map_err(|error| missing(error, path))?;
        sync_directory(full.parent().unwrap_or(&self.root)).await?;
        let failed = Error::file("deleting artifacts");
        let found = fs::metadata(&away).await.map_err(&failed)?;
        if found.is_dir() { fs::remove_dir_all(&away).await } else { fs::remove_file(&away).await }
            .map_err(&failed)
    }
}

fn missing(error: std::io::Error, path: &str) -> Error {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => absent(path),
        _ => Error::file("opening an artifact")(error),
    }
}

async fn receive<E>(to: &Path, body: impl Stream<Item = Result<Bytes, E>>) -> Result<()> {
    let failed = Error::file("storing an upload");
    let mut file = File::create_new(to).await.map_err(&failed)?;
    let mut body = std::pin::pin!(body);
    while let Some(chunk) = body.next().await {
        let chunk =
            chunk.map_err(|_| Error::invalid("the upload broke off; nothing was stored"))?;
        file.write_all(&chunk).await.map_err(&failed)?;
    }
    file.flush().await.map_err(&failed)?;
    file.sync_all().await.map_err(&failed)
}

/// A new name in a directory is on the disk only after this.
async fn sync_directory(path: &Path) -> Result<()> {
    let failed = Error::file("syncing a directory");
    File::open(path).await.map_err(&failed)?.sync_all().await.map_err(&failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside() {
        for bad in
            ["../x", "a/../../x", "/etc/passwd", "a//b", "a/./b", "..", "a\\b", "a/\u{7}", "a\0b"]
        {
            assert!(matches!(parts(bad), Err(Error::Invalid(_))), "{bad:?}");
        }
        assert_eq!(parts("a/b..c/.d/").expect("fine"), ["a", "b..c", ".d"]);
        assert!(parts(&"x".repeat(256)).is_err());
    }
}
