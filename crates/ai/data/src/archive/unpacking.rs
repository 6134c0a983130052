//! Where the files of an archive go, whatever its format.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::{Files, broken, staged_at};
use crate::digest::Digest;
use crate::error::Result;
use crate::uploads::Staged;
use crate::usage::Charge;
use crate::{Error, paths};

pub(super) struct Unpacking {
    folder: PathBuf,
    under: String,
    most_entries: usize,
    most: u64,
    left: u64,
    entries: usize,
    charge: Charge,
    files: Files,
    /// Paths in lower case, with the path.
    seen: HashMap<String, String>,
}

impl Unpacking {
    pub fn new(
        folder: &Path,
        under: &str,
        most_entries: usize,
        most: u64,
        charge: Charge,
    ) -> Unpacking {
        Unpacking {
            folder: folder.to_owned(),
            under: under.to_owned(),
            most_entries,
            most,
            left: most,
            entries: 0,
            charge,
            files: Vec::new(),
            seen: HashMap::new(),
        }
    }

    /// Bytes that the archive may unpack to.
    pub fn most(&self) -> u64 {
        self.most
    }

    pub fn most_entries(&self) -> usize {
        self.most_entries
    }

    /// To be called for every entry, of whatever kind.
    pub fn count(&mut self) -> Result<()> {
        self.entries += 1;
        match self.entries > self.most_entries {
            true => {
                let limit = format!("{} entries", self.most_entries);
                Err(Error::TooLarge { what: "the archive", limit })
            }
            false => Ok(()),
        }
    }

    /// Takes a file.
    pub fn add(&mut self, path: &str, content: &mut dyn Read) -> Result<()> {
        let path = path.strip_prefix("./").unwrap_or(path);
        paths::file(path)?;
        let path = match self.under.as_str() {
            "" => path.to_owned(),
            under => format!("{under}/{path}"),
        };
        paths::file(&path)?;
        if let Some(other) = self.seen.insert(path.to_lowercase(), path.clone()) {
            let problem = match other == path {
                true => format!("'{path}' is in it twice"),
                false => format!(
                    "'{other}' and '{path}' differ in upper and lower case alone; rename one"
                ),
            };
            return Err(Error::invalid("archive", problem));
        }
        let staged = self.store(content)?;
        self.files.push((path, staged));
        Ok(())
    }

    fn store(&mut self, content: &mut dyn Read) -> Result<Staged> {
        let failed = Error::file("unpacking an archive");
        let at = staged_at(&self.folder);
        let mut to = File::create_new(&at).map_err(&failed)?;
        let (mut hash, mut size) = (Sha256::new(), 0);
        let mut buffer = vec![0; 256 << 10];
        loop {
            let length = content.read(&mut buffer).map_err(|error| self.torn(&error))?;
            if length == 0 {
                break;
            }
            self.left = self.left.checked_sub(length as u64).ok_or_else(|| self.too_large())?;
            self.charge.add(length as u64)?;
            size += length as u64;
            hash.update(&buffer[..length]);
            to.write_all(&buffer[..length]).map_err(&failed)?;
        }
        Ok(Staged { digest: Digest::from_hash(hash), size, charged: size, at: Some(at) })
    }

    fn too_large(&self) -> Error {
        Error::TooLarge {
            what: "what the archive unpacks to",
            limit: format!("{} bytes", self.most),
        }
    }

    /// What an error in reading the archive means.
    pub fn torn(&self, error: &io::Error) -> Error {
        match error.kind() {
            ErrorKind::FileTooLarge => self.too_large(),
            ErrorKind::UnexpectedEof => broken("it ends in the middle"),
            _ => broken(error),
        }
    }

    pub fn finish(self) -> Result<(Files, Charge)> {
        match self.files.is_empty() {
            true => Err(Error::invalid("archive", "it has no files")),
            false => Ok((self.files, self.charge)),
        }
    }
}

/// Ends with [`ErrorKind::FileTooLarge`] after so many bytes.
pub(super) struct Bounded<R> {
    from: R,
    left: u64,
}

impl<R> Bounded<R> {
    pub fn new(from: R, most: u64) -> Bounded<R> {
        Bounded { from, left: most }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.from.read(buffer)?;
        self.left = self.left.checked_sub(length as u64).ok_or(ErrorKind::FileTooLarge)?;
        Ok(length)
    }
}
