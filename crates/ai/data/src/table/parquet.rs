//! Rows of a Parquet file, through the record API of the `parquet` crate.
//!
//! That crate trusts lengths that a file claims and may panic on what nobody
//! writes in earnest. So the footer, the sizes of pages and the lengths of lists
//! are checked before they are read, and whatever touches the file runs inside [`guarded`].

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use parquet::record::reader::{ReaderIter, TreeBuilder};
use serde_json::{Value, json};

use super::cell::Cell;
use super::columns::named;
use super::{Cursor, MOST_COLUMNS, Row, Rows, footer, pages};
use crate::Error;
use crate::error::Result;

/// Of schema and row groups. A file of 10,000 row groups of 100 columns has some 100 MB.
const LARGEST_FOOTER: u64 = 128 << 20;
/// Of a value that is no text.
const BYTES_SHOWN: usize = 64;
const MAGIC: &[u8] = b"PAR1";

pub(crate) struct Parquet {
    file: File,
    reader: Arc<SerializedFileReader<File>>,
    columns: Vec<String>,
    group: usize,
    rows: Option<ReaderIter>,
    read: u64,
}

fn broken(problem: impl std::fmt::Display) -> Error {
    Error::invalid("file", format!("it is no readable Parquet file: {problem}"))
}

fn guarded<T>(work: impl FnOnce() -> Result<T, ParquetError>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(outcome) => outcome.map_err(broken),
        Err(_) => Err(broken("its structure contradicts itself")),
    }
}

fn check_footer(file: &mut File) -> Result<()> {
    let failed = Error::file("reading content");
    let size = file.seek(SeekFrom::End(0)).map_err(&failed)?;
    if size < 12 {
        return Err(broken("it is too short"));
    }
    file.seek(SeekFrom::End(-8)).map_err(&failed)?;
    let mut end = [0; 8];
    file.read_exact(&mut end).map_err(&failed)?;
    if &end[4..] != MAGIC {
        return Err(broken("it does not end with PAR1"));
    }
    let length = u64::from(u32::from_le_bytes([end[0], end[1], end[2], end[3]]));
    if length + 12 > size || length > LARGEST_FOOTER {
        return Err(broken(format!("its footer claims {length} bytes")));
    }
    file.seek(SeekFrom::Start(size - 8 - length)).map_err(&failed)?;
    let mut text = Vec::new();
    file.take(length).read_to_end(&mut text).map_err(&failed)?;
    footer::check(&text).map_err(broken)
}

impl Parquet {
    pub fn open(mut file: File) -> Result<Parquet> {
        check_footer(&mut file)?;
        let again = file.try_clone().map_err(Error::file("reading content"))?;
        let reader = Arc::new(guarded(|| SerializedFileReader::new(again))?);
        let fields = reader.metadata().file_metadata().schema_descr().root_schema().get_fields();
        if fields.len() > MOST_COLUMNS {
            let problem =
                format!("{} columns are more than the {MOST_COLUMNS} that are read", fields.len());
            return Err(broken(problem));
        }
        let columns = named(fields.iter().map(|field| field.name().to_owned()));
        Ok(Parquet { file, reader, columns, group: 0, rows: None, read: 0 })
    }

    pub fn total(&self) -> u64 {
        self.reader.metadata().file_metadata().num_rows().unsigned_abs()
    }

    fn rows_of(&self, group: usize) -> u64 {
        self.reader.metadata().row_group(group).num_rows().unsigned_abs()
    }

    fn next_fields(&mut self) -> Result<Option<Vec<(String, Field)>>> {
        loop {
            if let Some(rows) = &mut self.rows
                && let Some(row) = guarded(|| rows.next().transpose())?
            {
                self.read += 1;
                return Ok(Some(row.into_columns()));
            }
            if self.group == self.reader.num_row_groups() {
                return Ok(None);
            }
            let reader = self.reader.clone();
            let (file, group) = (&self.file, self.group);
            // What is held of the last group goes before the next is opened.
            self.rows = None;
            self.rows = Some(guarded(|| {
                let opened = reader.get_row_group(group)?;
                let rows = pages::batch(file, &*opened)?;
                let tree = TreeBuilder::new().with_batch_size(rows);
                tree.as_iter(opened.metadata().schema_descr_ptr(), &*opened)
            })?);
            self.group += 1;
        }
    }
}

fn cell(field: Field) -> Cell {
    match field {
        Field::Null => Cell::Missing,
        Field::Bool(value) => Cell::Boolean(value),
        Field::Byte(value) => Cell::Integer(value.into()),
        Field::Short(value) => Cell::Integer(value.into()),
        Field::Int(value) => Cell::Integer(value.into()),
        Field::Long(value) => Cell::Integer(value),
        Field::UByte(value) => Cell::Integer(value.into()),
        Field::UShort(value) => Cell::Integer(value.into()),
        Field::UInt(value) => Cell::Integer(value.into()),
        Field::ULong(value) => {
            i64::try_from(value).map_or(Cell::Number(value as f64), Cell::Integer)
        }
        Field::Float16(value) => Cell::Number(value.into()),
        Field::Float(value) => Cell::Number(value.into()),
        Field::Double(value) => Cell::Number(value),
        Field::Decimal(_) => {
            let text = field.to_string();
            text.parse().map_or(Cell::Text(text), Cell::Number)
        }
        Field::Str(text) => Cell::Text(text),
        Field::Date(days) => Cell::Time(i64::from(days) * 86_400_000),
        Field::TimestampMillis(value) => Cell::Time(value),
        Field::TimestampMicros(value) => Cell::Time(value.div_euclid(1000)),
        other => match value(other) {
            Value::String(text) => Cell::Text(text),
            nested => Cell::Text(nested.to_string()),
        },
    }
}

/// What has no cell of its own, as JSON: nested values, bytes and times of day.
fn value(field: Field) -> Value {
    match field {
        Field::Group(row) => {
            let fields = row.into_columns().into_iter();
            Value::Object(fields.map(|(name, field)| (name, value(field))).collect())
        }
        Field::ListInternal(list) => list.elements().iter().cloned().map(value).collect(),
        Field::MapInternal(map) => {
            let entries = map.entries().iter().cloned();
            let named = |key| match value(key) {
                Value::String(text) => text,
                other => other.to_string(),
            };
            Value::Object(entries.map(|(key, field)| (named(key), value(field))).collect())
        }
        Field::Bytes(bytes) => match std::str::from_utf8(bytes.data()) {
            Ok(text) => json!(text),
            Err(_) => {
                let start = &bytes.data()[..bytes.len().min(BYTES_SHOWN)];
                let digits: String = start.iter().map(|byte| format!("{byte:02x}")).collect();
                json!(format!("0x{digits} ({} bytes)", bytes.len()))
            }
        },
        time @ (Field::TimeMillis(_) | Field::TimeMicros(_)) => json!(time.to_string()),
        plain => cell(plain).shown(usize::MAX).0,
    }
}

impl Rows for Parquet {
    fn columns(&self) -> &[String] {
        &self.columns
    }

    fn next(&mut self, row: &mut Row) -> Result<bool> {
        *row = Row::default();
        let Some(fields) = self.next_fields()? else { return Ok(false) };
        row.cells = fields.into_iter().map(|(_, field)| cell(field)).collect();
        Ok(true)
    }

    fn cursor(&self, row: u64) -> Cursor {
        Cursor { byte: 0, row, line: 0 }
    }

    fn pass(&mut self, rows: u64) -> Result<u64> {
        let mut passed = 0;
        while self.group < self.reader.num_row_groups() {
            let inside = self.rows_of(self.group);
            if passed + inside > rows {
                break;
            }
            passed += inside;
            self.group += 1;
        }
        Ok(passed)
    }
}
