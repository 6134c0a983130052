//! A span as it is stored: OpenTelemetry's, with its resource beside it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The attribute (of a span or its resource) that says whose it is.
pub const NAMESPACE: &str = "k8s.namespace.name";
const SERVICE: &str = "service.name";

/// The part that a span plays in a call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
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

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Span {
    pub trace_id: [u8; 16],
    pub span_id: [u8; 8],
    pub parent: Option<[u8; 8]>,
    pub name: String,
    pub kind: Kind,
    /// Nanoseconds since 1970.
    pub start: i64,
    /// Nanoseconds.
    pub duration: i64,
    /// What failed; `Some` marks an error even when it says nothing more.
    pub error: Option<String>,
    pub attributes: Map<String, Value>,
    /// What the span's process says about itself.
    pub resource: Map<String, Value>,
    pub events: Vec<Event>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Nanoseconds since 1970.
    pub time: i64,
    pub name: String,
    pub attributes: Map<String, Value>,
}

impl Span {
    pub fn service(&self) -> &str {
        self.resource.get(SERVICE).and_then(Value::as_str).unwrap_or("unknown_service")
    }

    /// A namespace on the span itself comes first: a gateway's spans belong to those it serves.
    pub fn namespace(&self) -> Option<&str> {
        self.attributes
            .get(NAMESPACE)
            .or_else(|| self.resource.get(NAMESPACE))
            .and_then(Value::as_str)
    }

    /// Whether an attribute of the span or of its resource has that value, written as text.
    /// `error` asks for failed spans, as Jaeger's search does.
    pub fn has_tag(&self, key: &str, value: &str) -> bool {
        if key == "error" {
            return self.error.is_some() == (value == "true");
        }
        if key == "span.kind" {
            return self.kind.name() == value;
        }
        match self.attributes.get(key).or_else(|| self.resource.get(key)) {
            None => false,
            Some(Value::String(text)) => text == value,
            Some(other) => {
                let written = other.to_string();
                written == value
            }
        }
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
