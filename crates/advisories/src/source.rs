//! From a folder to advisories, within limits: an archive may be of any size once unpacked.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

// `zip` leaves the choice of a compressor to whoever has `flate2`.
use flate2 as _;
use thiserror::Error;
use zip::ZipArchive;

use crate::Advisories;

/// Bytes of an archive. All advisories of PyPI are some 30 MB in 2026.
pub(crate) const LARGEST_ARCHIVE: u64 = 512 << 20;
/// Bytes of one advisory. The largest lists some hundred versions of some hundred packages.
const LARGEST: u64 = 8 << 20;
/// Bytes of all of them, unpacked; some 300 MB in 2026.
const LARGEST_WHOLE: u64 = 4 << 30;
const MOST: usize = 1_000_000;

#[derive(Debug, Error)]
pub enum Error {
    #[error("there is neither PyPI/all.zip nor PyPI/*.json in the folder")]
    Nothing,
    #[error("reading {path}")]
    Io {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("PyPI/all.zip is no archive that can be read")]
    Archive(#[source] zip::result::ZipError),
    #[error("the advisories are {0}, more than are ever published")]
    TooLarge(&'static str),
    #[error("none of the {0} files is an advisory that can be read")]
    NoAdvisories(usize),
}

/// What tells one state of a folder from another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    files: usize,
    bytes: u64,
    newest: Option<SystemTime>,
}

impl Stamp {
    fn add(&mut self, file: &fs::Metadata) {
        self.files += 1;
        self.bytes = self.bytes.wrapping_add(file.len());
        self.newest = self.newest.max(file.modified().ok());
    }
}

fn archive_in(folder: &Path) -> PathBuf {
    folder.join("PyPI/all.zip")
}

pub(crate) fn stamp(folder: &Path) -> Stamp {
    let mut stamp = Stamp::default();
    match fs::metadata(archive_in(folder)) {
        Ok(archive) => stamp.add(&archive),
        Err(_) => {
            for path in files(folder).unwrap_or_default() {
                if let Ok(file) = fs::metadata(path) {
                    stamp.add(&file);
                }
            }
        }
    }
    stamp
}

pub(crate) fn read(folder: &Path) -> Result<Advisories, Error> {
    let archive = archive_in(folder);
    if archive.exists() {
        return read_archive(&archive);
    }
    let files = files(folder)?;
    if files.is_empty() {
        return Err(Error::Nothing);
    }
    let mut advisories = Advisories::default();
    let mut left = LARGEST_WHOLE;
    for path in files {
        let failed = |source| Error::Io { path: path.clone(), source };
        let file = File::open(&path).map_err(failed)?;
        let text = bounded(file, &mut left, failed)?;
        note(&mut advisories, text);
    }
    checked(advisories)
}

pub(crate) fn read_archive(path: &Path) -> Result<Advisories, Error> {
    let failed = |source| Error::Io { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.len() > LARGEST_ARCHIVE {
        return Err(Error::TooLarge("over 512 MiB"));
    }
    let mut archive = ZipArchive::new(io::BufReader::new(file)).map_err(Error::Archive)?;
    if archive.len() > MOST {
        return Err(Error::TooLarge("over a million files"));
    }
    let mut advisories = Advisories::default();
    let mut left = LARGEST_WHOLE;
    for at in 0..archive.len() {
        let Ok(entry) = archive.by_index(at) else {
            advisories.skipped += 1;
            continue;
        };
        let is_advisory = entry.name().is_ok_and(|name| name.ends_with(".json"));
        if !entry.is_file() || !is_advisory {
            continue;
        }
        // A torn entry says so while it is read, and spoils none but itself.
        match bounded(entry, &mut left, failed) {
            Err(Error::Io { .. }) => advisories.skipped += 1,
            text => note(&mut advisories, text?),
        }
    }
    checked(advisories)
}

/// In order, so that the same folder is read as the same.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let folder = folder.join("PyPI");
    let entries = match fs::read_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|source| Error::Io { path: folder, source })?,
    };
    let mut files = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.extension().is_some_and(|ending| ending == "json") && path.is_file() {
            files.push(path);
        }
        if files.len() > MOST {
            return Err(Error::TooLarge("over a million files"));
        }
    }
    files.sort_unstable();
    Ok(files)
}

/// The whole text; `None` of one that is too large to be an advisory.
fn bounded(
    from: impl Read,
    left: &mut u64,
    failed: impl FnOnce(io::Error) -> Error,
) -> Result<Option<Vec<u8>>, Error> {
    let mut text = Vec::new();
    let read = from.take(LARGEST + 1).read_to_end(&mut text).map_err(failed)?;
    let read = u64::try_from(read).unwrap_or(u64::MAX);
    *left = left.checked_sub(read).ok_or(Error::TooLarge("over 4 GiB unpacked"))?;
    Ok((read <= LARGEST).then_some(text))
}

fn note(advisories: &mut Advisories, text: Option<Vec<u8>>) {
    match text {
        Some(text) => advisories.add(&text),
        None => advisories.skipped += 1,
    }
}

/// An archive of something else is not one that knows no vulnerabilities.
fn checked(advisories: Advisories) -> Result<Advisories, Error> {
    match advisories.count {
        0 => Err(Error::NoAdvisories(advisories.skipped)),
        _ => Ok(advisories),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_together_are_no_larger_than_any_that_are_published() {
        let failed = |source| Error::Io { path: PathBuf::new(), source };
        let mut left = 5;
        assert_eq!(bounded(&b"abc"[..], &mut left, failed).unwrap().unwrap(), b"abc");
        let more = bounded(&b"abc"[..], &mut left, failed);
        assert!(matches!(more, Err(Error::TooLarge(_))));
    }
}
