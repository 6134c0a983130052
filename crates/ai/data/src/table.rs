//! Tables in files, a row at a time: CSV, JSON Lines and Parquet.
//!
//! Guarantees: memory is bounded whatever the file holds; every row of the file
//! is told, a bad one with its line and what is wrong with it.

pub(crate) mod cell;
pub(crate) mod columns;
pub(crate) mod csv;
pub(crate) mod encoding;
mod footer;
pub(crate) mod json;
mod lengths;
pub(crate) mod lines;
mod nesting;
mod pages;
pub(crate) mod parquet;
pub(crate) mod sniff;
pub(crate) mod texts;
mod thrift;

use std::io::{Read, Seek, SeekFrom};

use cell::Cell;
use serde::Deserialize;

use crate::Error;
use crate::error::Result;

/// A row may take this much; a longer one is told as bad.
pub(crate) const LONGEST_ROW: usize = 1 << 20;
/// A row that has no end within this is none: a quote was not closed, or the
/// file has no lines.
pub(crate) const ENDLESS: u64 = 64 << 20;
pub(crate) const MOST_COLUMNS: usize = 1000;
/// What format, delimiter, header and encoding are told from.
pub(crate) const SAMPLE: u64 = 64 << 10;

/// One row. A bad one has a `problem`, and what there is of its cells.
#[derive(Debug, Default)]
pub(crate) struct Row {
    /// Of the file, from 1; 0 in formats without lines.
    pub line: u64,
    pub cells: Vec<Cell>,
    pub problem: Option<String>,
    /// The beginning of a bad row, where its cells cannot be told.
    pub raw: Option<String>,
}

/// Where a later request goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub byte: u64,
    pub row: u64,
    pub line: u64,
}

impl Cursor {
    pub fn text(self) -> String {
        format!("{}-{}-{}", self.byte, self.row, self.line)
    }

    pub fn parse(text: &str) -> Result<Cursor> {
        let mut parts = text.split('-').map(str::parse::<u64>);
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(Ok(byte)), Some(Ok(row)), Some(Ok(line)), None) => Ok(Cursor { byte, row, line }),
            _ => Err(Error::invalid(
                "cursor",
                format!("'{text}' is none; take the `next` of the page before"),
            )),
        }
    }
}

pub(crate) trait Rows {
    /// Names of the columns, as far as they are known by now.
    fn columns(&self) -> &[String];
    /// Reads the next row into `row`; `false` at the end.
    fn next(&mut self, row: &mut Row) -> Result<bool>;
    /// Where the next row begins, `row` being its number.
    fn cursor(&self, row: u64) -> Cursor;
    /// Passes over rows without reading them where the format allows; how many it passed.
    fn pass(&mut self, _rows: u64) -> Result<u64> {
        Ok(0)
    }
}

/// What the asker says of the file; the rest is told from its beginning.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Hints {
    pub delimiter: Option<String>,
    pub header: Option<bool>,
    pub encoding: Option<String>,
}

pub(crate) trait Source: Read + Seek {}
impl<T: Read + Seek> Source for T {}

pub(crate) fn sample(of: &mut impl Source) -> Result<Vec<u8>> {
    let failed = Error::file("reading content");
    of.seek(SeekFrom::Start(0)).map_err(&failed)?;
    let mut start = Vec::new();
    of.by_ref().take(SAMPLE).read_to_end(&mut start).map_err(&failed)?;
    of.seek(SeekFrom::Start(0)).map_err(&failed)?;
    Ok(start)
}
