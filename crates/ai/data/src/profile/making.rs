//! One pass over a table.

use std::fs::File;

use serde_json::{Value, json};

use super::column::Column;
use super::jobs::{Job, Key};
use crate::error::Result;
use crate::manifest::FileEntry;
use crate::preview::format::Format;
use crate::table::cell::Cell;
use crate::table::parquet::Parquet;
use crate::table::{Hints, Row, Rows, csv, json};
use crate::{Data, Error};

/// Bad rows that are told one by one.
const TOLD: usize = 20;
/// Rows between two looks at whether it was cancelled.
const STEP: u64 = 1024;

/// What texts of a format may stand for.
#[derive(Clone, Copy)]
enum Texts {
    Anything,
    Times,
    Themselves,
}

/// Checks the content, then reads it. Blocks.
///
/// # Errors
/// [`Error::Damaged`]; [`Error::Invalid`] when it is no such table;
/// [`Error::Cancelled`].
pub(crate) fn profile(data: &Data, key: &Key, file: &FileEntry, job: &Job) -> Result<Value> {
    job.phase("verifying");
    // Open before the check: what is removed meanwhile can still be read.
    let path = data.inner.blobs.path(&key.project, &key.digest);
    let content = File::open(path).map_err(Error::file("reading content"))?;
    if !data.trust(&key.project, file)? {
        let actual = data
            .inner
            .blobs
            .hashed(&key.project, &key.digest, |done| job.progress(done, file.size, 0))?;
        data.found(&key.project, &key.digest, actual)?;
    }
    job.phase("reading");
    match key.format {
        Format::Csv => {
            let mut rows = csv::Csv::open(content, &Hints::default())?;
            pass(&mut rows, file.size, Texts::Anything, job)
        }
        Format::Jsonl => {
            let mut rows = json::JsonLines::open(content)?;
            pass(&mut rows, file.size, Texts::Times, job)
        }
        Format::Parquet => {
            let mut rows = Parquet::open(content)?;
            let total = rows.total();
            pass(&mut rows, total, Texts::Themselves, job)
        }
        Format::Text | Format::Image | Format::Binary => {
            Err(Error::invalid("file", "it is no table"))
        }
    }
}

fn pass(rows: &mut dyn Rows, total: u64, texts: Texts, job: &Job) -> Result<Value> {
    let mut columns: Vec<Column> = Vec::new();
    let (mut read, mut bad, mut problems) = (0, 0, Vec::new());
    let mut row = Row::default();
    while rows.next(&mut row)? {
        read += 1;
        if read % STEP == 0 {
            let at = rows.cursor(read);
            job.progress(if at.line == 0 { read } else { at.byte }, total, read)?;
        }
        if let Some(problem) = &row.problem {
            bad += 1;
            if problems.len() < TOLD {
                problems.push(json!({ "row": read - 1, "line": row.line, "problem": problem }));
            }
            continue;
        }
        columns.resize_with(columns.len().max(row.cells.len()), Column::default);
        for (column, cell) in columns.iter_mut().zip(row.cells.drain(..)) {
            take(column, cell, texts);
        }
    }
    job.progress(1, 1, read)?;
    columns.resize_with(rows.columns().len(), Column::default);
    let shown: Vec<Value> = columns
        .iter()
        .zip(rows.columns())
        .map(|(column, name)| column.shown(name, read - bad))
        .collect();
    Ok(json!({
        "rows": read, "badRows": bad, "problems": problems, "columns": shown,
        "madeAt": jiff::Timestamp::now().to_string(),
    }))
}

fn take(column: &mut Column, cell: Cell, texts: Texts) {
    match (cell, texts) {
        (Cell::Text(text), Texts::Anything) => column.add(&Cell::of_text(&text), &text),
        (Cell::Text(text), Texts::Times) => {
            let cell = Cell::Text(text).or_time();
            plain(column, &cell);
        }
        (cell, _) => plain(column, &cell),
    }
}

fn plain(column: &mut Column, cell: &Cell) {
    match cell {
        Cell::Text(text) => column.add(cell, text),
        other => match other.shown(usize::MAX).0 {
            Value::String(text) => column.add(cell, &text),
            value => column.add(cell, &value.to_string()),
        },
    }
}
