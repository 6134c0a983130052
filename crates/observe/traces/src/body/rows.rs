//! Reads a stream. What a question does not ask for is passed over unread.

use std::sync::Arc;

use postcard::{Error, Result, take_from_bytes};

use super::{BASE, Cell, Cells, Fields, IDS, RESOURCE, Rest, SPAN, TEXT, TRACE_ID};
use crate::attributes::{Attributes, Value};
use crate::span::{Event, Kind, Span};

pub struct Rows<'a> {
    rest: &'a [u8],
    base: Option<i64>,
    texts: Vec<&'a str>,
    resources: Vec<&'a [u8]>,
}

/// One span, of which only the ids are read.
pub struct Row<'a> {
    pub trace_id: [u8; 16],
    pub span_id: [u8; 8],
    bytes: &'a [u8],
}

/// What a search looks at.
pub struct Summary<'a> {
    pub kind: Kind,
    pub start: i64,
    pub duration: i64,
    pub name: &'a str,
    pub service: &'a str,
    pub namespace: Option<&'a str>,
    pub parent: Option<[u8; 8]>,
}

impl<'a> Rows<'a> {
    pub fn new(body: &'a [u8]) -> Self {
        Rows { rest: body, base: None, texts: Vec::new(), resources: Vec::new() }
    }

    pub fn base(&self) -> Option<i64> {
        self.base
    }

    pub fn texts(&self) -> &[&'a str] {
        &self.texts
    }

    pub fn resources(&self) -> &[&'a [u8]] {
        &self.resources
    }

    /// The next span, `None` at the end.
    pub fn next(&mut self) -> Result<Option<Row<'a>>> {
        while let Some((mark, rest)) = self.rest.split_first() {
            let (length, rest) = take_from_bytes::<u32>(rest)?;
            let (bytes, rest) = split(rest, length as usize)?;
            self.rest = rest;
            match *mark {
                BASE => self.base = Some(i64::from_le_bytes(fixed(bytes)?)),
                TEXT => self
                    .texts
                    .push(std::str::from_utf8(bytes).map_err(|_| Error::DeserializeBadUtf8)?),
                RESOURCE => self.resources.push(bytes),
                SPAN => {
                    let (trace_id, _) = split(bytes, TRACE_ID)?;
                    let (ids, bytes) = split(bytes, IDS)?;
                    let (trace_id, span_id) = (fixed(trace_id)?, fixed(&ids[TRACE_ID..])?);
                    return Ok(Some(Row { trace_id, span_id, bytes }));
                }
                _ => return Err(Error::DeserializeBadEncoding),
            }
        }
        Ok(None)
    }

    pub fn summary(&self, row: &Row<'a>) -> Result<Summary<'a>> {
        Ok(self.split(row)?.0)
    }

    /// Whether the span can have an attribute, itself or by its resource; cheaper than to
    /// read the span and wrong only in that it says yes too often.
    pub fn may_have_tag(&self, row: &Row<'a>, key: &str, value: &str) -> Result<bool> {
        let (rest, _) = take_from_bytes::<Rest>(self.split(row)?.1)?;
        match key {
            "error" => Ok(rest.error.is_some() == (value == "true")),
            "span.kind" | "event" => Ok(true),
            _ if key.starts_with("otel.status_") => Ok(rest.error.is_some()),
            _ if self.may_say(&rest.attributes, key, value)? => Ok(true),
            _ if self.may_say(&self.resource(&rest)?, key, value)? => Ok(true),
            _ => {
                let mut said = rest.events.iter().map(|e| self.may_say(&e.attributes, key, value));
                said.try_fold(false, |any, said| Ok(any || said?))
            }
        }
    }

    pub fn is_error(&self, row: &Row<'a>) -> Result<bool> {
        // The first two fields of `Rest`; the others need not be read.
        let ((_, error), _) = take_from_bytes::<(u32, Option<u32>)>(self.split(row)?.1)?;
        Ok(error.is_some())
    }

    fn may_say(&self, cells: &Cells, key: &str, value: &str) -> Result<bool> {
        for (name, cell) in cells {
            if self.text(*name)? != key {
                continue;
            }
            match cell {
                Cell::Text(text) if self.text(*text)? != value => {}
                _ => return Ok(true),
            }
        }
        Ok(false)
    }

    fn resource(&self, rest: &Rest) -> Result<Cells> {
        let bytes = self.resources.get(rest.resource as usize).ok_or(DANGLING)?;
        Ok(take_from_bytes::<Cells>(bytes)?.0)
    }

    pub fn span(&self, row: &Row<'a>) -> Result<Span> {
        let (summary, rest) = self.split(row)?;
        let (rest, _) = take_from_bytes::<Rest>(rest)?;
        let resource = self.resource(&rest)?;
        let events = rest.events.into_iter().map(|event| {
            Ok(Event {
                time: event.time.wrapping_add(summary.start),
                name: self.text(event.name)?.to_owned(),
                attributes: self.attributes(event.attributes)?,
            })
        });
        Ok(Span {
            trace_id: row.trace_id,
            span_id: row.span_id,
            parent: summary.parent,
            name: summary.name.into(),
            kind: summary.kind,
            start: summary.start,
            duration: summary.duration,
            error: rest.error.map(|error| self.text(error).map(str::to_owned)).transpose()?,
            attributes: self.attributes(rest.attributes)?,
            resource: Arc::new(self.attributes(resource)?),
            events: events.collect::<Result<_>>()?,
        })
    }

    fn split(&self, row: &Row<'a>) -> Result<(Summary<'a>, &'a [u8])> {
        let (fields, rest) = take_from_bytes::<Fields>(row.bytes)?;
        let summary = Summary {
            kind: fields.kind,
            start: fields.start.wrapping_add(self.base.ok_or(DANGLING)?),
            duration: fields.duration,
            name: self.text(fields.name)?,
            service: self.text(fields.service)?,
            namespace: fields.namespace.map(|namespace| self.text(namespace)).transpose()?,
            parent: fields.parent,
        };
        Ok((summary, rest))
    }

    fn attributes(&self, cells: Cells) -> Result<Attributes> {
        let read = |(name, cell): (u32, Cell)| {
            let value = match cell {
                Cell::Text(text) => Value::Text(self.text(text)?.into()),
                Cell::Bool(truth) => Value::Bool(truth),
                Cell::Int(number) => Value::Int(number),
                Cell::Float(number) => Value::Float(number),
                Cell::Json(text) => Value::Json(self.text(text)?.into()),
            };
            Ok((self.text(name)?.to_owned(), value))
        };
        cells.into_iter().map(read).collect()
    }

    fn text(&self, place: u32) -> Result<&'a str> {
        self.texts.get(place as usize).copied().ok_or(DANGLING)
    }
}

/// A reference to nothing.
const DANGLING: Error = Error::DeserializeBadEncoding;

fn split(bytes: &[u8], at: usize) -> Result<(&[u8], &[u8])> {
    bytes.split_at_checked(at).ok_or(Error::DeserializeUnexpectedEnd)
}

fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N]> {
    bytes.try_into().map_err(|_| Error::DeserializeBadEncoding)
}
