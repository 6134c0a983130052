//! A tree of files that is being made out of layers nobody trusts.
//!
//! Every folder is found by the kernel, beneath the top of the tree, at the moment of use
//! (`openat2` with `RESOLVE_IN_ROOT`): links on the way are followed as the program in the
//! container would follow them, and never lead out.

use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{self, AtFlags, FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

/// Folders that anybody may pass.
const FOLDER: Mode = Mode::from_raw_mode(0o755);

type Result<T> = std::result::Result<T, Errno>;

pub(crate) struct Tree {
    path: PathBuf,
    root: OwnedFd,
    /// Where the last entry was made, which is mostly where the next one is.
    last: Option<(PathBuf, OwnedFd)>,
}

fn make_folder(parent: &OwnedFd, name: &Path) -> Result<()> {
    fs::mkdirat(parent, name, FOLDER)?;
    fs::chmodat(parent, name, FOLDER, AtFlags::empty())
}

const HANDLE: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

impl Tree {
    pub(crate) fn open(path: &Path) -> Result<Tree> {
        let root = fs::open(path, HANDLE, Mode::empty())?;
        Ok(Tree { path: path.to_owned(), root, last: None })
    }

    fn inside(&self, path: &Path, flags: OFlags) -> Result<OwnedFd> {
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        fs::openat2(&self.root, path, flags, Mode::empty(), resolve)
    }

    /// A file for reading, links followed inside.
    pub(crate) fn read(&self, path: &Path) -> Result<File> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        self.inside(path, flags).map(File::from)
    }

    /// The folder that an entry is in, made where it is missing, and the entry's own name.
    fn place<'a>(&mut self, path: &'a Path) -> Result<(&OwnedFd, &'a Path)> {
        let name = Path::new(path.file_name().ok_or(Errno::INVAL)?);
        let folder = path.parent().unwrap_or(Path::new(""));
        if self.last.as_ref().is_none_or(|(known, _)| known != folder) {
            let found = match self.inside(folder, HANDLE) {
                Err(Errno::NOENT) => self.make_folders(folder)?,
                found => found?,
            };
            self.last = Some((folder.to_owned(), found));
        }
        let (_, folder) = self.last.as_ref().ok_or(Errno::NOENT)?;
        Ok((folder, name))
    }

    fn make_folders(&self, path: &Path) -> Result<OwnedFd> {
        let (mut parent, mut made) = (self.inside(Path::new(""), HANDLE)?, PathBuf::new());
        for part in path {
            made.push(part);
            parent = match self.inside(&made, HANDLE) {
                Err(Errno::NOENT) => {
                    make_folder(&parent, Path::new(part))?;
                    self.inside(&made, HANDLE)?
                }
                found => found?,
            };
        }
        Ok(parent)
    }

    /// What is at a path itself, links not followed.
    fn kind(&mut self, path: &Path) -> Result<Option<FileType>> {
        let (folder, name) = self.place(path)?;
        match fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(FileType::from_raw_mode(stat.st_mode))),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn folder(&mut self, path: &Path) -> Result<()> {
        match self.kind(path)? {
            Some(FileType::Directory) => return Ok(()),
            Some(_) => self.remove(path)?,
            None => {}
        }
        let (folder, name) = self.place(path)?;
        make_folder(folder, name)
    }

    /// A new file in place of what was there.
    pub(crate) fn file(&mut self, path: &Path, executable: bool) -> Result<File> {
        self.remove(path)?;
        let (folder, name) = self.place(path)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(if executable { 0o755 } else { 0o644 });
        let file = fs::openat(folder, name, flags, mode)?;
        // Whatever the platform's own mask is.
        fs::fchmod(&file, mode)?;
        Ok(File::from(file))
    }

    pub(crate) fn symlink(&mut self, path: &Path, aim: &Path) -> Result<()> {
        self.remove(path)?;
        let (folder, name) = self.place(path)?;
        fs::symlinkat(aim, folder, name)
    }

    /// A second name for a file that is there.
    pub(crate) fn link(&mut self, path: &Path, of: &Path) -> Result<()> {
        let other = of.file_name().ok_or(Errno::INVAL)?;
        let from = self.inside(of.parent().unwrap_or(Path::new("")), HANDLE)?;
        let stat = fs::statat(&from, other, AtFlags::SYMLINK_NOFOLLOW)?;
        if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
            return Err(Errno::ISDIR);
        }
        if path == of {
            return Ok(());
        }
        self.remove(path)?;
        let (folder, name) = self.place(path)?;
        fs::linkat(&from, other, folder, name, AtFlags::empty())
    }

    /// Removes what is at a path, with all below it.
    pub(crate) fn remove(&mut self, path: &Path) -> Result<()> {
        match self.kind(path)? {
            None => Ok(()),
            Some(FileType::Directory) => {
                let (folder, name) = self.place(path)?;
                let by_handle =
                    PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd())).join(name);
                let removed = std::fs::remove_dir_all(by_handle);
                self.last = None;
                removed.map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))
            }
            Some(_) => {
                let (folder, name) = self.place(path)?;
                let removed = fs::unlinkat(folder, name, AtFlags::empty());
                self.last = None;
                removed
            }
        }
    }

    /// Removes from a folder what `keep` does not know, as paths from the top.
    pub(crate) fn clear(&mut self, path: &Path, keep: &dyn Fn(&Path) -> bool) -> Result<()> {
        let handle = match self.inside(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC) {
            Err(Errno::NOENT) => return Ok(()),
            handle => handle?,
        };
        let mut entries = Vec::new();
        for entry in fs::Dir::read_from(&handle)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                use std::os::unix::ffi::OsStrExt;
                entries.push(path.join(std::ffi::OsStr::from_bytes(name)));
            }
        }
        for entry in entries {
            if !keep(&entry) {
                self.remove(&entry)?;
            } else if self.kind(&entry)? == Some(FileType::Directory) {
                self.clear(&entry, keep)?;
            }
        }
        Ok(())
    }

    /// All that was written is on disk when this returns.
    pub(crate) fn sync(&self) -> Result<()> {
        fs::syncfs(fs::open(&self.path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?)
    }
}
