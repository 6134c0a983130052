//! An archive of images: one tar, spooled to disk so that its parts can be read in any order.

use std::cell::Cell;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use tar::EntryType;

use crate::digest::{Digest, Hashing};
use crate::error::{Error, Result};
use crate::store::Limits;
use crate::tape::Tape;

/// Indexes, manifests and configurations are some kilobytes.
const LARGEST_JSON: u64 = 4 << 20;
/// Older `docker save` names a layer that two images share by a link.
const LONGEST_CHAIN: usize = 8;
const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// Reads what is in a stream, compressed or not.
pub(crate) fn decompressed<'a>(source: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let mut source = BufReader::with_capacity(128 << 10, source);
    let begins = source.fill_buf()?;
    Ok(if begins.starts_with(GZIP) {
        Box::new(flate2::bufread::MultiGzDecoder::new(source))
    } else if begins.starts_with(ZSTD) {
        Box::new(zstd::stream::read::Decoder::with_buffer(source)?)
    } else {
        Box::new(source)
    })
}

/// Part of the spooled file.
#[derive(Clone)]
pub(crate) struct Section {
    file: Arc<File>,
    at: u64,
    pub(crate) size: u64,
}

impl Read for Section {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.size).unwrap_or(usize::MAX).min(buffer.len());
        let count = self.file.read_at(&mut buffer[..most], self.at)?;
        self.at += count as u64;
        self.size -= count as u64;
        Ok(count)
    }
}

enum Member {
    Content(Section),
    Link(PathBuf),
}

pub(crate) struct Archive {
    members: HashMap<PathBuf, Member>,
}

impl Archive {
    /// Writes the stream to `folder` and finds what is where. `received` is how much of it
    /// has come so far.
    pub(crate) fn spool(
        folder: &Path,
        source: impl Read,
        received: &Cell<u64>,
        limits: &Limits,
    ) -> Result<Archive> {
        let path = folder.join("archive");
        let mut options = std::fs::OpenOptions::new();
        let file = options.read(true).write(true).create_new(true).open(&path);
        let file = file.map_err(Error::file("create", &path))?;
        // Nobody needs its name, and it is gone with the process.
        std::fs::remove_file(&path).map_err(Error::file("remove", &path))?;
        let broke_off = |error: io::Error| {
            Error::refused(format!("the archive breaks off or is no archive: {error}"))
        };
        let mut source = decompressed(source).map_err(broke_off)?;
        let (mut buffer, mut size) = (vec![0; 256 << 10], 0_u64);
        loop {
            let count = match source.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(broke_off(error)),
            };
            size += count as u64;
            let most = limits.of(limits.archive_bytes, received.get());
            if size > most {
                let reason = format!("the archive unpacks to far too much: more than {most} bytes");
                return Err(Error::TooLarge { reason });
            }
            (&file).write_all(&buffer[..count]).map_err(Error::file("write", &path))?;
        }
        Archive::index(Arc::new(file), size, limits)
    }

    fn index(file: Arc<File>, size: u64, limits: &Limits) -> Result<Archive> {
        let section = |at, size| Section { file: file.clone(), at, size };
        let mut tape = Tape::new(BufReader::with_capacity(256 << 10, section(0, size)));
        let mut members = HashMap::new();
        let broken = |error| Error::refused(format!("the archive is no whole tar: {error}"));
        while let Some(entry) = tape.advance().map_err(broken)? {
            if members.len() as u64 >= limits.entries {
                let reason = format!("the archive has more than {} entries", limits.entries);
                return Err(Error::TooLarge { reason });
            }
            let name = plain(&entry.path).ok_or_else(|| {
                Error::refused(format!("the archive names {:?}, outside itself", entry.path))
            })?;
            let member = match (entry.kind, entry.link) {
                (EntryType::Regular | EntryType::Continuous, _) => {
                    Member::Content(section(tape.position(), entry.size))
                }
                (EntryType::Symlink, Some(aim)) => {
                    Member::Link(name.parent().unwrap_or(Path::new("")).join(aim))
                }
                (EntryType::Link, Some(aim)) => Member::Link(aim),
                _ => continue,
            };
            members.insert(name, member);
        }
        Ok(Archive { members })
    }

    fn find(&self, name: &str) -> Option<&Section> {
        let mut at = plain(Path::new(name))?;
        for _ in 0..LONGEST_CHAIN {
            match self.members.get(&at)? {
                Member::Content(section) => return Some(section),
                Member::Link(aim) => at = lexical(aim)?,
            }
        }
        None
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    pub(crate) fn section(&self, name: &str) -> Result<Section> {
        let missing =
            || Error::refused(format!("the archive does not hold {name:?}, which it names"));
        self.find(name).cloned().ok_or_else(missing)
    }

    pub(crate) fn json(&self, name: &str) -> Result<Vec<u8>> {
        let section = self.section(name)?;
        if section.size > LARGEST_JSON {
            let reason = format!("{name:?} has {} bytes, more than {LARGEST_JSON}", section.size);
            return Err(Error::TooLarge { reason });
        }
        let mut bytes = Vec::new();
        let read = section.take(LARGEST_JSON).read_to_end(&mut bytes);
        read.map_err(|error| Error::refused(format!("{name:?} cannot be read: {error}")))?;
        Ok(bytes)
    }

    /// The content of this digest, which it was checked to have.
    pub(crate) fn blob(&self, digest: &Digest) -> Result<Section> {
        let name = blob_name(digest);
        let section = self.section(&name)?;
        verify(section.clone(), digest, &name)?;
        Ok(section)
    }

    pub(crate) fn json_blob(&self, digest: &Digest) -> Result<Vec<u8>> {
        let bytes = self.json(&blob_name(digest))?;
        match Digest::of(&bytes) == *digest {
            true => Ok(bytes),
            false => Err(damaged(&blob_name(digest), digest)),
        }
    }
}

pub(crate) fn blob_name(digest: &Digest) -> String {
    format!("blobs/sha256/{}", digest.hex())
}

fn verify(content: impl Read, digest: &Digest, name: &str) -> Result<()> {
    let found = Hashing::new(content).finish();
    let found =
        found.map_err(|error| Error::refused(format!("{name:?} cannot be read: {error}")))?;
    if found == *digest { Ok(()) } else { Err(damaged(name, digest)) }
}

pub(crate) fn damaged(name: &str, digest: &Digest) -> Error {
    Error::refused(format!("{name:?} does not hold what its digest {digest} says"))
}

/// A relative path without `.`; none where it leads out or is absolute.
pub(crate) fn plain(path: &Path) -> Option<PathBuf> {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => clean.push(name),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(clean)
}

/// The path without `..`, by its letters alone; none where it leads out.
fn lexical(path: &Path) -> Option<PathBuf> {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => clean.push(name),
            Component::CurDir => {}
            Component::ParentDir => {
                if !clean.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(clean)
}
