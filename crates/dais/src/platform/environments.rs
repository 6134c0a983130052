//! Built environments on this machine: `<data>/environments/<project>/<digest>`.
//!
//! A build is made in place by a pod of the project and counts once it is sealed.
//! Projects never share a build: what an installer ran in one could otherwise
//! reach into another.

mod collect;

pub use collect::collect;

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::PathBuf;

use async_trait::async_trait;
use dais_controllers::seams::{BuiltEnvironment, Environments, SeamError};
use rustix::fs::OFlags;
use tokio::task::spawn_blocking;

use crate::commands::build_environment::{MANIFEST, Manifest};

/// Beside a finished build; its presence makes the build count.
const SEAL: &str = "sealed";
/// Bytes: some ten thousand packages.
const LARGEST_MANIFEST: u64 = 4 << 20;
/// Folder below a digest that holds the environment itself.
const CONTENT: &str = "content";

#[derive(Clone)]
pub struct EnvironmentStore {
    root: PathBuf,
}

impl EnvironmentStore {
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    fn folder(&self, project: &str, digest: &str) -> Result<PathBuf, SeamError> {
        let safe = |word: &str| {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            !word.is_empty() && word.chars().all(plain)
        };
        if !safe(project) || !safe(digest) {
            return Err(SeamError(format!("{project:?}/{digest:?} names no environment")));
        }
        Ok(self.root.join(project).join(digest))
    }

    /// Where the environment's files are, made where they are missing.
    pub fn content(&self, project: &str, digest: &str) -> Result<PathBuf, SeamError> {
        let content = self.folder(project, digest)?.join(CONTENT);
        fs::create_dir_all(&content).map_err(|error| failed("making", &content, &error))?;
        Ok(content)
    }

    /// Every build that there is, finished or not, as its project and digest.
    pub async fn all(&self) -> Result<BTreeSet<(String, String)>, SeamError> {
        let root = self.root.clone();
        let names = |folder: &std::path::Path| -> Result<Vec<String>, SeamError> {
            let entries = match fs::read_dir(folder) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
                entries => entries.map_err(|error| failed("reading", folder, &error))?,
            };
            Ok(entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect())
        };
        joined(
            spawn_blocking(move || {
                let mut all = BTreeSet::new();
                for project in names(&root)? {
                    let digests = names(&root.join(&project))?;
                    all.extend(digests.into_iter().map(|digest| (project.clone(), digest)));
                }
                Ok(all)
            })
            .await,
        )
    }

    pub fn is_sealed(&self, project: &str, digest: &str) -> bool {
        self.folder(project, digest).is_ok_and(|folder| folder.join(SEAL).exists())
    }

    fn read(&self, project: &str, digest: &str) -> Result<BuiltEnvironment, SeamError> {
        let path = self.content(project, digest)?.join(MANIFEST);
        let text = manifest(&path).map_err(|error| failed("reading", &path, &error))?;
        let manifest: Manifest = serde_json::from_str(&text)
            .map_err(|error| SeamError(format!("{} is damaged: {error}", path.display())))?;
        let Manifest { python_version, packages, size_bytes } = manifest;
        Ok(BuiltEnvironment { python_version, packages, size_bytes })
    }
}

/// What the build wrote of itself. The project's own programs may have written it too: it
/// may be a link, a pipe, or have no end.
fn manifest(path: &std::path::Path) -> io::Result<String> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file =
        fs::OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    let is_whole = |length: u64| length <= LARGEST_MANIFEST;
    if !file.metadata()?.is_file() || !is_whole(file.metadata()?.len()) {
        let words = format!("it is no file of at most {LARGEST_MANIFEST} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, words));
    }
    let mut text = String::new();
    file.take(LARGEST_MANIFEST).read_to_string(&mut text)?;
    Ok(text)
}

fn failed(doing: &str, path: &std::path::Path, error: &std::io::Error) -> SeamError {
    SeamError(format!("{doing} {}: {error}", path.display()))
}

fn joined<T>(result: Result<Result<T, SeamError>, tokio::task::JoinError>) -> Result<T, SeamError> {
    result.unwrap_or_else(|error| Err(SeamError(error.to_string())))
}

#[async_trait]
impl Environments for EnvironmentStore {
    async fn built(
        &self,
        project: &str,
        digest: &str,
    ) -> Result<Option<BuiltEnvironment>, SeamError> {
        let (store, project, digest) = (self.clone(), project.to_owned(), digest.to_owned());
        joined(
            spawn_blocking(move || {
                store
                    .is_sealed(&project, &digest)
                    .then(|| store.read(&project, &digest))
                    .transpose()
            })
            .await,
        )
    }

    async fn seal(&self, project: &str, digest: &str) -> Result<BuiltEnvironment, SeamError> {
        let (store, project, digest) = (self.clone(), project.to_owned(), digest.to_owned());
        joined(
            spawn_blocking(move || {
                let built = store.read(&project, &digest)?;
                let seal = store.folder(&project, &digest)?.join(SEAL);
                fs::write(&seal, b"").map_err(|error| failed("sealing", &seal, &error))?;
                Ok(built)
            })
            .await,
        )
    }

    async fn remove(&self, project: &str, digest: &str) -> Result<(), SeamError> {
        let folder = self.folder(project, digest)?;
        joined(
            spawn_blocking(move || {
                // The seal goes first, so that half a removal never counts as a build.
                let _ = fs::remove_file(folder.join(SEAL));
                let _ = fs::set_permissions(folder.join(CONTENT), Permissions::from_mode(0o755));
                match fs::remove_dir_all(&folder) {
                    Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                        Err(failed("removing", &folder, &error))
                    }
                    _ => Ok(()),
                }
            })
            .await,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_that_is_no_file_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().join(MANIFEST);
        std::os::unix::fs::symlink("/dev/zero", &at).unwrap();
        assert!(manifest(&at).is_err());
        fs::remove_file(&at).unwrap();
        fs::write(&at, vec![b' '; LARGEST_MANIFEST as usize + 1]).unwrap();
        assert!(manifest(&at).unwrap_err().to_string().contains("at most"));
        fs::write(&at, "{}").unwrap();
        assert_eq!(manifest(&at).unwrap(), "{}");
    }

    #[tokio::test]
    async fn a_build_counts_once_it_is_sealed_and_in_its_own_project_only() {
        let folder = tempfile::tempdir().unwrap();
        let store = EnvironmentStore::new(folder.path().to_owned());
        let content = store.content("a", "d1").unwrap();
        fs::write(content.join(MANIFEST), r#"{"python_version":"3.11.2","packages":[]}"#).unwrap();
        assert!(store.built("a", "d1").await.unwrap().is_none());
        store.seal("a", "d1").await.unwrap();
        assert_eq!(store.built("a", "d1").await.unwrap().unwrap().python_version, "3.11.2");
        assert!(store.built("b", "d1").await.unwrap().is_none());
        let all = store.all().await.unwrap();
        assert_eq!(all.into_iter().collect::<Vec<_>>(), [("a".to_owned(), "d1".to_owned())]);
        store.remove("a", "d1").await.unwrap();
        assert!(store.built("a", "d1").await.unwrap().is_none());
        assert!(store.content("..", "d1").is_err());
    }
}
