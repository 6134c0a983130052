//! A sealed block: a file that never changes.
//!
//! ```text
//! header   HEADER bytes, little-endian: mark, earliest, latest, spans, then for each
//!          of the sections its length and CRC-32, then the CRC-32 of all that
//! names    which operations of which services are in it, and whose (postcard)
//! ids      the short trace ids, sorted, four bytes each
//! body     the spans' stream, LZ4 after its length
//! ```
//!
//! Only the header stays in memory. Names and ids tell whether the body is worth
//! reading; the system's page cache keeps those that are asked for.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result, file};
use crate::head::{Contents, Name};

const MARK: [u8; 8] = *b"dais-blk";
const SECTIONS: usize = 3;
const HEADER: usize = 8 + 3 * 8 + SECTIONS * 8 + 4;
const NAMES: usize = 0;
const IDS: usize = 1;
const BODY: usize = 2;

#[derive(Debug, Clone)]
pub struct Block {
    pub number: i64,
    pub spans: u64,
    pub earliest: i64,
    pub latest: i64,
    path: PathBuf,
    sections: [Section; SECTIONS],
}

#[derive(Debug, Clone, Copy, Default)]
struct Section {
    length: u32,
    checksum: u32,
}

/// The file that holds what a head collected.
pub fn seal(contents: &Contents) -> Vec<u8> {
    let names = postcard::to_extend(&contents.names, Vec::new());
    let names = names.expect("memory takes any number of bytes");
    let mut ids = contents.ids.clone();
    ids.sort_unstable();
    ids.dedup();
    let ids: Vec<u8> = ids.into_iter().flat_map(u32::to_le_bytes).collect();
    let body = lz4_flex::compress_prepend_size(&contents.body);
    let mut bytes = Vec::with_capacity(HEADER + names.len() + ids.len() + body.len());
    bytes.extend(MARK);
    bytes.extend(contents.earliest.to_le_bytes());
    bytes.extend(contents.latest.to_le_bytes());
    bytes.extend(contents.spans.to_le_bytes());
    for section in [&names, &ids, &body] {
        let length = u32::try_from(section.len()).expect("a head is sealed at some megabytes");
        bytes.extend(length.to_le_bytes());
        bytes.extend(crc32fast::hash(section).to_le_bytes());
    }
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    for section in [names, ids, body] {
        bytes.extend(section);
    }
    bytes
}

impl Block {
    pub fn open(path: &Path, number: i64) -> Result<Block> {
        let mut header = [0; HEADER];
        File::open(path)
            .and_then(|opened| opened.read_exact_at(&mut header, 0))
            .map_err(file("open", path))?;
        let (fields, checksum) = header.split_at(HEADER - 4);
        if !fields.starts_with(&MARK) || crc32fast::hash(fields).to_le_bytes() != checksum {
            return Err(Error::Damaged { path: path.to_owned(), reason: "its header is wrong" });
        }
        let long = |at: usize| i64::from_le_bytes(array(&fields[at..]));
        let short = |at: usize| u32::from_le_bytes(array(&fields[at..]));
        let section = |index: usize| {
            let at = 32 + 8 * index;
            Section { length: short(at), checksum: short(at + 4) }
        };
        Ok(Block {
            number,
            earliest: long(8),
            latest: long(16),
            spans: u64::from_le_bytes(array(&fields[24..])),
            path: path.to_owned(),
            sections: std::array::from_fn(section),
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn names(&self) -> Result<Vec<Name>> {
        postcard::from_bytes(&self.read(NAMES)?).map_err(|_| self.damaged("its names"))
    }

    /// Sorted.
    pub fn ids(&self) -> Result<Vec<u32>> {
        let bytes = self.read(IDS)?;
        Ok(bytes.chunks_exact(4).map(|id| u32::from_le_bytes(array(id))).collect())
    }

    pub fn body(&self) -> Result<Vec<u8>> {
        lz4_flex::decompress_size_prepended(&self.read(BODY)?)
            .map_err(|_| self.damaged("its spans cannot be decompressed"))
    }

    fn read(&self, index: usize) -> Result<Vec<u8>> {
        let before = self.sections[..index].iter().map(|section| u64::from(section.length));
        let at = HEADER as u64 + before.sum::<u64>();
        let section = self.sections[index];
        let mut bytes = vec![0; section.length as usize];
        File::open(&self.path)
            .and_then(|opened| opened.read_exact_at(&mut bytes, at))
            .map_err(file("read", &self.path))?;
        if crc32fast::hash(&bytes) != section.checksum {
            return Err(self.damaged("a checksum is wrong"));
        }
        Ok(bytes)
    }

    fn damaged(&self, reason: &'static str) -> Error {
        Error::Damaged { path: self.path.clone(), reason }
    }
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    *bytes.first_chunk().expect("the header's fields lie inside it")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents() -> Contents {
        Contents {
            number: 5,
            spans: 2,
            earliest: -1,
            latest: 7,
            names: vec![Name {
                namespace: Some("red".into()),
                service: "web".into(),
                operation: "get".into(),
                kind: crate::Kind::Server,
            }],
            ids: vec![9, 3, 9],
            body: vec![7; 1000],
        }
    }

    #[test]
    fn what_was_sealed_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("5.block");
        std::fs::write(&path, seal(&contents())).unwrap();
        let block = Block::open(&path, 5).unwrap();
        assert_eq!((block.spans, block.earliest, block.latest), (2, -1, 7));
        assert_eq!(block.names().unwrap(), contents().names);
        assert_eq!(block.ids().unwrap(), [3, 9]);
        assert_eq!(block.body().unwrap(), contents().body);
    }

    #[test]
    fn any_changed_byte_is_noticed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("5.block");
        let sealed = seal(&contents());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            std::fs::write(&path, changed).unwrap();
            let read = Block::open(&path, 5)
                .and_then(|block| block.names().and(block.ids().map(|_| ())).and(block.body()));
            assert!(read.is_err(), "byte {at}");
        }
    }
}
