//! Rows of a CSV file (RFC 4180), whatever its delimiter.
//!
//! Read by `csv-core` into buffers of our own, since a library's grow with the
//! longest row, and a quote that is never closed makes one row of a whole file.

use std::io::{BufRead, BufReader, Seek, SeekFrom};

use csv_core::{ReadRecordResult, ReaderBuilder};
use encoding_rs::Encoding;

use super::cell::Cell;
use super::columns::named;
use super::{
    Cursor, ENDLESS, Hints, LONGEST_ROW, MOST_COLUMNS, Row, Rows, Source, encoding, sample, sniff,
};
use crate::Error;
use crate::error::Result;

pub(crate) struct Csv<R> {
    input: BufReader<R>,
    core: csv_core::Reader,
    output: Vec<u8>,
    ends: Vec<usize>,
    columns: Vec<String>,
    at: u64,
    line: u64,
    pub dialect: Dialect,
}

#[derive(Clone, Copy)]
pub(crate) struct Dialect {
    pub delimiter: u8,
    pub header: bool,
    pub encoding: &'static Encoding,
}

/// What a row was read into: the number of its fields, or that it is too long.
struct Raw {
    line: u64,
    fields: Option<usize>,
}

impl Dialect {
    fn told(start: &[u8], hints: &Hints) -> Result<Dialect> {
        let told = match &hints.encoding {
            Some(name) => encoding::named(name)?,
            None => encoding::told(start).unwrap_or(encoding_rs::UTF_8),
        };
        let encoding = encoding::by_bytes(told)?;
        let text = &start[encoding::mark(start)..];
        let delimiter = match hints.delimiter.as_deref() {
            None | Some("") => sniff::delimiter(text),
            Some("tab") => b'\t',
            Some(one) if one.len() == 1 && !"\"\r\n".contains(one) => one.as_bytes()[0],
            Some(other) => {
                let problem = format!("expected one ASCII character or tab, got '{other}'");
                return Err(Error::invalid("delimiter", problem));
            }
        };
        let header = hints.header.unwrap_or_else(|| sniff::header(text, delimiter));
        Ok(Dialect { delimiter, header, encoding })
    }
}

impl<R: Source> Csv<R> {
    pub fn open(mut input: R, hints: &Hints) -> Result<Csv<R>> {
        let start = sample(&mut input)?;
        let dialect = Dialect::told(&start, hints)?;
        let mut csv = Csv {
            input: BufReader::with_capacity(256 << 10, input),
            core: ReaderBuilder::new().delimiter(dialect.delimiter).build(),
            output: vec![0; LONGEST_ROW],
            ends: vec![0; MOST_COLUMNS + 1],
            columns: Vec::new(),
            at: 0,
            line: 1,
            dialect,
        };
        let mark = encoding::mark(&start) as u64;
        csv.go(Cursor { byte: mark, row: 0, line: 1 })?;
        csv.read_columns(mark)?;
        Ok(csv)
    }

    pub fn go(&mut self, to: Cursor) -> Result<()> {
        self.input.seek(SeekFrom::Start(to.byte)).map_err(Error::file("reading content"))?;
        self.core.reset();
        (self.at, self.line) = (to.byte, to.line);
        Ok(())
    }

    /// From the header, or as many as the first row has fields.
    fn read_columns(&mut self, mark: u64) -> Result<()> {
        let Some(raw) = self.read()? else { return Ok(()) };
        let Some(fields) = raw.fields else {
            let problem = format!(
                "its first row is longer than {LONGEST_ROW} bytes or has more than {MOST_COLUMNS} columns"
            );
            return Err(Error::invalid("file", problem));
        };
        if self.dialect.header {
            let encoding = self.dialect.encoding;
            let names = (0..fields).map(|at| encoding::decoded(encoding, self.field(at)).0);
            self.columns = named(names.collect::<Vec<_>>());
            return Ok(());
        }
        self.columns = named(vec![String::new(); fields]);
        self.go(Cursor { byte: mark, row: 0, line: 1 })
    }

    fn field(&self, at: usize) -> &[u8] {
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.output[start..self.ends[at]]
    }

    fn read(&mut self) -> Result<Option<Raw>> {
        let failed = Error::file("reading content");
        self.pass_empty_lines()?;
        let (line, begun) = (self.line, self.at);
        let (mut written, mut fields, mut too_long) = (0, 0, false);
        loop {
            let buffer = self.input.fill_buf().map_err(&failed)?;
            let (result, read, wrote, ended) = self.core.read_record(
                buffer,
                &mut self.output[written..],
                &mut self.ends[fields..],
            );
            self.line += buffer[..read].iter().filter(|byte| **byte == b'\n').count() as u64;
            self.input.consume(read);
            self.at += read as u64;
            (written, fields) = (written + wrote, fields + ended);
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                    (written, fields, too_long) = (0, 0, true);
                }
                ReadRecordResult::Record => {
                    return Ok(Some(Raw { line, fields: (!too_long).then_some(fields) }));
                }
                ReadRecordResult::End => return Ok(None),
            }
            if self.at - begun > ENDLESS {
                let problem = format!(
                    "the row that begins in line {line} has no end within {ENDLESS} bytes; a quote (\") may not be closed"
                );
                return Err(Error::invalid("file", problem));
            }
        }
    }

    /// They are no rows; passed over here so that a row's line is its own.
    fn pass_empty_lines(&mut self) -> Result<()> {
        loop {
            let buffer = self.input.fill_buf().map_err(Error::file("reading content"))?;
            let end = buffer.iter().position(|byte| !matches!(byte, b'\r' | b'\n'));
            let empty = end.unwrap_or(buffer.len());
            if empty == 0 {
                return Ok(());
            }
            self.line += buffer[..empty].iter().filter(|byte| **byte == b'\n').count() as u64;
            self.input.consume(empty);
            self.at += empty as u64;
        }
    }
}

impl<R: Source> Rows for Csv<R> {
    fn columns(&self) -> &[String] {
        &self.columns
    }

    fn next(&mut self, row: &mut Row) -> Result<bool> {
        *row = Row { cells: std::mem::take(&mut row.cells), ..Row::default() };
        row.cells.clear();
        let Some(raw) = self.read()? else { return Ok(false) };
        row.line = raw.line;
        let Some(fields) = raw.fields else {
            row.problem = Some(format!(
                "it is longer than {LONGEST_ROW} bytes or has more than {MOST_COLUMNS} fields"
            ));
            return Ok(true);
        };
        for at in 0..fields {
            let (text, whole) = encoding::decoded(self.dialect.encoding, self.field(at));
            if !whole && row.problem.is_none() {
                let name = self.dialect.encoding.name();
                row.problem = Some(format!("field {} is not valid {name}", at + 1));
            }
            row.cells.push(Cell::Text(text));
        }
        if fields != self.columns.len() {
            let expected = self.columns.len();
            row.problem = Some(format!("it has {fields} fields, the table has {expected} columns"));
        }
        Ok(true)
    }

    fn cursor(&self, row: u64) -> Cursor {
        Cursor { byte: self.at, row, line: self.line }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor as Bytes;

    use super::*;

    fn told(csv: &mut Csv<Bytes<Vec<u8>>>) -> Vec<(u64, Vec<String>, bool)> {
        let (mut row, mut found) = (Row::default(), Vec::new());
        while csv.next(&mut row).expect("reads") {
            let cells = row.cells.iter().map(|cell| match cell {
                Cell::Text(text) => text.clone(),
                other => panic!("{other:?}"),
            });
            found.push((row.line, cells.collect(), row.problem.is_some()));
        }
        found
    }

    #[test]
    fn rows_are_told_with_their_lines_and_reading_goes_on_where_it_was() {
        let text = "\u{feff}id,名\r\n1,\"two\nlines\"\r\n\r\n2,x,y\r\n3,z";
        let mut csv =
            Csv::open(Bytes::new(text.as_bytes().to_vec()), &Hints::default()).expect("opens");
        assert_eq!(csv.columns(), ["id", "名"]);
        let mut first = Row::default();
        assert!(csv.next(&mut first).expect("reads"));
        assert_eq!((first.line, first.cells.len()), (2, 2));
        let cursor = csv.cursor(1);
        let wanted = [
            (5, vec!["2".to_owned(), "x".into(), "y".into()], true),
            (6, vec!["3".to_owned(), "z".into()], false),
        ];
        assert_eq!(told(&mut csv), wanted);
        csv.go(Cursor::parse(&cursor.text()).expect("a cursor")).expect("goes");
        assert_eq!(told(&mut csv), wanted);
    }

    #[test]
    fn a_row_that_is_too_long_is_told_and_the_next_is_read() {
        let text = format!("a,b\n1,{}\n3,4\n", "x".repeat(LONGEST_ROW));
        let mut csv = Csv::open(Bytes::new(text.into_bytes()), &Hints::default()).expect("opens");
        let found = told(&mut csv);
        assert_eq!(found[0], (2, Vec::new(), true));
        assert_eq!(found[1], (3, vec!["3".into(), "4".into()], false));
    }

    #[test]
    fn a_quote_that_is_never_closed_ends_with_words() {
        let text = format!("a,b\n1,\"{}", "x\n".repeat(ENDLESS as usize / 2));
        let mut csv = Csv::open(Bytes::new(text.into_bytes()), &Hints::default()).expect("opens");
        let refused = csv.next(&mut Row::default()).expect_err("refused");
        assert!(refused.to_string().contains("line 2") && refused.to_string().contains("quote"));
    }

    #[test]
    fn chinese_encodings_are_read_and_bad_bytes_told() {
        let text = encoding_rs::GB18030.encode("姓名;年龄\n王;3\n").0.into_owned();
        let mut csv = Csv::open(Bytes::new(text), &Hints::default()).expect("opens");
        assert_eq!((csv.columns()[0].as_str(), csv.dialect.delimiter), ("姓名", b';'));
        assert_eq!(told(&mut csv), [(2, vec!["王".into(), "3".into()], false)]);
        let hints = Hints { encoding: Some("utf-8".into()), ..Hints::default() };
        let mut csv = Csv::open(Bytes::new(b"a,b\n\xff,1\n".to_vec()), &hints).expect("opens");
        assert!(told(&mut csv)[0].2);
    }
}
