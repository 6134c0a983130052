//! Lines of a text.

use std::fs::File;

use serde_json::{Value, json};

use super::page::Page;
use super::{Asked, SCAN, SHOWN};
use crate::Error;
use crate::error::Result;
use crate::table::cell::shortened;
use crate::table::encoding;
use crate::table::lines::Lines;

/// Bytes of a line that are decoded: four for each character shown.
const KEPT: usize = SHOWN * 4 + 4;

pub(super) fn read(file: File, start: &[u8], asked: &Asked, page: &Page) -> Result<Value> {
    let told = match &asked.encoding {
        Some(name) => encoding::named(name)?,
        None => encoding::told(start).unwrap_or(encoding_rs::UTF_8),
    };
    let encoding = encoding::by_bytes(told)?;
    let mut lines = Lines::new(file);
    if let Some(cursor) = page.cursor {
        lines.go(cursor)?;
    }
    let begun = lines.cursor(0).byte;
    let mut line = Vec::new();
    for _ in 0..page.offset {
        if lines.next(&mut line, 0)?.is_none() {
            break;
        }
        if lines.cursor(0).byte - begun > SCAN {
            return Err(Error::invalid(
                "offset",
                "it is further on than a page reads; go by `next` of the page before",
            ));
        }
    }
    let (mut shown, mut ended) = (Vec::new(), false);
    while shown.len() < page.limit && lines.cursor(0).byte - begun <= SCAN {
        let Some(length) = lines.next(&mut line, KEPT)? else {
            ended = true;
            break;
        };
        let skip = if lines.line == 1 { encoding::mark(&line) } else { 0 };
        let (text, whole) = encoding::decoded(encoding, &line[skip..]);
        let (text, cut) = shortened(&text, SHOWN);
        let mut told = json!({ "line": lines.line, "text": text });
        if cut || length > KEPT as u64 {
            told["cut"] = json!(true);
        } else if !whole {
            told["problem"] = json!(format!("not valid {}", encoding.name()));
        }
        shown.push(told);
    }
    let cursor = lines.cursor(lines.line);
    let next = !ended && lines.next(&mut line, 0)?.is_some();
    Ok(json!({
        "encoding": encoding.name().to_lowercase(), "lines": shown,
        "next": next.then(|| cursor.text()),
    }))
}
