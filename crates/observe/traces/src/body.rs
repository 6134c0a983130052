//! Spans as bytes: a stream of records that can only be read from its beginning.
//!
//! A record is a mark (one byte), a length (varint) and that many bytes:
//!
//! ```text
//! BASE      the time that the spans' starts count from; the first record
//! TEXT      UTF-8; texts are referred to by their place among the texts
//! RESOURCE  attributes, likewise
//! SPAN      trace id (16 bytes), span id (8 bytes), Fields, Rest
//! ```
//!
//! A text or resource stands before the first span that refers to it, so any number
//! of streams' pieces, one after the other, are a stream: a frame of the write-ahead
//! file is a piece, and a block is all of them together. Everything but the ids is in
//! [postcard's format](https://postcard.jamesmunns.com/wire-format).

mod encoder;
mod rows;

use serde::{Deserialize, Serialize};

use crate::span::Kind;

pub use encoder::{Encoder, Keys};
pub use rows::{Row, Rows};

const BASE: u8 = 1;
const TEXT: u8 = 2;
const RESOURCE: u8 = 3;
const SPAN: u8 = 4;

const TRACE_ID: usize = 16;
const IDS: usize = 24;

/// What a search looks at.
#[derive(Serialize, Deserialize)]
struct Fields {
    kind: Kind,
    /// Nanoseconds since the base.
    start: i64,
    duration: i64,
    name: u32,
    service: u32,
    namespace: Option<u32>,
    parent: Option<[u8; 8]>,
}

#[derive(Serialize, Deserialize)]
struct Rest {
    resource: u32,
    error: Option<u32>,
    attributes: Cells,
    events: Vec<Happened>,
}

#[derive(Serialize, Deserialize)]
struct Happened {
    /// Nanoseconds since the span's start.
    time: i64,
    name: u32,
    attributes: Cells,
}

type Cells = Vec<(u32, Cell)>;

#[derive(Serialize, Deserialize)]
enum Cell {
    Text(u32),
    Bool(bool),
    Int(i64),
    Float(f64),
    Json(u32),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attributes::{Attributes, Value};
    use crate::span::{Event, Span};

    fn span(number: u8) -> Span {
        let attributes = Attributes::from([
            ("text", "a".into()),
            ("truth", Value::Bool(true)),
            ("whole", Value::Int(-5)),
            ("broken", Value::Float(0.5)),
            ("list", serde_json::json!([1, {"a": null}]).into()),
        ]);
        Span {
            trace_id: [number; 16],
            span_id: [number; 8],
            parent: (number > 1).then_some([number / 2; 8]),
            name: format!("name {number}").into(),
            kind: Kind::Client,
            start: 1_795_514_400_000_000_000 - i64::from(number),
            duration: 7,
            error: (number == 2).then(String::new),
            resource: Attributes::from([("service.name", "web".into())]).into(),
            events: vec![Event { time: 5, name: "e".into(), attributes: attributes.clone() }],
            attributes,
        }
    }

    fn decoded(body: &[u8]) -> Vec<Span> {
        let mut rows = Rows::new(body);
        let mut spans = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            spans.push(rows.span(&row).unwrap());
        }
        spans
    }

    #[test]
    fn spans_are_read_as_they_were_written() {
        let spans: Vec<Span> = (0..5).map(span).collect();
        let (mut encoder, mut body) = (Encoder::default(), Vec::new());
        spans.iter().for_each(|span| {
            encoder.push(span, &mut body);
        });
        assert_eq!(decoded(&body), spans);
    }

    #[test]
    fn an_encoder_goes_on_where_a_stream_ended() {
        let (mut encoder, mut whole) = (Encoder::default(), Vec::new());
        encoder.push(&span(1), &mut whole);
        let mut rows = Rows::new(&whole);
        while rows.next().unwrap().is_some() {}
        let (mut resumed, mut continued) = (Encoder::resume(&rows), whole.clone());
        encoder.push(&span(2), &mut whole);
        resumed.push(&span(2), &mut continued);
        assert_eq!(continued, whole);
    }

    #[test]
    fn a_stream_that_is_no_stream_is_an_error() {
        let (mut encoder, mut body) = (Encoder::default(), Vec::new());
        encoder.push(&span(1), &mut body);
        for at in 0..body.len() {
            let mut wrong = body.clone();
            wrong[at] ^= 0x55;
            let mut rows = Rows::new(&wrong);
            while let Ok(Some(row)) = rows.next() {
                let _ = (rows.summary(&row), rows.span(&row));
            }
        }
        assert!(Rows::new(&[9, 0]).next().is_err());
    }
}
