//! The write-ahead file: the head's stream, in frames that are on disk.
//!
//! A frame is its length and CRC-32 (four bytes each, little-endian), then its bytes.
//! What a crash left of a frame is cut off when the file is opened again.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::error::{Result, file};

const HEADER: usize = 8;

pub struct Wal {
    file: File,
    path: PathBuf,
    end: u64,
}

impl Wal {
    pub fn create(path: &Path) -> Result<Wal> {
        let file = File::create(path).map_err(file("create", path))?;
        Ok(Wal { file, path: path.to_owned(), end: 0 })
    }

    /// The file and all whole frames' bytes.
    pub fn recover(path: &Path) -> Result<(Wal, Vec<u8>)> {
        let bytes = std::fs::read(path).map_err(file("read", path))?;
        let (mut body, mut rest) = (Vec::with_capacity(bytes.len()), bytes.as_slice());
        while let Some((frame, after)) = frame(rest) {
            body.extend_from_slice(frame);
            rest = after;
        }
        if !rest.is_empty() {
            tracing::warn!(
                bytes = rest.len(),
                "the last spans before a crash were not on disk; cut off"
            );
        }
        let end = (bytes.len() - rest.len()) as u64;
        let opened = OpenOptions::new().write(true).open(path).map_err(file("open", path))?;
        opened.set_len(end).map_err(file("shorten", path))?;
        Ok((Wal { file: opened, path: path.to_owned(), end }, body))
    }

    /// Returns when the bytes are on disk. After an error the same bytes, and more,
    /// may be tried again.
    pub fn append(&mut self, bytes: &[u8]) -> Result<()> {
        let length = u32::try_from(bytes.len()).expect("a head is sealed at some megabytes");
        let mut header = [0; HEADER];
        header[..4].copy_from_slice(&length.to_le_bytes());
        header[4..].copy_from_slice(&crc32fast::hash(bytes).to_le_bytes());
        self.file
            .write_all_at(&header, self.end)
            .and_then(|()| self.file.write_all_at(bytes, self.end + HEADER as u64))
            .and_then(|()| self.file.sync_data())
            .map_err(file("write", &self.path))?;
        self.end += (HEADER + bytes.len()) as u64;
        Ok(())
    }
}

/// The next frame and what follows; `None` at the end and where none is whole. Zeros,
/// as a file system may leave them, are no frame.
fn frame(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (checksum, rest) = rest.split_first_chunk()?;
    let length = u32::from_le_bytes(*length) as usize;
    let (frame, rest) = rest.split_at_checked(length)?;
    (length > 0 && crc32fast::hash(frame) == u32::from_le_bytes(*checksum)).then_some((frame, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wherever_the_last_frame_is_cut_the_others_stay_and_the_file_goes_on() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("wal");
        let mut wal = Wal::create(&path).unwrap();
        wal.append(b"first").unwrap();
        let kept = std::fs::metadata(&path).unwrap().len() as usize;
        wal.append(b"second").unwrap();
        let whole = std::fs::read(&path).unwrap();
        for cut in kept..whole.len() {
            let mut torn = whole[..cut].to_vec();
            if cut % 2 == 0 {
                torn.resize(whole.len() + 20, 0);
            }
            std::fs::write(&path, torn).unwrap();
            let (mut wal, body) = Wal::recover(&path).unwrap();
            assert_eq!(body, b"first", "cut at {cut}");
            wal.append(b"third").unwrap();
            assert_eq!(Wal::recover(&path).unwrap().1, b"firstthird", "cut at {cut}");
        }
        std::fs::write(&path, whole).unwrap();
        assert_eq!(Wal::recover(&path).unwrap().1, b"firstsecond");
    }
}
