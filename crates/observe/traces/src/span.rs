//! A span as it is stored: OpenTelemetry's, with its resource beside it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::attributes::Attributes;

/// The attribute (of a span or its resource) that says whose it is.
pub const NAMESPACE: &str = "k8s.namespace.name";
pub(crate) const SERVICE: &str = "service.name";
pub(crate) const UNKNOWN_SERVICE: &str = "unknown_service";

/// The part that a span plays in a call. Stored by its place in this list: new ones
/// come last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Kind {
    #[default]
    Internal,
    Server,
    Client,
    Producer,
    Consumer,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::Internal => "internal",
            Kind::Server => "server",
            Kind::Client => "client",
            Kind::Producer => "producer",
            Kind::Consumer => "consumer",
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Span {
    pub trace_id: [u8; 16],
    pub span_id: [u8; 8],
    pub parent: Option<[u8; 8]>,
    pub name: Arc<str>,
    pub kind: Kind,
    /// Nanoseconds since 1970.
    pub start: i64,
    /// Nanoseconds.
    pub duration: i64,
    /// What failed; `Some` marks an error even when it says nothing more.
    pub error: Option<String>,
    pub attributes: Attributes,
    /// What the span's process says about itself, shared by its spans.
    pub resource: Arc<Attributes>,
    pub events: Vec<Event>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Event {
    /// Nanoseconds since 1970.
    pub time: i64,
    pub name: String,
    pub attributes: Attributes,
}

impl Span {
    pub fn service(&self) -> &str {
        self.resource.text(SERVICE).unwrap_or(UNKNOWN_SERVICE)
    }

    /// A namespace on the span itself comes first: a gateway's spans belong to those it serves.
    pub fn namespace(&self) -> Option<&str> {
        match self.attributes.get(NAMESPACE) {
            Some(_) => self.attributes.text(NAMESPACE),
            None => self.resource.text(NAMESPACE),
        }
    }

    /// Whether an attribute of the span, of its resource or of one of its events has that
    /// value, written as text. What Jaeger shows as a tag can be asked for, too: `error`,
    /// `span.kind`, `event`, `otel.status_code`, `otel.status_description`.
    pub fn has_tag(&self, key: &str, value: &str) -> bool {
        match key {
            "error" => self.error.is_some() == (value == "true"),
            "span.kind" => self.kind.name() == value,
            "otel.status_code" => self.error.is_some() && value == "ERROR",
            "otel.status_description" => self.error.as_deref() == Some(value),
            _ => {
                let own = self.attributes.get(key).or_else(|| self.resource.get(key));
                own.is_some_and(|found| found.is_written(value))
                    || self.events.iter().any(|event| event.has_tag(key, value))
            }
        }
    }
}

impl Event {
    fn has_tag(&self, key: &str, value: &str) -> bool {
        (key == "event" && self.name == value)
            || self.attributes.get(key).is_some_and(|found| found.is_written(value))
    }
}

/// Lower-case hexadecimal, as ids are written.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An id; shorter ones have leading zeros left out, as Jaeger allows.
pub fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.is_empty() || text.len() > 2 * N || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let padded = format!("{text:0>width$}", width = 2 * N);
    let mut bytes = [0; N];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&padded[2 * index..2 * index + 2], 16).ok()?;
    }
    Some(bytes)
}
