//! Reads what is new in one log file, from where the series' position says, and
//! joins the pieces of long lines and the lines of stack traces. Decides nothing about when to read.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};

use serde_json::{Map, Value};

use super::cri;
use super::files::LogFile;
use crate::entry::Entry;
use crate::line;
use crate::position::{Held, Partial, Series};
use crate::time;

/// Read at a time; some hundred lines make one batch.
const CHUNK: usize = 64 << 10;
/// A line in the file longer than this is no CRI line; it is skipped with a warning.
const MAX_FILE_LINE: usize = 4 << 20;
/// A joined line is cut here: longer ones are binary data or a mistake.
const MAX_LINE: usize = 256 << 10;
/// Lines of one stack trace; the rest of a longer one is a second entry.
const MAX_JOINED: usize = 1000;
/// What tells one file of a series from the others: the start of its first line.
const FINGERPRINT_BYTES: usize = 256;

/// What one look at a file yielded.
pub enum Step {
    /// Nothing new.
    Done,
    /// The name means another file by now.
    Renamed,
    /// Lines, and the position behind them.
    Lines(Vec<Entry>, Series),
}

pub struct Reader {
    index: String,
    /// Fingerprints by device and inode, to skip files that did not grow.
    seen: HashMap<(u64, u64), String>,
}

impl Reader {
    pub fn new(index: String) -> Reader {
        Reader { index, seen: HashMap::new() }
    }

    /// The fingerprint under which the file's position is kept, once it was read.
    pub fn known(&self, file: &LogFile) -> Option<String> {
        self.seen.get(&file.node).cloned()
    }

    pub fn read(
        &mut self,
        file: &LogFile,
        mut series: Series,
        fields: &Map<String, Value>,
    ) -> io::Result<Step> {
        let known = self.seen.get(&file.node).and_then(|fingerprint| series.files.get(fingerprint));
        if known.is_some_and(|offset| *offset >= file.size) {
            return Ok(Step::Done);
        }
        let handle = match File::open(&file.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Step::Renamed),
            opened => opened?,
        };
        let metadata = handle.metadata()?;
        if (metadata.dev(), metadata.ino()) != file.node {
            return Ok(Step::Renamed);
        }
        let Some(fingerprint) = fingerprint(&handle)? else { return Ok(Step::Done) };
        self.seen.insert(file.node, fingerprint.clone());
        let offset = series.files.get(&fingerprint).copied().unwrap_or(0);
        let offset = if offset > metadata.len() {
            // Log files are never rewritten: the machine lost their end in a power
            // cut, after the lines were indexed. What follows is new.
            metadata.len()
        } else {
            offset
        };
        let content = read_lines(&handle, offset)?;
        if content.is_empty() {
            series.files.insert(fingerprint, offset);
            return Ok(Step::Done);
        }
        let mut entries = Vec::new();
        for line in content[..content.len() - 1].split(|byte| *byte == b'\n') {
            let line = String::from_utf8_lossy(line);
            self.take(&line, &mut series, fields, &mut entries);
        }
        self.let_go(&mut series, fields, &mut entries, |held| !is_awaited(held));
        series.files.insert(fingerprint, offset + content.len() as u64);
        Ok(Step::Lines(entries, series))
    }

    /// Ends what has no end yet.
    pub fn end(&self, series: &mut Series, fields: &Map<String, Value>) -> Vec<Entry> {
        let mut entries = Vec::new();
        for (stream, piece) in std::mem::take(&mut series.partial) {
            self.line(piece.text, piece.timestamp, &stream, series, fields, &mut entries);
        }
        entries.extend(self.release(series, fields));
        entries
    }

    /// Ends what waited for a line that continues it.
    pub fn release(&self, series: &mut Series, fields: &Map<String, Value>) -> Vec<Entry> {
        let mut entries = Vec::new();
        self.let_go(series, fields, &mut entries, |_| true);
        entries
    }

    /// One line of the file: pieces are put together first.
    fn take(
        &self,
        line: &str,
        series: &mut Series,
        fields: &Map<String, Value>,
        entries: &mut Vec<Entry>,
    ) {
        let Some(line) = cri::parse(line) else {
            entries.push(self.entry(line, time::now(), "stdout", fields));
            return;
        };
        let pending = series.partial.remove(line.stream);
        if !line.is_piece && pending.is_none() {
            self.line(line.text.to_owned(), line.timestamp, line.stream, series, fields, entries);
            return;
        }
        let mut piece =
            pending.unwrap_or(Partial { timestamp: line.timestamp, text: String::new() });
        piece.text.push_str(line.text);
        if line.is_piece && piece.text.len() < MAX_LINE {
            series.partial.insert(line.stream.to_owned(), piece);
            return;
        }
        self.line(piece.text, piece.timestamp, line.stream, series, fields, entries);
    }

    /// One whole line: it continues the one before it, or ends it.
    fn line(
        &self,
        text: String,
        timestamp: i64,
        stream: &str,
        series: &mut Series,
        fields: &Map<String, Value>,
        entries: &mut Vec<Entry>,
    ) {
        let before = series.held.remove(stream);
        let (continues, state) =
            before.as_ref().map_or_else(Default::default, |held| held.state).follow(&text);
        let held = match before {
            Some(mut held)
                if continues
                    && held.lines < MAX_JOINED
                    && held.text.len() + text.len() < MAX_LINE =>
            {
                held.text.push('\n');
                held.text.push_str(&text);
                Held { lines: held.lines + 1, state, ..held }
            }
            before => {
                if let Some(held) = before {
                    entries.push(self.entry(&held.text, held.timestamp, stream, fields));
                }
                Held { timestamp, text, lines: 1, state }
            }
        };
        series.held.insert(stream.to_owned(), held);
    }

    /// Makes entries of held lines that are chosen.
    fn let_go(
        &self,
        series: &mut Series,
        fields: &Map<String, Value>,
        entries: &mut Vec<Entry>,
        is_chosen: impl Fn(&Held) -> bool,
    ) {
        series.held.retain(|stream, held| {
            let goes = is_chosen(held);
            if goes {
                entries.push(self.entry(&held.text, held.timestamp, stream, fields));
            }
            !goes
        });
    }

    fn entry(
        &self,
        text: &str,
        timestamp: i64,
        stream: &str,
        fields: &Map<String, Value>,
    ) -> Entry {
        let mut source = Map::new();
        source.insert("@timestamp".into(), time::format(timestamp).into());
        source.extend(line::describe(text));
        source.insert("stream".into(), stream.into());
        source.extend(fields.iter().map(|(name, value)| (name.clone(), value.clone())));
        Entry { sequence: 0, id: None, index: self.index.clone(), timestamp, source }
    }
}

/// Whether a line that was read last is worth waiting for what may continue it.
/// Others are shown at once.
fn is_awaited(held: &Held) -> bool {
    let is_trouble = || {
        let severity = line::describe(&held.text);
        let severity = severity.get("severity").and_then(Value::as_str);
        matches!(severity, Some("warn" | "error" | "fatal"))
            || held.text.contains("Exception")
            || held.text.contains("Error")
    };
    !held.text.starts_with('{') && (held.state.is_open() || is_trouble())
}

/// `None` until enough of the first line is there. FNV-1a, written out because it
/// is stored and must never change.
fn fingerprint(file: &File) -> io::Result<Option<String>> {
    let mut start = [0; FINGERPRINT_BYTES];
    let length = read_at(file, &mut start, 0)?;
    let end = match start[..length].iter().position(|byte| *byte == b'\n') {
        Some(end) => end,
        None if length == FINGERPRINT_BYTES => length,
        None => return Ok(None),
    };
    let hash = start[..end].iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    Ok(Some(format!("{hash:016x}")))
}

/// Whole lines from `offset` on, up to about a chunk.
fn read_lines(file: &File, offset: u64) -> io::Result<Vec<u8>> {
    let mut content = vec![0; CHUNK];
    let mut length = 0;
    loop {
        length += read_at(file, &mut content[length..], offset + length as u64)?;
        if let Some(end) = content[..length].iter().rposition(|byte| *byte == b'\n') {
            content.truncate(end + 1);
            return Ok(content);
        }
        if length < content.len() {
            return Ok(vec![]);
        }
        if length >= MAX_FILE_LINE {
            tracing::warn!(bytes = length, "skipped a log line without end");
            content[length - 1] = b'\n';
            return Ok(content);
        }
        content.resize(content.len() * 2, 0);
    }
}

/// Fills the buffer as far as the file goes.
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match file.read_at(&mut buffer[length..], offset + length as u64) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}
