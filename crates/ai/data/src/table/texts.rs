//! A table of any format as texts, for whoever counts its rows.

use std::fs::File;
use std::path::Path;

use super::cell::Cell;
use super::json::JsonLines;
use super::parquet::Parquet;
use super::{Hints, Row, Rows, csv, sample};
use crate::Error;
use crate::error::Result;
use crate::preview::format::{self, Format};

/// The rows of a file of CSV (with a header line), JSON Lines or Parquet, in order.
pub struct Texts {
    rows: Box<dyn Rows + Send>,
    row: Row,
    read: u64,
}

impl Texts {
    /// `None` when the file is no table, by its first bytes and its name.
    ///
    /// # Errors
    /// When it cannot be read, or is not what its name says.
    pub fn open(path: &Path) -> Result<Option<Texts>, Error> {
        let mut file = File::open(path).map_err(Error::file("reading content"))?;
        let start = sample(&mut file)?;
        let hints = Hints { header: Some(true), ..Hints::default() };
        let rows: Box<dyn Rows + Send> = match format::told(&path.to_string_lossy(), &start) {
            Format::Csv => Box::new(csv::Csv::open(file, &hints)?),
            Format::Jsonl => Box::new(JsonLines::open(file)?),
            Format::Parquet => Box::new(Parquet::open(file)?),
            Format::Text | Format::Image | Format::Binary => return Ok(None),
        };
        Ok(Some(Texts { rows, row: Row::default(), read: 0 }))
    }

    pub fn columns(&self) -> &[String] {
        self.rows.columns()
    }

    /// Reads the next row; `false` at the end.
    ///
    /// # Errors
    /// When the row is broken, or the file ends within it.
    pub fn advance(&mut self) -> Result<bool, Error> {
        let more = self.rows.next(&mut self.row)?;
        self.read += 1;
        match self.row.problem.take() {
            Some(problem) if more => Err(Error::invalid("file", problem)),
            _ => Ok(more),
        }
    }

    /// A value of the row that was read last; empty where there is none.
    pub fn text(&self, column: usize) -> String {
        self.row.cells.get(column).map_or_else(String::new, Cell::text)
    }

    /// Where that row is, for people.
    pub fn place(&self) -> String {
        match self.row.line {
            0 => format!("row {}", self.read),
            line => format!("line {line}"),
        }
    }
}
