//! The newest spans, in memory, until they are enough for a block.

use std::time::{SystemTime, UNIX_EPOCH};

use foldhash::HashSet;
use serde::{Deserialize, Serialize};

use crate::body::{Encoder, Keys, Rows};
use crate::span::{Kind, Span};

/// Bytes of a full head, some 16,000 spans of the gateway: what idles in memory at
/// most, and what a search decompresses at a time.
pub const FULL: usize = 1 << 20;

/// An operation of a service, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Name {
    pub namespace: Option<String>,
    pub service: String,
    pub operation: String,
    pub kind: Kind,
}

/// Spans with what tells whether a question concerns them; a block in memory.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Contents {
    /// When it was begun, in nanoseconds since 1970; larger than the number of all
    /// that were begun before.
    pub number: i64,
    pub spans: u64,
    /// The starts of its first and last span, in nanoseconds since 1970.
    pub earliest: i64,
    pub latest: i64,
    pub names: Vec<Name>,
    /// The [`short`] trace id of each span.
    pub ids: Vec<u32>,
    pub body: Vec<u8>,
}

/// Collects spans. All that it holds it holds encoded.
#[derive(Default)]
pub struct Head {
    contents: Contents,
    encoder: Encoder,
    seen: HashSet<Keys>,
}

/// A trace id's last four bytes. W3C Trace Context wants the right-most seven random;
/// where they are not, blocks are only read in vain.
pub fn short(trace_id: &[u8; 16]) -> u32 {
    u32::from_le_bytes([trace_id[12], trace_id[13], trace_id[14], trace_id[15]])
}

/// Nanoseconds since 1970.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

impl Head {
    pub fn new(number: i64) -> Head {
        let contents =
            Contents { number, earliest: i64::MAX, latest: i64::MIN, ..Contents::default() };
        Head { contents, ..Head::default() }
    }

    /// What a write-ahead file brought back.
    pub fn recover(number: i64, body: Vec<u8>) -> postcard::Result<Head> {
        let mut head = Head::new(number);
        let (mut rows, mut seen) = (Rows::new(&body), HashSet::default());
        while let Some(row) = rows.next()? {
            let span = rows.summary(&row)?;
            if seen.insert((span.namespace, span.service, span.name, span.kind)) {
                head.contents.names.push(Name {
                    namespace: span.namespace.map(str::to_owned),
                    service: span.service.to_owned(),
                    operation: span.name.to_owned(),
                    kind: span.kind,
                });
            }
            head.contents.count(short(&row.trace_id), span.start);
        }
        head.encoder = Encoder::resume(&rows);
        head.contents.body = body;
        Ok(head)
    }

    pub fn push(&mut self, span: &Span) {
        let keys = self.encoder.push(span, &mut self.contents.body);
        if self.seen.insert(keys) {
            self.contents.names.push(Name {
                namespace: span.namespace().map(str::to_owned),
                service: span.service().to_owned(),
                operation: span.name.to_string(),
                kind: span.kind,
            });
        }
        self.contents.count(short(&span.trace_id), span.start);
    }

    pub fn contents(&self) -> &Contents {
        &self.contents
    }

    pub fn is_empty(&self) -> bool {
        self.contents.spans == 0
    }

    pub fn is_full(&self) -> bool {
        self.contents.body.len() >= FULL
    }
}

impl Contents {
    fn count(&mut self, id: u32, start: i64) {
        self.ids.push(id);
        self.spans += 1;
        self.earliest = self.earliest.min(start);
        self.latest = self.latest.max(start);
    }
}
