//! Several files as one.

use std::io::{Cursor, Read, Write};

// `zip` leaves the choice of a compressor to whoever has `flate2`.
use flate2 as _;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::File;
use crate::config::shown;
use crate::{Error, Result};

const MOST_FILES: usize = 500_000;
/// Of all files together, unpacked; a small archive can say that it holds any size.
const MOST_BYTES: u64 = 512 << 20;

/// A ZIP of files.
///
/// # Errors
/// [`Error::Write`] for what the format has no room for.
pub fn pack(files: &[File]) -> Result<Vec<u8>> {
    let failed = |source| Error::Write { what: "a ZIP archive", source };
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, bytes) in files {
        writer.start_file(path.as_str(), options).map_err(|error| failed(error.into()))?;
        writer.write_all(bytes).map_err(failed)?;
    }
    Ok(writer.finish().map_err(|error| failed(error.into()))?.into_inner())
}

/// The files of a ZIP; paths are as they are written in it, folders are left out.
///
/// # Errors
/// [`Error::Invalid`] for what is no ZIP, or holds too much.
pub fn unpack(bytes: &[u8]) -> Result<Vec<File>> {
    let wrong = |error: String| Error::invalid("file", error, "send a ZIP archive");
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|e| wrong(e.to_string()))?;
    if archive.len() > MOST_FILES {
        let hint = format!("pack at most {MOST_FILES}");
        return Err(Error::invalid("file", format!("has {} files", archive.len()), hint));
    }
    let (mut files, mut left) = (Vec::new(), MOST_BYTES);
    for at in 0..archive.len() {
        let file = archive.by_index(at).map_err(|e| wrong(e.to_string()))?;
        if file.is_dir() {
            continue;
        }
        let path = file.name().map_err(|e| wrong(e.to_string()))?.into_owned();
        let mut bytes = Vec::new();
        // One more than there is room for shows that it is too much.
        let read = file.take(left + 1).read_to_end(&mut bytes);
        let read = read.map_err(|error| {
            Error::invalid(format!("file {}", shown(&path)), error.to_string(), "pack it again")
        })? as u64;
        left = left.checked_sub(read).ok_or_else(|| {
            let hint = format!("pack at most {} MB", MOST_BYTES >> 20);
            Error::invalid("file", "unpacks to too much", hint)
        })?;
        files.push((path, bytes));
    }
    Ok(files)
}
