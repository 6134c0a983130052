//! The beginning of a file, or a page of it, as a person would look at it.
//!
//! Bounded work: a page reads at most [`SCAN`] bytes, whatever its offset; a
//! page further on goes by the cursor that the page before gave.

pub(crate) mod format;
pub(crate) mod image;
mod page;
mod text;

use std::fs::File;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::Result;
use crate::manifest::FileEntry;
use crate::table::parquet::Parquet;
use crate::table::{Cursor, Hints, csv, json};
use crate::{Data, Error};
use format::Format;

/// Bytes that are read for one page: a second at most on a slow disk.
pub(crate) const SCAN: u64 = 64 << 20;
/// Characters of a value that are shown.
const SHOWN: usize = 1000;
pub(crate) const MOST_ROWS: usize = 1000;

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(rename = "as")]
    pub format: Option<Format>,
    #[serde(default)]
    pub offset: u64,
    pub limit: Option<usize>,
    pub cursor: Option<String>,
    pub delimiter: Option<String>,
    pub header: Option<bool>,
    pub encoding: Option<String>,
}

impl Asked {
    fn hints(&self) -> Hints {
        Hints {
            delimiter: self.delimiter.clone(),
            header: self.header,
            encoding: self.encoding.clone(),
        }
    }

    fn page(&self) -> Result<page::Page> {
        let limit = self.limit.unwrap_or(100);
        if !(1..=MOST_ROWS).contains(&limit) {
            return Err(Error::invalid("limit", format!("expected 1 to {MOST_ROWS}, got {limit}")));
        }
        let cursor = self.cursor.as_deref().map(Cursor::parse).transpose()?;
        Ok(page::Page { offset: self.offset, limit, cursor })
    }
}

impl Data {
    /// What `file` looks like. Blocks.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is not of the format that it is asked for as,
    /// or the page cannot be reached; [`Error::Damaged`].
    pub(crate) fn preview(&self, project: &str, file: &FileEntry, asked: &Asked) -> Result<Value> {
        let page = asked.page()?;
        let verified = self.trust(project, file)?;
        let open = || {
            File::open(self.inner.blobs.path(project, &file.digest))
                .map_err(Error::file("reading content"))
        };
        let start = crate::table::sample(&mut open()?)?;
        let format = asked.format.unwrap_or_else(|| format::told(&file.path, &start));
        let content = match format {
            Format::Csv => {
                let mut rows = csv::Csv::open(open()?, &asked.hints())?;
                if let Some(cursor) = page.cursor {
                    rows.go(cursor)?;
                }
                let csv::Dialect { delimiter, header, encoding } = rows.dialect;
                let mut shown = page.read(&mut rows)?;
                shown["table"] = json!({
                    "delimiter": char::from(delimiter).to_string(), "header": header,
                    "encoding": encoding.name().to_lowercase(),
                });
                shown
            }
            Format::Jsonl => {
                let mut rows = json::JsonLines::open(open()?)?;
                if let Some(cursor) = page.cursor {
                    rows.go(cursor)?;
                }
                page.read(&mut rows)?
            }
            Format::Parquet => {
                let mut rows = Parquet::open(open()?)?;
                let total = rows.total();
                let mut shown = page.read(&mut rows)?;
                shown["total"] = json!(total);
                shown
            }
            Format::Text => text::read(open()?, &start, asked, &page)?,
            Format::Image => image::read(open()?, &start)?,
            Format::Binary => json!({}),
        };
        Ok(json!({
            "file": file, "verified": verified, "format": format, "content": content,
        }))
    }
}
