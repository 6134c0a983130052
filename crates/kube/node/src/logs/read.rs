//! Reads one run of a container, across the files that it was rotated into.
//!
//! A reader holds the file that it reads. At its end it looks which files
//! there are: if its own has a successor, it was rotated away and will not
//! grow any more, so what it still holds is read and the next one opened. So
//! no line is lost or seen twice, whenever the rotation comes.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::shim::rotated;

/// One line of a log file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) time: String,
    /// Of standard error, not of standard output.
    pub(crate) is_error: bool,
    /// False for a piece of a line that goes on in the next entry.
    pub(crate) full: bool,
    pub(crate) message: Vec<u8>,
}

impl Entry {
    fn parse(line: &[u8]) -> Option<Entry> {
        let mut parts = line.splitn(4, |byte| *byte == b' ');
        let time = String::from_utf8(parts.next()?.to_vec()).ok()?;
        let is_error = parts.next()? == b"stderr";
        let full = parts.next()? != b"P";
        Some(Entry { time, is_error, full, message: parts.next().unwrap_or_default().to_vec() })
    }

    pub(crate) fn timestamp(&self) -> Option<Timestamp> {
        self.time.parse().ok()
    }
}

/// Reads entries in order, from the oldest file on.
pub(crate) struct Reader {
    path: PathBuf,
    file: Option<BufReader<File>>,
    inode: u64,
    /// A line without an end: its writer is in the midst of it.
    part: Vec<u8>,
}

impl Reader {
    pub(crate) fn new(path: &Path) -> Reader {
        Reader { path: path.to_owned(), file: None, inode: 0, part: Vec::new() }
    }

    /// The next entry; none: there is no more now.
    pub(crate) fn next(&mut self) -> io::Result<Option<Entry>> {
        loop {
            if self.file.is_none() && !self.open_first()? {
                return Ok(None);
            }
            if let Some(entry) = self.read_line()? {
                return Ok(Some(entry));
            }
            let Some(next) = self.successor()? else { return Ok(None) };
            // It was renamed before its successor was made: now it is whole.
            if let Some(entry) = self.read_line()? {
                return Ok(Some(entry));
            }
            self.open(&next)?;
        }
    }

    fn read_line(&mut self) -> io::Result<Option<Entry>> {
        let Some(file) = &mut self.file else { return Ok(None) };
        loop {
            if file.read_until(b'\n', &mut self.part)? == 0 || self.part.last() != Some(&b'\n') {
                return Ok(None);
            }
            let line = std::mem::take(&mut self.part);
            if let Some(entry) = Entry::parse(&line[..line.len() - 1]) {
                return Ok(Some(entry));
            }
        }
    }

    fn files(&self) -> io::Result<Vec<PathBuf>> {
        let mut files = match rotated(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            other => other?,
        };
        if self.path.exists() {
            files.push(self.path.clone());
        }
        Ok(files)
    }

    fn open_first(&mut self) -> io::Result<bool> {
        match self.files()?.first() {
            Some(first) => self.open(first).map(|()| true),
            None => Ok(false),
        }
    }

    fn open(&mut self, path: &Path) -> io::Result<()> {
        match File::open(path) {
            Ok(file) => {
                self.inode = file.metadata()?.ino();
                self.file = Some(BufReader::new(file));
                self.part.clear();
                Ok(())
            }
            // Rotated or dropped between the listing and now: look again.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The file after the one that is being read.
    fn successor(&self) -> io::Result<Option<PathBuf>> {
        let files = self.files()?;
        let inode = |path: &PathBuf| fs::metadata(path).map(|meta| meta.ino()).ok();
        match files.iter().position(|path| inode(path) == Some(self.inode)) {
            Some(at) => Ok(files.into_iter().nth(at + 1)),
            // Ours was dropped for its age: the oldest there is comes next.
            None => Ok(files.into_iter().next()),
        }
    }
}

/// The last `count` lines that are there now, and a reader for what follows.
pub(crate) fn tail(path: &Path, count: usize) -> io::Result<(Vec<Entry>, Reader)> {
    let mut reader = Reader::new(path);
    let mut kept = VecDeque::new();
    let mut lines = 0;
    while let Some(entry) = reader.next()? {
        lines += usize::from(entry.full);
        kept.push_back(entry);
        while lines > count {
            lines -= usize::from(kept.pop_front().is_some_and(|entry: Entry| entry.full));
        }
    }
    if count == 0 {
        kept.clear();
    }
    Ok((kept.into(), reader))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn append(path: &Path, message: &str) {
        let mut file = fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
        writeln!(file, "2026-11-24T18:52:27.123456789Z stdout F {message}").unwrap();
    }

    fn drain(reader: &mut Reader) -> Vec<String> {
        std::iter::from_fn(|| reader.next().unwrap())
            .map(|entry| String::from_utf8(entry.message).unwrap())
            .collect()
    }

    fn rotate(path: &Path, second: u32) {
        fs::rename(path, format!("{}.20261124-1852{second:02}", path.display())).unwrap();
    }

    #[test]
    fn follows_through_rotations() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("0.log");
        let mut reader = Reader::new(&path);
        assert!(drain(&mut reader).is_empty());
        append(&path, "1");
        append(&path, "2");
        assert_eq!(drain(&mut reader), ["1", "2"]);
        append(&path, "3");
        rotate(&path, 1);
        append(&path, "4");
        rotate(&path, 2);
        append(&path, "5");
        assert_eq!(drain(&mut reader), ["3", "4", "5"]);
        rotate(&path, 3);
        assert!(drain(&mut reader).is_empty());
        append(&path, "6");
        assert_eq!(drain(&mut reader), ["6"]);
    }

    #[test]
    fn goes_on_when_its_file_was_dropped() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("0.log");
        append(&path, "1");
        let mut reader = Reader::new(&path);
        assert_eq!(drain(&mut reader), ["1"]);
        fs::remove_file(&path).unwrap();
        append(&path, "2");
        assert_eq!(drain(&mut reader), ["2"]);
    }

    #[test]
    fn half_a_line_waits_for_its_end() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("0.log");
        fs::write(&path, "2026-11-24T18:52:27.123456789Z stdout F ha").unwrap();
        let mut reader = Reader::new(&path);
        assert!(drain(&mut reader).is_empty());
        let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
        writeln!(file, "lf").unwrap();
        assert_eq!(drain(&mut reader), ["half"]);
    }

    #[test]
    fn the_last_lines_across_files() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("0.log");
        append(&path, "1");
        append(&path, "2");
        rotate(&path, 1);
        append(&path, "3");
        let (entries, mut reader) = tail(&path, 2).unwrap();
        let messages: Vec<_> = entries.iter().map(|entry| entry.message.clone()).collect();
        assert_eq!(messages, [b"2".to_vec(), b"3".to_vec()]);
        append(&path, "4");
        assert_eq!(drain(&mut reader), ["4"]);
    }
}
