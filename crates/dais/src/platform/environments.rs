//! Built environments on this machine, below `<data>/environments/<project>/<digest>`:
//!
//! ```text
//! builds/<pod>   where a pod builds; each pod has its own
//! copy-<pod>     half of a copy
//! built/         the copy that counts: content/, seal.json
//! holds/<pod>    says which pod has the content mounted
//! gone           on its way out
//! ```
//!
//! What a builder had open is never used: a build counts once it is copied, and the copy
//! comes into its place whole. Projects never share a build: what an installer ran in one
//! could otherwise reach into another.

mod collect;
mod copy;

pub use collect::{collect, release_absent};

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use dais_controllers::seams::{BuiltEnvironment, Environments, Removal, SealError, SeamError};
use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;

use crate::commands::build_environment::{MANIFEST, Manifest};

const BUILDS: &str = "builds";
const BUILT: &str = "built";
const HOLDS: &str = "holds";
const COPY: &str = "copy-";
const GONE: &str = "gone";
/// Folder of a sealed build that holds the environment itself.
const CONTENT: &str = "content";
/// Beside it: a [`Seal`].
const SEAL: &str = "seal.json";
/// Bytes: some ten thousand packages.
const LARGEST_MANIFEST: u64 = 4 << 20;

/// What is known of a sealed build's files.
#[derive(Serialize, Deserialize)]
struct Seal {
    sha256: String,
    size_bytes: u64,
}

#[derive(Clone)]
pub struct EnvironmentStore {
    root: PathBuf,
    /// Taken to mount a build and to take it away: one of both comes first.
    turn: Arc<Mutex<()>>,
}

impl EnvironmentStore {
    pub fn new(root: PathBuf) -> Self {
        Self { root, turn: Arc::default() }
    }

    fn folder(&self, project: &str, digest: &str) -> Result<PathBuf, SeamError> {
        if !is_plain(project) || !is_plain(digest) {
            return Err(SeamError(format!("{project:?}/{digest:?} names no environment")));
        }
        Ok(self.root.join(project).join(digest))
    }

    fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The folder in which this pod, and no other, builds; made where it is missing.
    pub fn begin(&self, project: &str, digest: &str, pod: &str) -> Result<PathBuf, SeamError> {
        let folder = self.folder(project, digest)?.join(BUILDS).join(plain(pod)?);
        fs::create_dir_all(&folder).map_err(|error| failed("making", &folder, &error))?;
        Ok(folder)
    }

    /// The files of a sealed build, which stay until the pod lets go of them.
    pub fn hold(&self, build: (&str, &str), pod: &Holder) -> Result<Option<PathBuf>, SeamError> {
        let folder = self.folder(build.0, build.1)?;
        let hold = folder.join(HOLDS).join(plain(&pod.uid)?);
        let _turn = self.turn();
        if !folder.join(BUILT).exists() {
            return Ok(None);
        }
        let written = fs::create_dir_all(folder.join(HOLDS))
            .and_then(|()| fs::write(&hold, format!("{}/{}", pod.project, pod.name)));
        written.map_err(|error| failed("writing", &hold, &error))?;
        Ok(Some(folder.join(BUILT).join(CONTENT)))
    }

    /// The pod lets go of all builds that it has.
    pub async fn release(&self, pod: &str) -> Result<(), SeamError> {
        let (store, pod) = (self.clone(), plain(pod)?.to_owned());
        for (project, digest) in self.all().await? {
            let hold = store.folder(&project, &digest)?.join(HOLDS).join(&pod);
            removed(&hold, fs::remove_file(&hold))?;
        }
        Ok(())
    }

    /// The pods for which anything is kept, by their uids.
    async fn pods(&self) -> Result<BTreeSet<String>, SeamError> {
        let mut pods = BTreeSet::new();
        for (project, digest) in self.all().await? {
            let folder = self.folder(&project, &digest)?;
            pods.extend(names(&folder.join(BUILDS))?);
            pods.extend(names(&folder.join(HOLDS))?);
            let copies = names(&folder)?.into_iter();
            pods.extend(copies.filter_map(|name| Some(name.strip_prefix(COPY)?.to_owned())));
        }
        Ok(pods)
    }

    /// Removes what is kept for a pod that is gone.
    async fn forget(&self, pod: &str) -> Result<(), SeamError> {
        self.release(pod).await?;
        let pod = plain(pod)?;
        for (project, digest) in self.all().await? {
            let folder = self.folder(&project, &digest)?;
            for left in [folder.join(BUILDS).join(pod), folder.join(format!("{COPY}{pod}"))] {
                joined(spawn_blocking(move || removed(&left, fs::remove_dir_all(&left))).await)?;
            }
        }
        Ok(())
    }

    /// Every build that there is, finished or not, as its project and digest.
    pub async fn all(&self) -> Result<BTreeSet<(String, String)>, SeamError> {
        let root = self.root.clone();
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

    fn read(&self, project: &str, digest: &str) -> Result<Option<BuiltEnvironment>, SeamError> {
        let built = self.folder(project, digest)?.join(BUILT);
        if !built.exists() {
            return Ok(None);
        }
        let damaged = |error| SeamError(format!("{} is damaged: {error}", built.display()));
        let read = |path: PathBuf| bounded(&path).map_err(|error| failed("reading", &path, &error));
        let manifest = read(built.join(CONTENT).join(MANIFEST))?;
        let Manifest { python_version, packages, .. } =
            serde_json::from_str(&manifest).map_err(damaged)?;
        let seal: Seal = serde_json::from_str(&read(built.join(SEAL))?).map_err(damaged)?;
        let Seal { sha256, size_bytes } = seal;
        Ok(Some(BuiltEnvironment { python_version, packages, size_bytes, sha256 }))
    }

    fn seal_now(
        &self,
        project: &str,
        digest: &str,
        pod: &str,
    ) -> Result<BuiltEnvironment, SealError> {
        if let Some(built) = self.read(project, digest)? {
            return Ok(built);
        }
        let folder = self.folder(project, digest)?;
        let from = folder.join(BUILDS).join(plain(pod)?);
        if !from.join(MANIFEST).is_file() {
            return Err(SealError::Gone);
        }
        let half = folder.join(format!("{COPY}{pod}"));
        let made = self.copied(&from, &half, &folder);
        // What is left of a copy is of no use; a build that was refused stays for its people.
        removed(&half, fs::remove_dir_all(&half))?;
        made?;
        removed(&from, fs::remove_dir_all(&from))?;
        self.read(project, digest)?.ok_or(SealError::Gone)
    }

    /// Copies, writes all to the disk, and only then gives the copy its name.
    fn copied(&self, from: &Path, half: &Path, folder: &Path) -> Result<(), SealError> {
        let io = |doing: &'static str| {
            let half = half.to_owned();
            move |error: io::Error| SealError::from(failed(doing, &half, &error))
        };
        removed(half, fs::remove_dir_all(half))?;
        let content = half.join(CONTENT);
        fs::create_dir_all(&content).map_err(io("making"))?;
        let copied = copy::copy(from, &content).map_err(|error| match error {
            copy::Error::Refused(words) => SealError::Refused(words),
            copy::Error::Failed(path, error) => failed("copying", &path, &error).into(),
        })?;
        // Of the copy: it is what everybody will read.
        let manifest = bounded(&content.join(MANIFEST));
        let manifest = manifest.map_err(|error| SealError::Refused(error.to_string()))?;
        if let Err(error) = serde_json::from_str::<Manifest>(&manifest) {
            return Err(SealError::Refused(format!("{MANIFEST} is damaged: {error}")));
        }
        let copy::Copied { sha256, size_bytes } = copied;
        let seal = serde_json::to_vec(&Seal { sha256, size_bytes }).map_err(io::Error::from);
        seal.and_then(|seal| fs::write(half.join(SEAL), seal)).map_err(io("sealing"))?;
        let opened = fs::File::open(folder).map_err(io("sealing"))?;
        rustix::fs::syncfs(&opened).map_err(|error| io("syncing")(error.into()))?;
        match fs::rename(half, folder.join(BUILT)) {
            // Another environment of the same digest was first.
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
            renamed => {
                renamed.and_then(|()| opened.sync_all()).map_err(io("sealing"))?;
                Ok(())
            }
        }
    }

    fn remove_now(&self, project: &str, digest: &str) -> Result<Removal, SeamError> {
        let folder = self.folder(project, digest)?;
        let (built, gone) = (folder.join(BUILT), folder.join(GONE));
        removed(&gone, fs::remove_dir_all(&gone))?;
        {
            let _turn = self.turn();
            if let Some(hold) = names(&folder.join(HOLDS))?.first() {
                let said = bounded(&folder.join(HOLDS).join(hold)).unwrap_or_default();
                let (project, pod) = said.split_once('/').unwrap_or_default();
                let (project, pod) = (project.to_owned(), pod.to_owned());
                return Ok(Removal::Held { project, pod });
            }
            // At once, so that half a removal never counts as a build.
            removed(&built, fs::rename(&built, &gone))?;
        }
        removed(&folder, fs::remove_dir_all(&folder))?;
        Ok(Removal::Done)
    }
}

/// The pod that has a build mounted.
pub struct Holder {
    pub project: String,
    pub name: String,
    pub uid: String,
}

fn is_plain(word: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !word.is_empty() && word.chars().all(plain)
}

fn plain(pod: &str) -> Result<&str, SeamError> {
    let unknown = || SeamError(format!("{pod:?} is no pod's uid"));
    is_plain(pod).then_some(pod).ok_or_else(unknown)
}

/// What is in a folder; nothing in one that is not there.
fn names(folder: &Path) -> Result<Vec<String>, SeamError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|error| failed("reading", folder, &error))?,
    };
    Ok(entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect())
}

/// What the build wrote of itself. The project's own programs may have written it too: it
/// may be a link, a pipe, or have no end.
fn bounded(path: &Path) -> io::Result<String> {
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

fn failed(doing: &str, path: &Path, error: &io::Error) -> SeamError {
    SeamError(format!("{doing} {}: {error}", path.display()))
}

/// What is not there need not go.
fn removed(path: &Path, result: io::Result<()>) -> Result<(), SeamError> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result.map_err(|error| failed("removing", path, &error)),
    }
}

fn joined<T, E: From<SeamError>>(
    result: Result<Result<T, E>, tokio::task::JoinError>,
) -> Result<T, E> {
    result.unwrap_or_else(|error| Err(SeamError(error.to_string()).into()))
}

#[async_trait]
impl Environments for EnvironmentStore {
    async fn built(
        &self,
        project: &str,
        digest: &str,
    ) -> Result<Option<BuiltEnvironment>, SeamError> {
        let (store, project, digest) = (self.clone(), project.to_owned(), digest.to_owned());
        joined(spawn_blocking(move || store.read(&project, &digest)).await)
    }

    async fn seal(
        &self,
        project: &str,
        digest: &str,
        pod: &str,
    ) -> Result<BuiltEnvironment, SealError> {
        let (store, project, digest) = (self.clone(), project.to_owned(), digest.to_owned());
        let pod = pod.to_owned();
        joined(spawn_blocking(move || store.seal_now(&project, &digest, &pod)).await)
    }

    async fn remove(&self, project: &str, digest: &str) -> Result<Removal, SeamError> {
        let (store, project, digest) = (self.clone(), project.to_owned(), digest.to_owned());
        joined(spawn_blocking(move || store.remove_now(&project, &digest)).await)
    }
}

#[cfg(test)]
mod tests;
