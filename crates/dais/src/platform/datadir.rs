//! The one directory that holds the state of a platform.
//!
//! ```text
//! version        format of the directory; a newer one is refused
//! lock           held by the running platform; its process id inside
//! client.json    address and token for the command line on this machine (0600)
//! admin.kubeconfig
//! kube/          objects.db
//! relations/     people, runs, datasets, buckets, audit, ledger of use, outcomes of tests
//! files/         data (blobs, dataset versions, code), buckets (objects), artifacts
//! environments/  built Python environments
//! images/        container images, by content
//! node/          pods, volumes, logs
//! telemetry/     metrics, logs, traces
//! advisories/    known vulnerabilities, as a mirror sent them
//! keys/          certificate authority, token key, key of access keys (0600)
//! ```

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use rustix::fs::FlockOperation;

/// Format of the directory that this program writes.
const FORMAT: u32 = 1;

#[derive(Clone, Debug)]
pub struct DataDir {
    root: PathBuf,
}

/// Held while the platform runs.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// `--data-dir`, else the platform's own place for state.
pub fn default_root() -> Result<PathBuf> {
    if rustix::process::geteuid().is_root() {
        return Ok(PathBuf::from("/var/lib/dais"));
    }
    let data =
        std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share"));
    let base =
        data.or_else(home).context("neither XDG_DATA_HOME nor HOME is set; give --data-dir")?;
    Ok(base.join("dais"))
}

impl DataDir {
    pub fn new(root: Option<&Path>) -> Result<Self> {
        let root = root.map_or_else(default_root, |path| Ok(path.to_owned()))?;
        let root = std::path::absolute(&root).context("making the data directory absolute")?;
        Ok(Self { root })
    }

    /// Makes the directory where it is missing and checks its format.
    pub fn prepare(&self) -> Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o711).create(&self.root).with_context(
            || {
                format!(
                    "making the data directory {}; give another --data-dir",
                    self.root.display()
                )
            },
        )?;
        let version = self.root.join("version");
        match fs::read_to_string(&version) {
            Ok(text) => check_format(&self.root, &text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                write_private(&version, format!("{FORMAT}\n").as_bytes())
            }
            Err(error) => Err(error).with_context(|| format!("reading {}", version.display())),
        }
    }

    /// Takes the directory for this process.
    pub fn lock(&self) -> Result<Lock> {
        let path = self.root.join("lock");
        let mut file = open_lock(&path)?;
        if rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            let holder =
                read_pid(&mut file).map_or(String::new(), |pid| format!(" (process {pid})"));
            bail!(
                "a platform already runs on {}{holder}; stop it with `dais down` or give another \
                 --data-dir",
                self.root.display()
            );
        }
        file.set_len(0).context("writing the lock file")?;
        file.seek(SeekFrom::Start(0)).context("writing the lock file")?;
        write!(file, "{}", std::process::id()).context("writing the lock file")?;
        Ok(Lock { _file: file })
    }

    /// The process that holds the directory, if one does.
    pub fn holder(&self) -> Result<Option<rustix::process::Pid>> {
        let path = self.root.join("lock");
        if !path.exists() {
            return Ok(None);
        }
        let mut file = open_lock(&path)?;
        if rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared).is_ok() {
            return Ok(None);
        }
        let pid = read_pid(&mut file).context("the lock file names no process")?;
        Ok(rustix::process::Pid::from_raw(pid))
    }

    /// Blocks until nobody holds the directory.
    pub fn wait_released(&self) -> Result<()> {
        let file = open_lock(&self.root.join("lock"))?;
        rustix::fs::flock(&file, FlockOperation::LockShared)
            .context("waiting for the platform to end")
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A private folder below the root, made where it is missing.
    pub fn folder(&self, name: &str) -> Result<PathBuf> {
        self.folder_with_mode(name, 0o700)
    }

    /// A folder that containers' own users may pass through, but not list.
    pub fn passable_folder(&self, name: &str) -> Result<PathBuf> {
        self.folder_with_mode(name, 0o711)
    }

    fn folder_with_mode(&self, name: &str, mode: u32) -> Result<PathBuf> {
        let path = self.root.join(name);
        fs::DirBuilder::new()
            .recursive(true)
            .mode(mode)
            .create(&path)
            .with_context(|| format!("making {}", path.display()))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(mode))
            .with_context(|| format!("protecting {}", path.display()))?;
        Ok(path)
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }
}

fn check_format(root: &Path, text: &str) -> Result<()> {
    let format: u32 = text.trim().parse().with_context(|| {
        format!("{} is no data directory of dais: its version file is damaged", root.display())
    })?;
    if format > FORMAT {
        bail!(
            "{} was written by a newer dais (format {format}, this program knows {FORMAT}); \
             install the newer program or restore a backup into another --data-dir",
            root.display()
        );
    }
    Ok(())
}

fn open_lock(path: &Path) -> Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("opening {}", path.display()))
}

fn read_pid(file: &mut File) -> Option<i32> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// Writes a file that only its owner may read: whole or not at all.
pub fn write_private(path: &Path, content: &[u8]) -> Result<()> {
    let shown = path.display().to_string();
    let partial = path.with_extension("partial");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&partial)
        .with_context(|| format!("writing {shown}"))?;
    file.write_all(content).with_context(|| format!("writing {shown}"))?;
    file.sync_all().with_context(|| format!("writing {shown}"))?;
    fs::rename(&partial, path).with_context(|| format!("writing {shown}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_platform_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::new(Some(folder.path())).unwrap();
        data.prepare().unwrap();
        assert!(data.holder().unwrap().is_none());
        let lock = data.lock().unwrap();
        let refused = data.lock().unwrap_err().to_string();
        assert!(refused.contains("dais down"), "{refused}");
        assert_eq!(data.holder().unwrap(), Some(rustix::process::getpid()));
        drop(lock);
        data.wait_released().unwrap();
    }

    #[test]
    fn a_newer_directory_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("version"), "99\n").unwrap();
        let refused = DataDir::new(Some(folder.path())).unwrap().prepare().unwrap_err().to_string();
        assert!(refused.contains("newer dais"), "{refused}");
    }
}
