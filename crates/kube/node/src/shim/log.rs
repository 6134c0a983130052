//! The container's log file in the CRI format, rotated by size.
//!
//! ```text
//! 2026-11-24T18:52:27.123456789Z stdout F a whole line
//! 2026-11-24T18:52:27.123456789Z stdout P the beginning of a long one,
//! 2026-11-24T18:52:27.123456789Z stdout F and its end
//! ```
//!
//! A full file is renamed to `<name>.<YYYYmmdd-HHMMSS>` and never written
//! again. Bytes are passed on as they come; nothing here knows of pods.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::record::LogSpec;

/// Longest piece written as one entry; containerd's figure, so that readers
/// of its files can read ours.
const MAX_ENTRY: usize = 16 * 1024;

/// One file with two streams.
pub(crate) struct LogFile {
    spec: LogSpec,
    file: File,
    size: u64,
    last_rotation: i64,
    pending: [Vec<u8>; 2],
    out: Vec<u8>,
}

/// The streams of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Stdout = 0,
    Stderr = 1,
}

impl Stream {
    pub(crate) const ALL: [Stream; 2] = [Stream::Stdout, Stream::Stderr];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Stream::Stdout => "stdout",
            Stream::Stderr => "stderr",
        }
    }
}

impl LogFile {
    /// Opens or goes on with the file. A line that a predecessor left
    /// unfinished is ended, so that the next entry starts on its own.
    pub(crate) fn open(spec: &LogSpec) -> io::Result<LogFile> {
        let mut file = append(&spec.path)?;
        let size = file.metadata()?.len();
        let mut log = LogFile {
            spec: spec.clone(),
            size,
            last_rotation: 0,
            pending: [Vec::new(), Vec::new()],
            out: Vec::new(),
            file: file.try_clone()?,
        };
        if size > 0 && !ends_with_newline(&spec.path)? {
            file.write_all(b"\n")?;
            log.size += 1;
        }
        Ok(log)
    }

    /// Takes output of a stream: whole lines are written at once, the rest is
    /// kept until its line ends or grows too long for one entry. After an error
    /// (a full disk) nothing is lost: [`LogFile::retry`] writes it.
    pub(crate) fn take(&mut self, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        let time = stamp();
        let mut rest = bytes;
        while let Some(at) = rest.iter().position(|byte| *byte == b'\n') {
            let (line, after) = rest.split_at(at);
            self.extend(stream, &time, line);
            self.entry(stream, &time, true);
            rest = &after[1..];
        }
        self.extend(stream, &time, rest);
        self.flush()
    }

    /// Writes what has no line end yet: the stream has ended.
    pub(crate) fn end(&mut self, stream: Stream) -> io::Result<()> {
        if !self.pending[stream as usize].is_empty() {
            self.entry(stream, &stamp(), true);
        }
        self.flush()
    }

    /// Whether entries wait to be written since an attempt failed.
    pub(crate) fn is_behind(&self) -> bool {
        !self.out.is_empty()
    }

    /// Tries again to write what could not be written.
    pub(crate) fn retry(&mut self) -> io::Result<()> {
        self.flush()
    }

    /// Puts the file on disk.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn extend(&mut self, stream: Stream, time: &str, mut bytes: &[u8]) {
        loop {
            let pending = &mut self.pending[stream as usize];
            let room = MAX_ENTRY - pending.len();
            if bytes.len() <= room {
                pending.extend_from_slice(bytes);
                return;
            }
            pending.extend_from_slice(&bytes[..room]);
            bytes = &bytes[room..];
            self.entry(stream, time, false);
        }
    }

    fn entry(&mut self, stream: Stream, time: &str, full: bool) {
        let tag = if full { "F" } else { "P" };
        self.out.extend_from_slice(time.as_bytes());
        self.out.extend_from_slice(format!(" {} {tag} ", stream.name()).as_bytes());
        self.out.append(&mut self.pending[stream as usize]);
        self.out.push(b'\n');
    }

    /// One write for all entries of a read; then, between entries, rotation.
    fn flush(&mut self) -> io::Result<()> {
        if self.out.is_empty() {
            return Ok(());
        }
        if let Err(error) = self.file.write_all(&self.out) {
            // Half an entry would be read as one, and be there twice after
            // the next attempt.
            let _ = self.file.set_len(self.size);
            return Err(error);
        }
        self.size += self.out.len() as u64;
        self.out.clear();
        if self.size >= self.spec.max_bytes { self.rotate() } else { Ok(()) }
    }

    /// Renames the file away and starts a new one. Names have seconds only: a
    /// second rotation within one takes the next, so that names stay in order.
    fn rotate(&mut self) -> io::Result<()> {
        let now = Timestamp::now().as_second();
        let second = rotated(&self.spec.path)?
            .last()
            .and_then(|path| second_of(path))
            .map_or(now, |last| now.max(last + 1))
            .max(self.last_rotation + 1);
        let away = rotated_name(&self.spec.path, second);
        fs::rename(&self.spec.path, away)?;
        self.file = append(&self.spec.path)?;
        self.size = 0;
        self.last_rotation = second;
        let old = rotated(&self.spec.path)?;
        let surplus = (old.len() + 1).saturating_sub(self.spec.max_files.max(2));
        old.iter().take(surplus).try_for_each(fs::remove_file)
    }
}

/// `2026-11-24T18:52:27.123456789Z`, always with nine digits.
fn stamp() -> String {
    format!("{:.9}", Timestamp::now())
}

fn append(path: &Path) -> io::Result<File> {
    fs::OpenOptions::new().create(true).append(true).open(path)
}

fn ends_with_newline(path: &Path) -> io::Result<bool> {
    use std::io::{Read, Seek, SeekFrom};
    let mut file = File::open(path)?;
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

const FORMAT: &str = "%Y%m%d-%H%M%S";

fn rotated_name(path: &Path, second: i64) -> PathBuf {
    let time = Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH);
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}", time.to_zoned(TimeZone::UTC).strftime(FORMAT)));
    PathBuf::from(name)
}

fn second_of(path: &Path) -> Option<i64> {
    let time = path.extension()?.to_str()?;
    let civil = jiff::civil::DateTime::strptime(FORMAT, time).ok()?;
    Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second())
}

/// The files that were rotated away from `path`, the oldest first.
pub(crate) fn rotated(path: &Path) -> io::Result<Vec<PathBuf>> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name().and_then(|n| n.to_str()))
    else {
        return Ok(Vec::new());
    };
    let prefix = format!("{name}.");
    let mut files: Vec<PathBuf> = fs::read_dir(parent)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.file_name().and_then(|n| n.to_str()).is_some_and(|n| n.starts_with(&prefix))
        })
        .collect();
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(dir: &Path, max_bytes: u64) -> LogSpec {
        LogSpec { path: dir.join("0.log"), max_bytes, max_files: 100 }
    }

    /// Messages of all files in order, partial entries joined, and the tags.
    fn messages(dir: &Path) -> (Vec<String>, String) {
        let path = dir.join("0.log");
        let mut files = rotated(&path).unwrap();
        files.push(path);
        let text: String = files.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
        let (mut lines, mut tags, mut open) = (Vec::new(), String::new(), String::new());
        for line in text.lines() {
            let parts: Vec<_> = line.splitn(4, ' ').collect();
            assert_eq!(parts[0].len(), "2026-11-24T18:52:27.123456789Z".len(), "{line}");
            tags.push_str(parts[2]);
            open.push_str(parts[3]);
            if parts[2] == "F" {
                lines.push(std::mem::take(&mut open));
            }
        }
        (lines, tags)
    }

    #[test]
    fn lines_come_out_as_they_went_in() {
        let temp = tempfile::tempdir().unwrap();
        let mut log = LogFile::open(&spec(temp.path(), 1 << 20)).unwrap();
        log.take(Stream::Stdout, b"one\ntw").unwrap();
        log.take(Stream::Stderr, b"\n").unwrap();
        log.take(Stream::Stdout, b"o\nthree").unwrap();
        log.end(Stream::Stdout).unwrap();
        log.end(Stream::Stderr).unwrap();
        assert_eq!(messages(temp.path()).0, ["one", "", "two", "three"]);
    }

    #[test]
    fn a_long_line_is_cut_and_marked() {
        let temp = tempfile::tempdir().unwrap();
        let mut log = LogFile::open(&spec(temp.path(), 1 << 20)).unwrap();
        let long = "x".repeat(40_000);
        log.take(Stream::Stdout, long.as_bytes()).unwrap();
        log.take(Stream::Stdout, b"\nnext\n").unwrap();
        let (lines, tags) = messages(temp.path());
        assert_eq!(lines, [long, "next".to_owned()]);
        assert_eq!(tags, "PPFF");
    }

    #[test]
    fn rotation_loses_and_repeats_nothing_and_keeps_order() {
        let temp = tempfile::tempdir().unwrap();
        let mut log = LogFile::open(&spec(temp.path(), 300)).unwrap();
        let wanted: Vec<String> = (0..200).map(|n| format!("line {n}")).collect();
        for line in &wanted {
            log.take(Stream::Stdout, format!("{line}\n").as_bytes()).unwrap();
        }
        assert_eq!(messages(temp.path()).0, wanted);
        assert!(rotated(&temp.path().join("0.log")).unwrap().len() > 10);
    }

    #[test]
    fn the_oldest_go_when_there_are_too_many() {
        let temp = tempfile::tempdir().unwrap();
        let mut log = LogFile::open(&LogSpec { max_files: 3, ..spec(temp.path(), 50) }).unwrap();
        for n in 0..20 {
            log.take(Stream::Stdout, format!("number {n}\n").as_bytes()).unwrap();
        }
        assert_eq!(rotated(&temp.path().join("0.log")).unwrap().len(), 2);
    }

    #[test]
    fn a_torn_line_of_a_predecessor_is_ended() {
        let temp = tempfile::tempdir().unwrap();
        fs::write(temp.path().join("0.log"), format!("{} stdout F torn", stamp())).unwrap();
        let mut log = LogFile::open(&spec(temp.path(), 1 << 20)).unwrap();
        log.take(Stream::Stdout, b"next\n").unwrap();
        assert_eq!(messages(temp.path()).0, ["torn", "next"]);
    }
}
