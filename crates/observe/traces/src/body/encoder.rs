//! Appends spans to a stream.

use std::sync::Arc;

use foldhash::{HashMap, HashMapExt};
use serde::Serialize;

use super::{BASE, Cell, Cells, Fields, Happened, RESOURCE, Rest, Rows, SPAN, TEXT};
use crate::attributes::{Attributes, Value};
use crate::span::{Event, Kind, Span};

/// Knows which texts and resources the stream already has.
#[derive(Default)]
pub struct Encoder {
    texts: HashMap<Box<str>, u32>,
    resources: HashMap<Box<[u8]>, u32>,
    /// Spans of one process follow each other.
    last_resource: Option<(Arc<Attributes>, u32)>,
    base: Option<i64>,
    record: Vec<u8>,
    cells: Cells,
}

/// What tells operations apart, by the texts' places.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Keys {
    pub namespace: Option<u32>,
    pub service: u32,
    pub name: u32,
    pub kind: Kind,
}

impl Encoder {
    /// The encoder that wrote the stream, which has been read to its end.
    pub fn resume(rows: &Rows<'_>) -> Encoder {
        let mut encoder = Encoder { base: rows.base(), ..Encoder::default() };
        encoder.texts = HashMap::with_capacity(rows.texts().len());
        encoder.texts.extend((0..).zip(rows.texts()).map(|(at, text)| ((*text).into(), at)));
        encoder
            .resources
            .extend((0..).zip(rows.resources()).map(|(at, bytes)| ((*bytes).into(), at)));
        encoder
    }

    pub fn push(&mut self, span: &Span, body: &mut Vec<u8>) -> Keys {
        let base = self.base(span.start, body);
        let resource = self.resource(&span.resource, body);
        let keys = Keys {
            namespace: span.namespace().map(|namespace| self.text(namespace, body)),
            service: self.text(span.service(), body),
            name: self.text(&span.name, body),
            kind: span.kind,
        };
        let mut cells = std::mem::take(&mut self.cells);
        self.fill(&mut cells, &span.attributes, body);
        let fields = Fields {
            kind: span.kind,
            start: span.start.wrapping_sub(base),
            duration: span.duration,
            name: keys.name,
            service: keys.service,
            namespace: keys.namespace,
            parent: span.parent,
        };
        let mut rest = Rest {
            resource,
            error: span.error.as_ref().map(|error| self.text(error, body)),
            attributes: cells,
            events: span.events.iter().map(|event| self.event(event, span.start, body)).collect(),
        };
        let mut bytes = std::mem::take(&mut self.record);
        bytes.extend_from_slice(&span.trace_id);
        bytes.extend_from_slice(&span.span_id);
        bytes = append(&(&fields, &rest), bytes);
        record(SPAN, &bytes, body);
        bytes.clear();
        self.record = bytes;
        rest.attributes.clear();
        self.cells = rest.attributes;
        keys
    }

    fn base(&mut self, start: i64, body: &mut Vec<u8>) -> i64 {
        *self.base.get_or_insert_with(|| {
            record(BASE, &start.to_le_bytes(), body);
            start
        })
    }

    fn text(&mut self, text: &str, body: &mut Vec<u8>) -> u32 {
        if let Some(known) = self.texts.get(text) {
            return *known;
        }
        record(TEXT, text.as_bytes(), body);
        let place = place(self.texts.len());
        self.texts.insert(text.into(), place);
        place
    }

    fn resource(&mut self, resource: &Arc<Attributes>, body: &mut Vec<u8>) -> u32 {
        if let Some((last, known)) = &self.last_resource
            && Arc::ptr_eq(last, resource)
        {
            return *known;
        }
        let mut cells = Cells::new();
        self.fill(&mut cells, resource, body);
        let bytes = append(&cells, Vec::new());
        let next = place(self.resources.len());
        let known = self.resources.get(bytes.as_slice()).copied().unwrap_or(next);
        if known == next {
            record(RESOURCE, &bytes, body);
            self.resources.insert(bytes.into(), next);
        }
        self.last_resource = Some((resource.clone(), known));
        known
    }

    fn event(&mut self, event: &Event, start: i64, body: &mut Vec<u8>) -> Happened {
        let mut attributes = Cells::new();
        self.fill(&mut attributes, &event.attributes, body);
        let name = self.text(&event.name, body);
        Happened { time: event.time.wrapping_sub(start), name, attributes }
    }

    fn fill(&mut self, cells: &mut Cells, attributes: &Attributes, body: &mut Vec<u8>) {
        for (name, value) in attributes.iter() {
            let name = self.text(name, body);
            let cell = match value {
                Value::Text(text) => Cell::Text(self.text(text, body)),
                Value::Bool(truth) => Cell::Bool(*truth),
                Value::Int(number) => Cell::Int(*number),
                Value::Float(number) => Cell::Float(*number),
                Value::Json(text) => Cell::Json(self.text(text, body)),
            };
            cells.push((name, cell));
        }
    }
}

fn place(count: usize) -> u32 {
    u32::try_from(count).expect("a stream is sealed long before it has so many texts")
}

fn append(value: &impl Serialize, bytes: Vec<u8>) -> Vec<u8> {
    postcard::to_extend(value, bytes).expect("memory takes any number of bytes")
}

fn record(mark: u8, bytes: &[u8], body: &mut Vec<u8>) {
    body.push(mark);
    let length = u32::try_from(bytes.len()).expect("a request that brings spans is far smaller");
    *body = append(&length, std::mem::take(body));
    body.extend_from_slice(bytes);
}
