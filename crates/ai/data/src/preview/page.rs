//! A page of a table.

use serde_json::{Value, json};

use super::{SCAN, SHOWN};
use crate::Error;
use crate::error::Result;
use crate::table::{Cursor, Row, Rows};

/// Values that one page may read on its way to its offset, in formats that
/// have no bytes to go by.
const VALUES: u64 = 20_000_000;
/// Bytes of values after which a page ends early.
const LARGEST: usize = 8 << 20;

pub(crate) struct Page {
    pub offset: u64,
    pub limit: usize,
    pub cursor: Option<Cursor>,
}

impl Page {
    /// Reads the page from rows that stand at the cursor, or at the beginning.
    pub fn read(&self, rows: &mut dyn Rows) -> Result<Value> {
        let begun = self.cursor.map_or(0, |cursor| cursor.row);
        let wanted = begun.saturating_add(self.offset);
        let (mut at, mut row) = (begun, Row::default());
        // Cursors of formats without lines have no place in the file.
        if rows.cursor(0).line == 0 {
            at = 0;
        }
        at += rows.pass(wanted - at)?;
        let start = rows.cursor(at).byte;
        let passed = at;
        while at < wanted {
            if !rows.next(&mut row)? {
                break;
            }
            at += 1;
            let values = (at - passed).saturating_mul(rows.columns().len() as u64);
            if rows.cursor(at).byte - start > SCAN || values > VALUES {
                return Err(Error::invalid(
                    "offset",
                    format!(
                        "row {wanted} is further on than a page reads; go by `next` of the page before"
                    ),
                ));
            }
        }
        let (mut shown, mut ended, mut size) = (Vec::new(), false, 0);
        let first = at;
        while shown.len() < self.limit && size < LARGEST && rows.cursor(at).byte - start <= SCAN {
            if !rows.next(&mut row)? {
                ended = true;
                break;
            }
            let (row, bytes) = told(at, &row);
            shown.push(row);
            size += bytes;
            at += 1;
        }
        let cursor = rows.cursor(at);
        let next = !ended && rows.next(&mut row)?;
        Ok(json!({
            "columns": rows.columns(), "offset": first, "rows": shown,
            "next": next.then(|| cursor.text()),
        }))
    }
}

/// A row as pages have it, and about how many bytes that takes.
fn told(number: u64, row: &Row) -> (Value, usize) {
    let (mut values, mut cut, mut size) = (Vec::new(), Vec::new(), 0);
    for (column, cell) in row.cells.iter().enumerate() {
        let (value, shortened) = cell.shown(SHOWN);
        size += value.as_str().map_or(8, str::len) + 3;
        values.push(value);
        if shortened {
            cut.push(column);
        }
    }
    let mut told = json!({ "row": number, "values": values });
    if row.line > 0 {
        told["line"] = json!(row.line);
    }
    if !cut.is_empty() {
        told["cut"] = json!(cut);
    }
    if let Some(problem) = &row.problem {
        told["problem"] = json!(problem);
    }
    if let Some(raw) = &row.raw {
        told["raw"] = json!(raw);
    }
    (told, size)
}
