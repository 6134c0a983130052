//! The spans of an inference: the request as a whole, and below it what its time went
//! into.
//!
//! They continue the caller's trace (W3C Trace Context) and honour its decision whether
//! the trace is recorded; a request without a proper context begins a trace of its own.

use std::time::{Duration, Instant, SystemTime};

use http::{HeaderMap, StatusCode};
use rand::Rng;

/// A finished span. The first of a request is the server's, the others are parts of it.
#[derive(Clone, Debug)]
pub struct Span {
    pub trace_id: [u8; 16],
    pub span_id: [u8; 8],
    pub parent: Option<[u8; 8]>,
    pub name: String,
    /// Whether it is the request as a whole.
    pub is_server: bool,
    pub start: SystemTime,
    pub duration: Duration,
    /// What failed.
    pub error: Option<String>,
    pub attributes: Vec<(&'static str, Attribute)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attribute {
    Text(String),
    Number(i64),
}

/// Where finished spans go. Must not block: it is called on the request's path.
pub trait SpanSink: Send + Sync {
    fn record(&self, spans: Vec<Span>);
}

/// The parts of one request as they go by.
pub(crate) struct Stages {
    start: SystemTime,
    began: Instant,
    parts: Vec<Part>,
}

struct Part {
    name: &'static str,
    began: Instant,
    duration: Duration,
}

/// How a request ended.
pub(crate) struct Outcome {
    pub name: String,
    pub status: StatusCode,
    pub error: Option<String>,
    pub attributes: Vec<(&'static str, Attribute)>,
}

impl Stages {
    pub fn begin() -> Self {
        Self { start: SystemTime::now(), began: Instant::now(), parts: Vec::with_capacity(4) }
    }

    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Notes the part that began at a time and ends now.
    pub fn end(&mut self, name: &'static str, began: Instant) {
        self.parts.push(Part { name, began, duration: began.elapsed() });
    }

    /// The request's spans; none when the caller does not record the trace.
    pub fn spans(self, headers: &HeaderMap, outcome: Outcome) -> Vec<Span> {
        let mut rng = rand::rng();
        let (trace_id, parent) = match traceparent(headers) {
            Some(Parent { is_sampled: false, .. }) => return Vec::new(),
            Some(Parent { trace_id, span_id, .. }) => (trace_id, Some(span_id)),
            None => (rng.random(), None),
        };
        let span_id = rng.random();
        let Outcome { name, status, error, mut attributes } = outcome;
        attributes.push(("http.request.method", Attribute::Text("POST".to_owned())));
        let code = i64::from(status.as_u16());
        attributes.push(("http.response.status_code", Attribute::Number(code)));
        let server = Span {
            trace_id,
            span_id,
            parent,
            name,
            is_server: true,
            start: self.start,
            duration: self.began.elapsed(),
            // What the caller did wrong is no failure of the server's.
            error: error.filter(|_| status.is_server_error()),
            attributes,
        };
        let parts = self.parts.iter().map(|part| Span {
            trace_id,
            span_id: rng.random(),
            parent: Some(span_id),
            name: part.name.to_owned(),
            is_server: false,
            start: self.start + part.began.duration_since(self.began),
            duration: part.duration,
            error: None,
            attributes: Vec::new(),
        });
        std::iter::once(server).chain(parts).collect()
    }
}

struct Parent {
    trace_id: [u8; 16],
    span_id: [u8; 8],
    is_sampled: bool,
}

/// `version-trace-parent-flags` in lower-case hexadecimal; `None` when it is not that.
fn traceparent(headers: &HeaderMap) -> Option<Parent> {
    let mut values = headers.get_all("traceparent").iter();
    let value = values.next().filter(|_| values.next().is_none())?.to_str().ok()?;
    let (version, rest) = value.split_once('-')?;
    let (trace_id, rest) = rest.split_once('-')?;
    let (span_id, rest) = rest.split_once('-')?;
    let (flags, more) = rest.split_once('-').map_or((rest, None), |(flags, _)| (flags, Some(())));
    let (version, flags) = (hexadecimal(version, 2)?, hexadecimal(flags, 2)?);
    let is_known = version != 0xff && (version > 0 || more.is_none());
    let trace_id = hexadecimal(trace_id, 32).filter(|id| *id > 0 && is_known)?;
    let span_id = hexadecimal(span_id, 16).filter(|id| *id > 0)?;
    Some(Parent {
        trace_id: trace_id.to_be_bytes(),
        span_id: u64::try_from(span_id).ok()?.to_be_bytes(),
        is_sampled: flags & 1 == 1,
    })
}

fn hexadecimal(text: &str, digits: usize) -> Option<u128> {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let is_right = text.len() == digits && text.bytes().all(is_digit);
    is_right.then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(traceparent: &[&str], status: StatusCode) -> Vec<Span> {
        let mut headers = HeaderMap::new();
        for value in traceparent {
            headers.append("traceparent", value.parse().expect("a header's value"));
        }
        let mut stages = Stages::begin();
        stages.end("decode", Instant::now());
        let (name, error) = ("infer".to_owned(), Some("no".to_owned()));
        stages.spans(&headers, Outcome { name, status, error, attributes: Vec::new() })
    }

    const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_callers_trace_goes_on() {
        let found = spans(&[GOOD], StatusCode::OK);
        assert_eq!(found[0].parent, Some(0xb7ad_6b71_6920_3331_u64.to_be_bytes()));
        assert_eq!((found[0].trace_id[0], found[1].trace_id), (0x0a, found[0].trace_id));
        assert_eq!((found[1].parent, found[1].is_server), (Some(found[0].span_id), false));
        assert!(spans(&[&GOOD.replace("-01", "-00")], StatusCode::OK).is_empty());
    }

    #[test]
    fn nonsense_begins_a_trace() {
        let zeros = GOOD.replace("b7ad6b7169203331", "0000000000000000");
        let beyond = GOOD.replacen("00", "ff", 1);
        let longer = format!("{GOOD}-x");
        for bad in ["", "00", &GOOD[..54], &zeros, &beyond, &longer, &GOOD.to_uppercase()] {
            assert_eq!(spans(&[bad], StatusCode::OK)[0].parent, None, "{bad}");
        }
        assert_eq!(spans(&[GOOD, GOOD], StatusCode::OK)[0].parent, None);
    }

    #[test]
    fn only_the_servers_own_failures_are_errors() {
        assert_eq!(spans(&[], StatusCode::BAD_REQUEST)[0].error, None);
        assert!(spans(&[], StatusCode::SERVICE_UNAVAILABLE)[0].error.is_some());
    }
}
