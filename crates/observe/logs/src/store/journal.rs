//! What was acknowledged and is not committed yet.
//!
//! The index makes lines durable once a second. Lines that somebody was told are
//! stored go into this file first, so that killing the program at any moment loses
//! none of them: the next start puts them into the index again. Collected lines do
//! not: their files are still there and are read again from the committed position.
//!
//! ```text
//! record: length u32 │ CRC-32 of the body u32 │ body: JSON, one batch of entries
//! ```
//!
//! A record that a crash cut short was acknowledged to nobody and ends the reading.
//! The file is synced by nobody: within a second the index's own commit is, and until
//! then the lines are safe from the death of the program, not from a power cut.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::entry::Entry;
use crate::error::{Error, Result};

const HEADER: usize = 8;

pub struct Journal {
    path: PathBuf,
    file: File,
    /// Bytes of whole records.
    length: u64,
}

/// An entry as it is written down.
#[derive(Serialize, Deserialize)]
struct Written {
    sequence: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    index: String,
    timestamp: i64,
    source: Map<String, Value>,
}

impl Journal {
    /// Opens the journal and reads what it holds.
    pub fn open(directory: &Path) -> Result<(Journal, Vec<Entry>)> {
        let path = directory.join("journal");
        let fault = |source| Error::Directory { path: path.clone(), source };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(fault)?;
        let mut content = Vec::new();
        file.read_to_end(&mut content).map_err(fault)?;
        let (entries, length) = read(&content);
        let mut journal = Journal { path, file, length };
        journal.cut().map_err(|source| journal.fault(source))?;
        Ok((journal, entries))
    }

    /// Writes a batch down. After an error nothing of it is in the journal.
    pub fn append(&mut self, entries: &[Entry]) -> io::Result<()> {
        let mut record = vec![0; HEADER];
        for entry in entries {
            let written = Written {
                sequence: entry.sequence,
                id: entry.id.clone(),
                index: entry.index.clone(),
                timestamp: entry.timestamp,
                source: entry.source.clone(),
            };
            serde_json::to_writer(&mut record, &written)?;
            record.push(b'\n');
        }
        let body = u32::try_from(record.len() - HEADER)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "a batch beyond 4 GiB"))?;
        let checksum = crc32fast::hash(&record[HEADER..]);
        record[..4].copy_from_slice(&body.to_le_bytes());
        record[4..HEADER].copy_from_slice(&checksum.to_le_bytes());
        match self.file.write_all(&record) {
            Ok(()) => {
                self.length += record.len() as u64;
                Ok(())
            }
            Err(error) => {
                // Half a record would hide those that come after it.
                self.cut()?;
                Err(error)
            }
        }
    }

    /// Bytes of what waits for its commit.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Everything in it has been committed.
    pub fn clear(&mut self) -> Result<()> {
        if self.length == 0 {
            return Ok(());
        }
        self.length = 0;
        self.cut().map_err(|source| self.fault(source))
    }

    /// What it holds, to be put into the index again.
    pub fn entries(&mut self) -> Result<Vec<Entry>> {
        let mut content = Vec::new();
        let read_all =
            self.file.seek(SeekFrom::Start(0)).and_then(|_| self.file.read_to_end(&mut content));
        read_all.map_err(|source| self.fault(source))?;
        Ok(read(&content).0)
    }

    fn cut(&mut self) -> io::Result<()> {
        self.file.set_len(self.length)?;
        self.file.seek(SeekFrom::Start(self.length)).map(drop)
    }

    fn fault(&self, source: io::Error) -> Error {
        Error::Directory { path: self.path.clone(), source }
    }
}

/// The entries of all whole records, and how many bytes those take.
fn read(content: &[u8]) -> (Vec<Entry>, u64) {
    let mut entries = Vec::new();
    let mut at = 0;
    while let Some(header) = content.get(at..at + HEADER) {
        let number = |bytes: &[u8]| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        let length = number(&header[..4]) as usize;
        let Some(body) = content.get(at + HEADER..at + HEADER + length) else { break };
        if crc32fast::hash(body) != number(&header[4..]) {
            break;
        }
        for line in body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            match serde_json::from_slice::<Written>(line) {
                Ok(Written { sequence, id, index, timestamp, source }) => {
                    entries.push(Entry { sequence, id, index, timestamp, source });
                }
                Err(error) => tracing::error!(%error, "skipped a line of the log journal"),
            }
        }
        at += HEADER + length;
    }
    (entries, at as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn entry(sequence: u64) -> Entry {
        let source = json!({"message": format!("line {sequence}\n")});
        Entry {
            sequence,
            id: None,
            index: "logs".into(),
            timestamp: 7,
            source: source.as_object().unwrap().clone(),
        }
    }

    #[test]
    fn whole_records_come_back_and_a_torn_one_ends_them() {
        let directory = tempfile::tempdir().unwrap();
        let (mut journal, held) = Journal::open(directory.path()).unwrap();
        assert!(held.is_empty());
        journal.append(&[entry(1), entry(2)]).unwrap();
        journal.append(&[entry(3)]).unwrap();
        drop(journal);
        let path = directory.path().join("journal");
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() - 3]).unwrap();
        let (mut journal, held) = Journal::open(directory.path()).unwrap();
        assert_eq!(held, [entry(1), entry(2)]);
        journal.append(&[entry(4)]).unwrap();
        assert_eq!(journal.entries().unwrap(), [entry(1), entry(2), entry(4)]);
        journal.clear().unwrap();
        assert!(journal.entries().unwrap().is_empty());
        journal.append(&[entry(5)]).unwrap();
        assert_eq!(Journal::open(directory.path()).unwrap().1, [entry(5)]);
    }
}
