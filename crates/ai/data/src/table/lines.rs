//! Lines of a text, each bounded.

use std::io::{BufRead, BufReader, Seek, SeekFrom};

use super::{Cursor, ENDLESS, Source};
use crate::Error;
use crate::error::Result;

pub(crate) struct Lines<R> {
    input: BufReader<R>,
    at: u64,
    /// Of the line that was read last, from 1.
    pub line: u64,
}

impl<R: Source> Lines<R> {
    pub fn new(input: R) -> Lines<R> {
        Lines { input: BufReader::with_capacity(256 << 10, input), at: 0, line: 0 }
    }

    pub fn go(&mut self, to: Cursor) -> Result<()> {
        self.input.seek(SeekFrom::Start(to.byte)).map_err(Error::file("reading content"))?;
        (self.at, self.line) = (to.byte, to.line);
        Ok(())
    }

    pub fn cursor(&self, row: u64) -> Cursor {
        Cursor { byte: self.at, row, line: self.line }
    }

    /// Reads a line without its end; at most `most` bytes of it are kept.
    /// `None` at the end of the file, else how long the line is.
    ///
    /// # Errors
    /// When a line has no end within [`ENDLESS`].
    pub fn next(&mut self, into: &mut Vec<u8>, most: usize) -> Result<Option<u64>> {
        into.clear();
        let mut length = 0;
        loop {
            let buffer = self.input.fill_buf().map_err(Error::file("reading content"))?;
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let taken = end.unwrap_or(buffer.len());
            let room = most.saturating_sub(into.len()).min(taken);
            into.extend_from_slice(&buffer[..room]);
            let consumed = taken + usize::from(end.is_some());
            let nothing = buffer.is_empty();
            self.input.consume(consumed);
            self.at += consumed as u64;
            length += taken as u64;
            if length > ENDLESS {
                let problem = format!(
                    "line {} is longer than {ENDLESS} bytes; is this a file of lines?",
                    self.line + 1
                );
                return Err(Error::invalid("file", problem));
            }
            if nothing && length == 0 {
                return Ok(None);
            }
            if end.is_some() || nothing {
                self.line += 1;
                if into.len() as u64 == length && into.last() == Some(&b'\r') {
                    into.pop();
                    length -= 1;
                }
                return Ok(Some(length));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor as Bytes;

    use super::*;

    #[test]
    fn lines_end_as_they_do_on_every_system() {
        let mut lines = Lines::new(Bytes::new("one\r\n\nlonger\nlast"));
        let mut line = Vec::new();
        let mut found = Vec::new();
        while let Some(length) = lines.next(&mut line, 4).expect("reads") {
            found.push((lines.line, String::from_utf8(line.clone()).expect("text"), length));
        }
        let wanted = [(1, "one", 3), (2, "", 0), (3, "long", 6), (4, "last", 4)];
        assert_eq!(found, wanted.map(|(line, text, length)| (line, text.to_owned(), length)));
        lines.go(Cursor { byte: 6, row: 2, line: 2 }).expect("goes");
        assert_eq!(lines.next(&mut line, 99).expect("reads"), Some(6));
        assert_eq!((lines.line, line.as_slice()), (3, b"longer".as_slice()));
    }

    #[test]
    fn what_has_no_lines_is_refused() {
        let endless = Bytes::new(vec![b'x'; ENDLESS as usize + 1]);
        let refused = Lines::new(endless).next(&mut Vec::new(), 4);
        assert!(matches!(refused, Err(Error::Invalid { .. })));
    }
}
