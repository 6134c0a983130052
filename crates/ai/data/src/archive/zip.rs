//! Zip archives (PKWARE's APPNOTE 6.3), stored or deflated.

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use encoding_rs::GB18030;
use zip::result::ZipError;
use zip::{System, ZipArchive};

use super::broken;
use super::unpacking::Unpacking;
use crate::Error;
use crate::error::Result;

/// Bytes of the list of entries for each entry that is allowed: 46 and a long name.
const LISTED: u64 = 256;
/// The flag of an entry whose name is UTF-8.
const UTF8: u16 = 1 << 11;

pub(super) fn read(file: File, into: &mut Unpacking) -> Result<()> {
    // The list is read into memory at once: no more of it than entries are allowed.
    let left = Arc::new(AtomicU64::new(LISTED * into.most_entries() as u64 + (1 << 20)));
    let reader = BufReader::new(Metered { file, left: left.clone() });
    let mut archive = ZipArchive::new(reader).map_err(|error| wrong(error, into))?;
    left.store(u64::MAX, Ordering::Relaxed);
    if archive.has_duplicate_names() {
        return Err(Error::invalid("archive", "it has two entries of the same name"));
    }
    for at in 0..archive.len() {
        into.count()?;
        let mut entry = archive.by_index(at).map_err(|error| wrong(error, into))?;
        let marked = entry.flags().as_u16() & UTF8 != 0;
        let path = name(entry.name_raw(), !marked && entry.system() == System::Dos)?;
        if entry.is_dir() {
            continue;
        }
        let refuse = |problem: &str| Err(Error::invalid("archive", format!("'{path}' {problem}")));
        if entry.encrypted() {
            return refuse("is encrypted; pack without a password");
        }
        // The kind of file, as Unix writes it; 0 where another system packed.
        match entry.unix_mode().unwrap_or_default() & 0o170_000 {
            0 | 0o100_000 => into.add(&path, &mut entry)?,
            0o120_000 => return refuse("is a link; only files and directories are taken"),
            _ => return refuse("is neither a file nor a directory"),
        }
    }
    Ok(())
}

/// Mostly UTF-8. Chinese Windows writes GBK, and some of that is UTF-8 by
/// chance (图 is ͼ), but hardly ever UTF-8 with characters of three bytes.
fn name(raw: &[u8], of_windows: bool) -> Result<String> {
    let utf8 = std::str::from_utf8(raw).ok();
    let chinese = || GB18030.decode_without_bom_handling_and_without_replacement(raw);
    let by_chance =
        |text: &str| of_windows && !text.is_ascii() && text.chars().all(|c| c < '\u{800}');
    match utf8.filter(|text| !by_chance(text)).map(Into::into).or_else(chinese) {
        Some(name) => Ok(name.into_owned()),
        None => {
            let shown = String::from_utf8_lossy(raw);
            Err(Error::invalid("archive", format!("a path in it is not UTF-8: {shown}")))
        }
    }
}

fn wrong(error: ZipError, into: &Unpacking) -> Error {
    match error {
        ZipError::Io(error) => into.torn(&error),
        ZipError::CompressionMethodNotSupported(_) => {
            Error::invalid("archive", "it is compressed in a way that is not read; use deflate")
        }
        ZipError::UnsupportedArchive(problem) => {
            Error::invalid("archive", format!("it is of a kind that is not read: {problem}"))
        }
        other => broken(other),
    }
}

/// Ends with an error when more is read than is left.
struct Metered {
    file: File,
    left: Arc<AtomicU64>,
}

impl Read for Metered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read(buffer)?;
        let left = self.left.load(Ordering::Relaxed);
        if left != u64::MAX {
            let left = left.checked_sub(length as u64).ok_or_else(|| {
                io::Error::new(ErrorKind::InvalidData, "its list of entries is too long")
            })?;
            self.left.store(left, Ordering::Relaxed);
        }
        Ok(length)
    }
}

impl Seek for Metered {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}
