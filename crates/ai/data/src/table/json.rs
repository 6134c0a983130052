//! Rows of JSON Lines: one value a line, usually an object, whose names are
//! the columns in the order in which they appear.

use std::collections::HashMap;

use serde_json::Value;

use super::cell::{Cell, shortened};
use super::lines::Lines;
use super::{Cursor, LONGEST_ROW, MOST_COLUMNS, Row, Rows, Source, sample};
use crate::error::Result;

/// The column of lines that hold no object.
const VALUE: &str = "value";
/// Characters of a bad line that are told.
const EXCERPT: usize = 200;
/// Bytes of a name: names are kept, however many rows there are.
const LONGEST_NAME: usize = 1000;

pub(crate) struct JsonLines<R> {
    lines: Lines<R>,
    line: Vec<u8>,
    columns: Vec<String>,
    places: HashMap<String, usize>,
}

impl<R: Source> JsonLines<R> {
    /// The columns that the first lines have are known from the start, so that
    /// each page of a preview begins with the same.
    pub fn open(mut input: R) -> Result<JsonLines<R>> {
        let start = sample(&mut input)?;
        let mut rows = JsonLines {
            lines: Lines::new(input),
            line: Vec::new(),
            columns: Vec::new(),
            places: HashMap::new(),
        };
        for line in start.split(|byte| *byte == b'\n') {
            if let Ok(value) = serde_json::from_slice(line) {
                rows.take(value, &mut Row::default());
            }
        }
        Ok(rows)
    }

    pub fn go(&mut self, to: Cursor) -> Result<()> {
        self.lines.go(to)
    }

    fn place(&mut self, name: &str) -> Result<usize, String> {
        if let Some(place) = self.places.get(name) {
            return Ok(*place);
        }
        let place = self.columns.len();
        if place == MOST_COLUMNS {
            let shown = shortened(name, EXCERPT).0;
            return Err(format!(
                "its field '{shown}' is one column too many: {MOST_COLUMNS} are read"
            ));
        }
        if name.len() > LONGEST_NAME {
            return Err(format!("the name of a field is longer than {LONGEST_NAME} bytes"));
        }
        self.columns.push(name.to_owned());
        self.places.insert(name.to_owned(), place);
        Ok(place)
    }

    fn take(&mut self, value: Value, row: &mut Row) {
        let Value::Object(fields) = value else {
            return self.put(VALUE, value, row);
        };
        for (name, value) in fields {
            self.put(&name, value, row);
        }
    }

    fn put(&mut self, name: &str, value: Value, row: &mut Row) {
        let place = match self.place(name) {
            Ok(place) => place,
            Err(problem) => {
                row.problem = Some(problem);
                return;
            }
        };
        if row.cells.len() <= place {
            row.cells.resize(place + 1, Cell::Missing);
        }
        row.cells[place] = cell(value);
    }
}

fn cell(value: Value) -> Cell {
    match value {
        Value::Null => Cell::Missing,
        Value::Bool(value) => Cell::Boolean(value),
        Value::Number(number) => number
            .as_i64()
            .map_or_else(|| Cell::Number(number.as_f64().unwrap_or(f64::NAN)), Cell::Integer),
        Value::String(text) => Cell::Text(text),
        nested => Cell::Text(nested.to_string()),
    }
}

impl<R: Source> Rows for JsonLines<R> {
    fn columns(&self) -> &[String] {
        &self.columns
    }

    fn next(&mut self, row: &mut Row) -> Result<bool> {
        *row = Row { cells: std::mem::take(&mut row.cells), ..Row::default() };
        row.cells.clear();
        let mut line = std::mem::take(&mut self.line);
        let length = loop {
            match self.lines.next(&mut line, LONGEST_ROW)? {
                None => return Ok(false),
                Some(length) if line.iter().all(u8::is_ascii_whitespace) && length < 1000 => {}
                Some(length) => break length,
            }
        };
        row.line = self.lines.line;
        let text = line.strip_prefix(b"\xef\xbb\xbf".as_slice()).unwrap_or(&line);
        let outcome = match length > LONGEST_ROW as u64 {
            true => Err(format!("it is longer than {LONGEST_ROW} bytes")),
            false => serde_json::from_slice(text).map_err(|error| format!("no JSON: {error}")),
        };
        match outcome {
            Ok(value) => self.take(value, row),
            Err(problem) => {
                row.problem = Some(problem);
                row.raw = Some(shortened(&String::from_utf8_lossy(text), EXCERPT).0);
            }
        }
        self.line = line;
        Ok(true)
    }

    fn cursor(&self, row: u64) -> Cursor {
        self.lines.cursor(row)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor as Bytes;

    use super::*;

    #[test]
    fn objects_are_rows_and_bad_lines_are_told() {
        let text = "{\"a\":1,\"b\":[1]}\n\nnot json\n{\"c\":null,\"a\":\"x\"}\n[1]\n";
        let mut rows = JsonLines::open(Bytes::new(text)).expect("opens");
        assert_eq!(rows.columns(), ["a", "b", "c", "value"]);
        let (mut row, mut found) = (Row::default(), Vec::new());
        while rows.next(&mut row).expect("reads") {
            found.push((row.line, row.cells.clone(), row.raw.clone()));
        }
        let text = |text: &str| Cell::Text(text.into());
        assert_eq!(
            found,
            [
                (1, vec![Cell::Integer(1), text("[1]")], None),
                (3, vec![], Some("not json".into())),
                (4, vec![text("x"), Cell::Missing, Cell::Missing], None),
                (5, vec![Cell::Missing, Cell::Missing, Cell::Missing, text("[1]")], None),
            ]
        );
    }

    #[test]
    fn columns_cannot_grow_without_end() {
        let many: String = (0..=MOST_COLUMNS).map(|at| format!("{{\"c{at}\":1}}\n")).collect();
        let long = format!("{{\"{}\":1}}\n", "x".repeat(LONGEST_NAME + 1));
        for (text, columns) in [(many, MOST_COLUMNS), (long, 0)] {
            let mut rows = JsonLines::open(Bytes::new(text)).expect("opens");
            let (mut row, mut bad) = (Row::default(), 0);
            while rows.next(&mut row).expect("reads") {
                bad += u32::from(row.problem.is_some());
            }
            assert_eq!((rows.columns().len(), bad), (columns, 1));
        }
    }
}
