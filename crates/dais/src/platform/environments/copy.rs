//! Copies what a build made into files that no builder ever had open.
//!
//! The builder's own programs may still run, and swap names under the copier's feet: every
//! entry is opened below its folder's descriptor, never through a link, and judged by what
//! was opened. Hard links become files of their own, links stay links; what is neither file,
//! folder nor link is refused.

use std::ffi::{CStr, CString, OsStr};
use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, Timespec, Timestamps};
use sha2::{Digest, Sha256};

/// Folders below each other; two descriptors are open for each.
const DEEPEST: usize = 100;
/// Files, folders and links: the largest sets of packages have some hundred thousand.
const MOST_ENTRIES: u64 = 2_000_000;
const CHUNK: usize = 1 << 20;
const NEVER_THROUGH_LINKS: OFlags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);

/// What was copied.
#[derive(Debug, PartialEq, Eq)]
pub struct Copied {
    /// SHA-256 over names, kinds and contents, as they were read back from the copy.
    pub sha256: String,
    pub size_bytes: u64,
}

#[derive(Debug)]
pub enum Error {
    /// The build holds what no environment may hold, in words.
    Refused(String),
    Failed(PathBuf, io::Error),
}

/// Copies all below `from` into the empty folder `into`. Everything must belong to the owner
/// of `from`: a hard link may name a file that its maker cannot read.
pub fn copy(from: &Path, into: &Path) -> Result<Copied, Error> {
    let open = |path: &Path| {
        rustix::fs::open(path, NEVER_THROUGH_LINKS | OFlags::DIRECTORY, Mode::empty())
            .map_err(|error| Error::Failed(path.to_owned(), error.into()))
    };
    let ends = Folders { from: open(from)?, into: open(into)? };
    let failed = |error: rustix::io::Errno| Error::Failed(into.to_owned(), error.into());
    let disk = rustix::fs::fstatvfs(&ends.into).map_err(failed)?;
    let mut copier = Copier {
        owner: rustix::fs::fstat(&ends.from).map_err(failed)?.st_uid,
        room: disk.f_bavail.saturating_mul(disk.f_frsize),
        entries: 0,
        copied: 0,
        sum: Sha256::new(),
        at: PathBuf::new(),
    };
    copier.folder(&ends, 0)?;
    let sha256 = format!("{:x}", copier.sum.finalize());
    Ok(Copied { sha256, size_bytes: copier.copied })
}

struct Folders {
    from: OwnedFd,
    into: OwnedFd,
}

struct Copier {
    owner: u32,
    /// Bytes that the disk had free: a file of holes may claim more than any.
    room: u64,
    entries: u64,
    copied: u64,
    sum: Sha256,
    /// The entry at hand, for words.
    at: PathBuf,
}

impl Copier {
    fn folder(&mut self, ends: &Folders, depth: usize) -> Result<(), Error> {
        if depth > DEEPEST {
            return Err(self.refused(&format!("lies deeper than {DEEPEST} folders")));
        }
        for name in self.names(&ends.from)? {
            self.at.push(OsStr::from_bytes(name.to_bytes()));
            self.entry(ends, &name, depth)?;
            self.at.pop();
        }
        Ok(())
    }

    /// In order, so that the sum is the same for the same.
    fn names(&mut self, folder: &OwnedFd) -> Result<Vec<CString>, Error> {
        let entries = rustix::fs::Dir::read_from(folder).map_err(|error| self.failed(error))?;
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| self.failed(error))?;
            if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
                self.entries += 1;
                names.push(entry.file_name().to_owned());
            }
            if self.entries > MOST_ENTRIES {
                let words = format!("is one of more than {MOST_ENTRIES} files");
                return Err(self.refused(&words));
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    fn entry(&mut self, ends: &Folders, name: &CStr, depth: usize) -> Result<(), Error> {
        let found = rustix::fs::statat(&ends.from, name, AtFlags::SYMLINK_NOFOLLOW);
        let found = found.map_err(|error| self.failed(error))?;
        self.own(&found)?;
        match FileType::from_raw_mode(found.st_mode) {
            FileType::Symlink => self.link(ends, name),
            FileType::Directory => {
                self.note(b'd', false);
                let from = self.open(&ends.from, name, OFlags::DIRECTORY)?;
                let mode = Mode::from_raw_mode(0o755);
                rustix::fs::mkdirat(&ends.into, name, mode).map_err(|error| self.failed(error))?;
                let into = self.open(&ends.into, name, OFlags::DIRECTORY)?;
                rustix::fs::fchmod(&into, mode).map_err(|error| self.failed(error))?;
                self.folder(&Folders { from, into }, depth + 1)
            }
            FileType::RegularFile => self.file(ends, name),
            _ => Err(self.refused("is neither a file, a folder nor a link")),
        }
    }

    fn link(&mut self, ends: &Folders, name: &CStr) -> Result<(), Error> {
        let target = rustix::fs::readlinkat(&ends.from, name, Vec::new());
        let target = target.map_err(|error| self.failed(error))?;
        let made = rustix::fs::symlinkat(&target, &ends.into, name);
        made.map_err(|error| self.failed(error))?;
        self.note(b'l', false);
        self.sum.update(target.to_bytes_with_nul());
        Ok(())
    }

    fn file(&mut self, ends: &Folders, name: &CStr) -> Result<(), Error> {
        let from = File::from(self.open(&ends.from, name, OFlags::RDONLY)?);
        let found = rustix::fs::fstat(&from).map_err(|error| self.failed(error))?;
        self.own(&found)?;
        if FileType::from_raw_mode(found.st_mode) != FileType::RegularFile {
            return Err(self.refused("is neither a file, a folder nor a link"));
        }
        let left = self.room.saturating_sub(self.copied);
        let too_large = |copier: &Self| copier.refused("is more than the disk has room for");
        if u64::try_from(found.st_size).unwrap_or(u64::MAX) > left {
            return Err(too_large(self));
        }
        let is_program = found.st_mode & 0o111 != 0;
        let mode = Mode::from_raw_mode(if is_program { 0o755 } else { 0o644 });
        let new = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | NEVER_THROUGH_LINKS;
        let into = rustix::fs::openat(&ends.into, name, new, mode);
        let mut into = File::from(into.map_err(|error| self.failed(error))?);
        // Where the file system shares blocks, nothing is copied before somebody writes.
        if rustix::fs::ioctl_ficlone(&into, &from).is_err() {
            let copied = io::copy(&mut (&from).take(left + 1), &mut into);
            if copied.map_err(|error| self.failed(error))? > left {
                return Err(too_large(self));
            }
        }
        self.note(b'f', is_program);
        self.copied += self.summed(&mut into)?;
        rustix::fs::fchmod(&into, mode).map_err(|error| self.failed(error))?;
        // Python takes its compiled modules for current by the time of their sources.
        let time = Timespec { tv_sec: found.st_mtime, tv_nsec: found.st_mtime_nsec as _ };
        let times = Timestamps { last_access: time, last_modification: time };
        rustix::fs::futimens(&into, &times).map_err(|error| self.failed(error))
    }

    /// Adds what the copy holds to the sum; its bytes.
    fn summed(&mut self, copy: &mut File) -> Result<u64, Error> {
        let length = copy.metadata().map_err(|error| self.failed(error))?.len();
        self.sum.update(length.to_be_bytes());
        copy.rewind().map_err(|error| self.failed(error))?;
        let mut chunk = vec![0; CHUNK.min(usize::try_from(length).unwrap_or(CHUNK) + 1)];
        loop {
            match copy.read(&mut chunk) {
                Ok(0) => return Ok(length),
                Ok(read) => self.sum.update(&chunk[..read]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed(error)),
            }
        }
    }

    /// The kind of an entry and where it is, into the sum.
    fn note(&mut self, kind: u8, is_program: bool) {
        self.sum.update([kind, u8::from(is_program)]);
        self.sum.update(self.at.as_os_str().as_bytes());
        self.sum.update([0]);
    }

    fn own(&self, found: &Stat) -> Result<(), Error> {
        match found.st_uid == self.owner {
            true => Ok(()),
            false => Err(self.refused("does not belong to the build")),
        }
    }

    fn open(&self, folder: &OwnedFd, name: &CStr, how: OFlags) -> Result<OwnedFd, Error> {
        let folder: BorrowedFd<'_> = folder.as_fd();
        let opened = rustix::fs::openat(folder, name, how | NEVER_THROUGH_LINKS, Mode::empty());
        opened.map_err(|error| self.failed(error))
    }

    fn refused(&self, why: &str) -> Error {
        Error::Refused(format!("{:?} {why}", self.at))
    }

    fn failed(&self, error: impl Into<io::Error>) -> Error {
        Error::Failed(self.at.clone(), error.into())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn tree() -> (tempfile::TempDir, PathBuf, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let (from, into) = (folder.path().join("from"), folder.path().join("into"));
        fs::create_dir_all(from.join("lib/deep")).unwrap();
        fs::create_dir(&into).unwrap();
        fs::write(from.join("lib/a.py"), "a = 1").unwrap();
        fs::write(from.join("lib/deep/run"), "#!/bin/sh").unwrap();
        fs::set_permissions(from.join("lib/deep/run"), fs::Permissions::from_mode(0o4777)).unwrap();
        symlink("/usr/bin/python3", from.join("python")).unwrap();
        fs::hard_link(from.join("lib/a.py"), from.join("b.py")).unwrap();
        (folder, from, into)
    }

    #[test]
    fn a_copy_is_the_same_and_shares_no_file() {
        let (_kept, from, into) = tree();
        let then = std::time::UNIX_EPOCH + std::time::Duration::new(1_000_000_000, 5_000);
        let source = File::options().write(true).open(from.join("lib/a.py")).unwrap();
        source.set_modified(then).unwrap();
        let copied = copy(&from, &into).unwrap();
        assert_eq!(copied.size_bytes, 5 + 5 + 9);
        assert_eq!(fs::read_link(into.join("python")).unwrap(), Path::new("/usr/bin/python3"));
        let module = fs::metadata(into.join("lib/a.py")).unwrap();
        assert_eq!(module.modified().unwrap(), then);
        let program = fs::metadata(into.join("lib/deep/run")).unwrap();
        assert_eq!(program.permissions().mode() & 0o7777, 0o755);
        fs::write(into.join("b.py"), "b").unwrap();
        for one in ["lib/a.py", "b.py"] {
            assert_eq!(fs::read(from.join(one)).unwrap(), b"a = 1");
        }
        assert_eq!(fs::read(into.join("lib/a.py")).unwrap(), b"a = 1");
    }

    #[test]
    fn the_sum_tells_contents_names_and_programs_apart() {
        let sum = |change: &dyn Fn(&Path)| {
            let (_kept, from, into) = tree();
            change(&from);
            copy(&from, &into).unwrap().sha256
        };
        let plain = sum(&|_| ());
        assert_eq!(plain, sum(&|_| ()));
        let renamed = |from: &Path| fs::rename(from.join("b.py"), from.join("c.py")).unwrap();
        let program = |from: &Path| {
            let mode = fs::Permissions::from_mode(0o755);
            fs::set_permissions(from.join("b.py"), mode).unwrap();
        };
        let changed = |from: &Path| fs::write(from.join("b.py"), "a = 2").unwrap();
        for other in [sum(&renamed), sum(&program), sum(&changed)] {
            assert_ne!(plain, other);
        }
    }

    #[test]
    fn what_is_no_file_and_what_the_disk_cannot_hold_is_refused() {
        let (_kept, from, into) = tree();
        let pipe = from.join("lib/pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, FileType::Fifo, Mode::from_raw_mode(0o600), 0)
            .unwrap();
        let Err(Error::Refused(words)) = copy(&from, &into) else { panic!("a pipe was copied") };
        assert!(words.contains("lib/pipe") && words.contains("neither"), "{words}");

        let (_kept, from, into) = tree();
        File::create(from.join("holes")).unwrap().set_len(1 << 43).unwrap();
        let Err(Error::Refused(words)) = copy(&from, &into) else { panic!("8 TiB were copied") };
        assert!(words.contains("holes") && words.contains("room"), "{words}");

        let (_kept, from, into) = tree();
        let deep = (0..=DEEPEST).fold(from.clone(), |path, _| path.join("d"));
        fs::create_dir_all(deep).unwrap();
        assert!(matches!(copy(&from, &into), Err(Error::Refused(_))));
    }

    #[test]
    fn what_belongs_to_others_is_refused() {
        let (_kept, from, into) = tree();
        if !rustix::process::geteuid().is_root() {
            return; // Only root can make what belongs to somebody else.
        }
        std::os::unix::fs::chown(from.join("lib/a.py"), Some(1), None).unwrap();
        let Err(Error::Refused(words)) = copy(&from, &into) else { panic!("it was copied") };
        assert!(words.contains("belong"), "{words}");
    }
}
