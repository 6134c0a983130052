//! Lays the layers of an image on each other, into one tree.
//!
//! Guarantees: nothing is made outside the tree; no device, no bit of another user's rights;
//! every layer holds what the image's configuration says (`diff_ids`), or all is refused.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use tar::EntryType;

use crate::archive::{Section, decompressed, plain};
use crate::digest::{Digest, Hashing};
use crate::error::{Error, Result};
use crate::store::Limits;
use crate::tape::{Entry, Tape};
use crate::tree::Tree;

/// Marks what a layer removes from those below (the OCI image specification's layers).
const WHITEOUT: &[u8] = b".wh.";
const OPAQUE: &[u8] = b".wh..wh..opq";
/// Folders in folders: more than any program makes.
const DEEPEST: usize = 256;
const LONGEST_PATH: usize = 4095;

/// What may still be unpacked.
pub(crate) struct Budget {
    bytes: u64,
    most_bytes: u64,
    entries: u64,
    most_entries: u64,
}

impl Budget {
    /// So many bytes were received: what is far more than those is a bomb.
    pub(crate) fn new(limits: &Limits, received: u64) -> Budget {
        let bytes = limits.of(limits.unpacked_bytes, received);
        Budget { bytes, most_bytes: bytes, entries: limits.entries, most_entries: limits.entries }
    }
}

/// Unpacks the layers, the lowest first; what their files hold, in bytes.
pub(crate) fn unpack(
    layers: &[Section],
    diff_ids: &[Digest],
    into: &Path,
    budget: &mut Budget,
) -> Result<u64> {
    let mut tree = Tree::open(into).map_err(|errno| Error::file("open", into)(errno.into()))?;
    let mut size = 0;
    for (number, (layer, diff_id)) in layers.iter().zip(diff_ids).enumerate() {
        let mut on = Layer { number: number + 1, tree: &mut tree, budget, made: HashSet::new() };
        size += on.unpack(layer.clone(), diff_id)?;
    }
    tree.sync().map_err(|errno| Error::file("write", into)(errno.into()))?;
    Ok(size)
}

struct Layer<'a> {
    number: usize,
    tree: &'a mut Tree,
    budget: &'a mut Budget,
    /// What this layer brought: its whiteouts are for those below it alone.
    made: HashSet<PathBuf>,
}

/// Reads no more than the budget has.
struct Bounded<'a, R> {
    inner: R,
    left: &'a mut u64,
}

/// The words of an error that [`Bounded`] makes.
const TOO_MUCH: &str = "more than may be unpacked";

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        match self.left.checked_sub(count as u64) {
            Some(left) => *self.left = left,
            None => return Err(io::Error::other(TOO_MUCH)),
        }
        Ok(count)
    }
}

impl Layer<'_> {
    fn unpack(&mut self, content: Section, diff_id: &Digest) -> Result<u64> {
        let number = self.number;
        let most = self.budget.most_bytes;
        let broken = |error: io::Error| match error.to_string() {
            words if words == TOO_MUCH => {
                let reason = format!(
                    "layer {number} unpacks to far too much: an archive of this size may have {most} bytes"
                );
                Error::TooLarge { reason }
            }
            words => Error::refused(format!("layer {number} is damaged: {words}")),
        };
        let mut bytes_left = self.budget.bytes;
        let source = decompressed(content).map_err(broken)?;
        let mut hashing = Hashing::new(Bounded { inner: source, left: &mut bytes_left });
        let mut tape = Tape::new(&mut hashing);
        let mut size = 0;
        while let Some(entry) = tape.advance().map_err(broken)? {
            self.budget.entries = self.budget.entries.checked_sub(1).ok_or_else(|| {
                let most = self.budget.most_entries;
                Error::TooLarge { reason: format!("the images have more than {most} files") }
            })?;
            if entry.kind.is_file() {
                size += entry.size;
            }
            self.lay(&entry, &mut tape, &broken)?;
        }
        let found = hashing.finish().map_err(broken)?;
        self.budget.bytes = bytes_left;
        match found == *diff_id {
            true => Ok(size),
            false => Err(Error::refused(format!(
                "layer {number} does not hold what the image's configuration says: {found}, not {diff_id}"
            ))),
        }
    }

    fn refuse(&self, path: &Path, why: &str) -> Error {
        Error::refused(format!("layer {} has {path:?}, {why}", self.number))
    }

    /// What the kernel said of a path that the layer names.
    fn failed<'p>(&self, path: &'p Path) -> impl Fn(Errno) -> Error + use<'p> {
        let number = self.number;
        move |errno| {
            let why = match errno {
                Errno::NOENT | Errno::EXIST => "which a link leads to nowhere",
                Errno::NOTDIR => "below what is no folder",
                Errno::ISDIR => "a link to a folder",
                Errno::LOOP | Errno::XDEV => "by links without end",
                Errno::NAMETOOLONG | Errno::INVAL => "a name that no file can have",
                _ => return Error::file("unpack", path)(errno.into()),
            };
            Error::refused(format!("layer {number} has {path:?}, {why}"))
        }
    }

    fn lay(
        &mut self,
        entry: &Entry,
        content: &mut impl Read,
        broken: &dyn Fn(io::Error) -> Error,
    ) -> Result<()> {
        let said = &entry.path;
        let path = plain(said).ok_or_else(|| self.refuse(said, "outside the image"))?;
        if path.as_os_str().is_empty() {
            return Ok(());
        }
        if path.as_os_str().len() > LONGEST_PATH || path.components().count() > DEEPEST {
            return Err(self.refuse(said, "deeper than any file lies"));
        }
        let name = path.file_name().map(OsStr::as_bytes).unwrap_or_default();
        let folder = path.parent().unwrap_or(Path::new(""));
        if name == OPAQUE {
            let made = std::mem::take(&mut self.made);
            let cleared = self.tree.clear(folder, &|path| made.contains(path));
            self.made = made;
            return cleared.map_err(self.failed(&path));
        }
        if let Some(gone) = name.strip_prefix(WHITEOUT) {
            let gone = plain(&folder.join(OsStr::from_bytes(gone)));
            let gone = gone.filter(|gone| gone != folder && gone.parent() == Some(folder));
            let gone = gone.ok_or_else(|| self.refuse(said, "which removes nothing"))?;
            if self.made.contains(&gone) {
                return Ok(());
            }
            return self.tree.remove(&gone).map_err(self.failed(&path));
        }
        self.make(entry, &path, content, broken)?;
        let ancestors = path.ancestors().filter(|path| !path.as_os_str().is_empty());
        for made in ancestors {
            if !self.made.insert(made.to_owned()) {
                break;
            }
        }
        Ok(())
    }

    fn make(
        &mut self,
        entry: &Entry,
        path: &Path,
        content: &mut impl Read,
        broken: &dyn Fn(io::Error) -> Error,
    ) -> Result<()> {
        let failed = self.failed(path);
        match (entry.kind, &entry.link) {
            (EntryType::Directory, _) => self.tree.folder(path).map_err(failed),
            (EntryType::Regular | EntryType::Continuous, _) => {
                let file = self.tree.file(path, entry.mode & 0o111 != 0).map_err(failed)?;
                copy(content, file, path, broken)
            }
            (EntryType::Symlink, Some(aim)) if !aim.as_os_str().is_empty() => {
                self.tree.symlink(path, aim).map_err(failed)
            }
            (EntryType::Link, Some(aim)) => {
                let of = plain(aim).filter(|of| !of.as_os_str().is_empty());
                let of = of.ok_or_else(|| {
                    self.refuse(path, &format!("a link to {aim:?}, outside the image"))
                })?;
                self.tree.link(path, &of).map_err(failed)
            }
            (EntryType::Char | EntryType::Block, _) => {
                Err(self.refuse(path, "a device: images may have none"))
            }
            (EntryType::Fifo, _) => Err(self.refuse(path, "a pipe: images may have none")),
            (kind, _) => Err(self.refuse(path, &format!("of a kind not known here ({kind:?})"))),
        }
    }
}

fn copy(
    content: &mut impl Read,
    file: std::fs::File,
    path: &Path,
    broken: &dyn Fn(io::Error) -> Error,
) -> Result<()> {
    use std::io::Write;
    let (mut file, mut buffer) = (file, [0; 64 << 10]);
    loop {
        match content.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => file.write_all(&buffer[..count]).map_err(Error::file("unpack", path))?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(broken(error)),
        }
    }
}
