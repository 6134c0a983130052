//! Builds the root file system of a sandbox and enters it.
//!
//! The new root is a small file system in memory. The top directories of the
//! host, or of an image's tree, are bound into it read-only; what must be
//! private (`/tmp`, `/run`, `/dev`, `/proc`) is made afresh; volumes are bound at
//! their targets. A target that is not there is made in a *skeleton*: the
//! read-only directory in which it should lie is replaced by one in memory whose
//! entries are the old ones, bound with all that was mounted in them. Nothing is
//! ever written to the host.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use rustix::mount::{
    MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind_recursive, mount_change,
    mount_move, unmount,
};

use super::record::{Mount, Sandbox, User};
use crate::sys;

/// Devices that every program may expect and that give nothing away.
const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];
/// Top entries that are made afresh, not bound.
const OWN: [&str; 5] = ["proc", "dev", "run", "tmp", "lost+found"];
/// Where a skeleton is made before it takes its place.
const STAGE: &str = ".dais-skeleton";
/// Where resolv.conf may point to; the rest of /run is the host's business.
const RESOLVER: &str = "/run/systemd/resolve";

/// What could not be done, on what.
#[derive(Debug, thiserror::Error)]
#[error("{action} {}: {source}", path.display())]
pub(crate) struct RootError {
    action: &'static str,
    path: PathBuf,
    source: io::Error,
}

type Result<T> = std::result::Result<T, RootError>;

fn on<E: Into<io::Error>>(action: &'static str, path: &Path) -> impl FnOnce(E) -> RootError {
    let path = path.to_owned();
    move |error| RootError { action, path, source: error.into() }
}

/// Runs in process 1 of the new name spaces; afterwards `/` is the sandbox.
pub(crate) fn enter(sandbox: &Sandbox) -> Result<()> {
    if let Some(user) = sandbox.user_namespace {
        map_user(user)?;
    }
    let slave = MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC;
    mount_change("/", slave).map_err(on("detach", Path::new("/")))?;
    let mut root = Root::new(&sandbox.root)?;
    root.bind_files(sandbox.image.as_deref().unwrap_or(Path::new("/")))?;
    root.make_own_places(sandbox)?;
    // The outer before the inner, which goes with it.
    for hidden in BTreeSet::from_iter(&sandbox.hidden) {
        root.hide(hidden)?;
    }
    for mount in &sandbox.mounts {
        root.bind_volume(mount)?;
    }
    root.freeze()?;
    rustix::system::sethostname(sandbox.hostname.as_bytes())
        .map_err(on("set the host name in", &sandbox.root))?;
    pivot(&sandbox.root)
}

/// The user keeps its number inside; without this it would be nobody.
fn map_user(User { uid, gid }: User) -> Result<()> {
    let write =
        |path: &str, text: String| fs::write(path, text).map_err(on("write", Path::new(path)));
    write("/proc/self/setgroups", "deny".into())?;
    write("/proc/self/uid_map", format!("{uid} {uid} 1"))?;
    write("/proc/self/gid_map", format!("{gid} {gid} 1"))
}

struct Root {
    at: PathBuf,
    /// Directories that lie in our memory, by their path inside.
    ours: BTreeSet<PathBuf>,
    /// Mounts of ours that are made read-only at the end, by path inside.
    to_freeze: BTreeSet<PathBuf>,
    /// Volumes by path inside, and whether they may be written to.
    volumes: BTreeMap<PathBuf, bool>,
}

impl Root {
    fn new(at: &Path) -> Result<Root> {
        memory(at, "0755")?;
        // Unbindable: binding the host directory that contains this place must
        // not bring a copy of the sandbox into itself.
        mount_change(at, MountPropagationFlags::UNBINDABLE).map_err(on("mark", at))?;
        let top = PathBuf::from("/");
        Ok(Root {
            at: at.to_owned(),
            ours: BTreeSet::from([top.clone()]),
            to_freeze: BTreeSet::from([top]),
            volumes: BTreeMap::new(),
        })
    }

    /// Where a path of the sandbox lies while it is being built.
    fn outside(&self, inside: &Path) -> PathBuf {
        self.at.join(inside.strip_prefix("/").unwrap_or(inside))
    }

    fn bind_files(&mut self, from: &Path) -> Result<()> {
        let is_own = |name: &OsStr| OWN.iter().any(|own| name == OsStr::new(own));
        bind_entries(from, &self.at, true, is_own)
    }

    fn make_own_places(&mut self, sandbox: &Sandbox) -> Result<()> {
        for name in ["/proc", "/dev", "/run", "/tmp"] {
            place(&self.outside(Path::new(name)), true)?;
            self.ours.insert(PathBuf::from(name));
        }
        let proc = self.outside(Path::new("/proc"));
        let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
        mount("proc", &proc, "proc", flags, None).map_err(on("mount", &proc))?;
        self.make_dev(&sandbox.devices)?;
        let resolver = Path::new(RESOLVER);
        if resolver.is_dir() {
            let to = self.outside(resolver);
            fs::create_dir_all(&to).map_err(on("create", &to))?;
            bind(resolver, &to, true)?;
        }
        Ok(())
    }

    fn make_dev(&self, devices: &[PathBuf]) -> Result<()> {
        let named = DEVICES.iter().map(|name| Path::new("/dev").join(name));
        for device in named.chain(devices.iter().cloned()) {
            let to = self.outside(&device);
            if let Some(parent) = to.parent() {
                fs::create_dir_all(parent).map_err(on("create", parent))?;
            }
            place(&to, false)?;
            bind(&device, &to, false)?;
        }
        let dev = self.outside(Path::new("/dev"));
        for (name, aim) in [
            ("fd", "/proc/self/fd"),
            ("stdin", "/proc/self/fd/0"),
            ("stdout", "/proc/self/fd/1"),
            ("stderr", "/proc/self/fd/2"),
            ("ptmx", "pts/ptmx"),
        ] {
            let at = dev.join(name);
            std::os::unix::fs::symlink(aim, &at).map_err(on("link", &at))?;
        }
        let (pts, shm) = (dev.join("pts"), dev.join("shm"));
        place(&pts, true)?;
        place(&shm, true)?;
        memory(&shm, "1777")?;
        let flags = MountFlags::NOSUID | MountFlags::NOEXEC;
        let options = c"newinstance,ptmxmode=0666,mode=0620";
        mount("devpts", &pts, "devpts", flags, options).map_err(on("mount", &pts))
    }

    /// Shows a host directory empty.
    fn hide(&mut self, dir: &Path) -> Result<()> {
        let outside = self.outside(dir);
        if !outside.is_dir() {
            return Ok(());
        }
        memory(&outside, "0755")?;
        self.ours.insert(dir.to_owned());
        self.to_freeze.insert(dir.to_owned());
        Ok(())
    }

    fn bind_volume(&mut self, volume: &Mount) -> Result<()> {
        let is_dir = volume.source.is_dir();
        let inside = self.make_target(&volume.target, is_dir)?;
        let outside = self.outside(&inside);
        bind(&volume.source, &outside, volume.read_only)?;
        self.forget_below(&inside);
        self.volumes.insert(inside, !volume.read_only);
        Ok(())
    }

    /// What lay at a path and below it is covered.
    fn forget_below(&mut self, inside: &Path) {
        self.ours.retain(|path| !path.starts_with(inside));
        self.to_freeze.retain(|path| !path.starts_with(inside));
        self.volumes.retain(|path, _| !path.starts_with(inside));
    }

    /// Makes the target if need be and returns its path with links followed.
    fn make_target(&mut self, target: &Path, is_dir: bool) -> Result<PathBuf> {
        let mut inside = PathBuf::from("/");
        let mut parts: Vec<_> = names(target);
        parts.reverse();
        let mut links = 0;
        while let Some(part) = parts.pop() {
            let next = inside.join(&part);
            let outside = self.outside(&next);
            match fs::symlink_metadata(&outside) {
                Ok(meta) if meta.is_symlink() && links < 40 => {
                    links += 1;
                    let aim = fs::read_link(&outside).map_err(on("read link", &outside))?;
                    let resolved = lexical(&inside.join(aim));
                    parts.extend(names(&resolved).into_iter().rev());
                    inside = PathBuf::from("/");
                }
                Ok(_) => inside = next,
                Err(_) => {
                    self.make_writable(&inside)?;
                    place(&outside, is_dir || !parts.is_empty())?;
                    if self.ours.contains(&inside) {
                        self.ours.insert(next.clone());
                    }
                    inside = next;
                }
            }
        }
        Ok(inside)
    }

    /// Makes sure that entries can be made in a directory of the sandbox.
    fn make_writable(&mut self, inside: &Path) -> Result<()> {
        // A volume inside a volume: the place is made in the outer one.
        let volume = inside.ancestors().find_map(|ancestor| self.volumes.get(ancestor));
        if self.ours.contains(inside) || volume == Some(&true) {
            return Ok(());
        }
        let (place_of, stage) = (self.outside(inside), self.at.join(STAGE));
        place(&stage, true)?;
        memory(&stage, "0755")?;
        bind_entries(&place_of, &stage, false, |_| false)?;
        mount_move(&stage, &place_of).map_err(on("make room in", &place_of))?;
        fs::remove_dir(&stage).map_err(on("remove", &stage))?;
        self.ours.insert(inside.to_owned());
        self.to_freeze.insert(inside.to_owned());
        Ok(())
    }

    fn freeze(&self) -> Result<()> {
        for inside in &self.to_freeze {
            let outside = self.outside(inside);
            sys::make_read_only(&outside, false).map_err(on("make read-only", &outside))?;
        }
        Ok(())
    }
}

fn names(path: &Path) -> Vec<PathBuf> {
    path.components()
        .filter_map(|component| match component {
            Component::Normal(name) => Some(PathBuf::from(name)),
            _ => None,
        })
        .collect()
}

/// The path without `.` and `..`, by its letters alone.
fn lexical(path: &Path) -> PathBuf {
    let mut clean = PathBuf::from("/");
    for component in path.components() {
        match component {
            Component::Normal(name) => clean.push(name),
            Component::ParentDir => {
                clean.pop();
            }
            _ => {}
        }
    }
    clean
}

fn memory(at: &Path, mode: &str) -> Result<()> {
    let options = std::ffi::CString::new(format!("mode={mode}")).unwrap_or_default();
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    mount("tmpfs", at, "tmpfs", flags, options.as_c_str()).map_err(on("mount memory on", at))
}

fn place(at: &Path, is_dir: bool) -> Result<()> {
    if is_dir {
        return match fs::create_dir(at) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            other => other.map_err(on("create directory", at)),
        };
    }
    fs::OpenOptions::new().create(true).append(true).open(at).map(drop).map_err(on("create", at))
}

/// Binds the entries of one directory into another.
fn bind_entries(
    source: &Path,
    to: &Path,
    read_only: bool,
    skip: impl Fn(&OsStr) -> bool,
) -> Result<()> {
    for entry in fs::read_dir(source).map_err(on("read", source))? {
        let entry = entry.map_err(on("read", source))?;
        if skip(&entry.file_name()) {
            continue;
        }
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().map_err(on("look at", &from))?;
        if kind.is_symlink() {
            let aim = fs::read_link(&from).map_err(on("read link", &from))?;
            std::os::unix::fs::symlink(aim, &to).map_err(on("link", &to))?;
        } else {
            place(&to, kind.is_dir())?;
            bind(&from, &to, read_only)?;
        }
    }
    Ok(())
}

fn bind(from: &Path, to: &Path, read_only: bool) -> Result<()> {
    mount_bind_recursive(from, to).map_err(on("bind", from))?;
    if read_only {
        sys::make_read_only(to, true).map_err(on("make read-only", to))?;
    }
    Ok(())
}

fn pivot(root: &Path) -> Result<()> {
    std::env::set_current_dir(root).map_err(on("enter", root))?;
    // Stacks the old root on the new one, so that no place for it is needed.
    rustix::process::pivot_root(".", ".").map_err(on("make the root", root))?;
    unmount(".", UnmountFlags::DETACH).map_err(on("leave", Path::new("/")))?;
    std::env::set_current_dir("/").map_err(on("enter", Path::new("/")))
}
