//! The span of a request, in W3C Trace Context and OpenTelemetry's HTTP words.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderValue, Method, StatusCode};
use rand::Rng;

use crate::admission::Target;

/// One finished request.
#[derive(Clone, Debug)]
pub struct Span {
    pub identity: Identity,
    pub start: SystemTime,
    /// Until the head of the answer.
    pub duration: Duration,
    pub status: StatusCode,
    pub target: Target,
    pub user: Arc<str>,
    pub method: Method,
    pub path: String,
    /// Prefix of the route that matched.
    pub route: Arc<str>,
}

/// Where finished spans go. Must not block: it is called on the request's path.
pub trait SpanSink: Send + Sync {
    fn record(&self, span: Span);
}

/// Identity of the request's own span.
#[derive(Clone, Copy, Debug)]
pub struct Identity {
    pub trace_id: [u8; 16],
    pub span_id: [u8; 8],
    pub parent: Option<[u8; 8]>,
}

pub const TRACEPARENT: &str = "traceparent";

impl Identity {
    /// Continues the caller's trace when it named one properly, else begins one.
    pub fn of(headers: &HeaderMap) -> Self {
        let mut rng = rand::rng();
        let span_id = rng.random();
        match headers.get(TRACEPARENT).and_then(|value| parse(value.to_str().ok()?)) {
            Some((trace_id, parent)) => Self { trace_id, span_id, parent: Some(parent) },
            None => Self { trace_id: rng.random(), span_id, parent: None },
        }
    }

    /// The header for the next hop; sampled.
    pub fn traceparent(&self) -> HeaderValue {
        let trace = u128::from_be_bytes(self.trace_id);
        let span = u64::from_be_bytes(self.span_id);
        let text = format!("00-{trace:032x}-{span:016x}-01");
        HeaderValue::try_from(text).expect("hexadecimal digits and hyphens")
    }
}

/// Trace Context level 1: `version-trace-parent-flags`, lower-case hex, no zeros.
fn parse(value: &str) -> Option<([u8; 16], [u8; 8])> {
    let mut parts = value.split('-');
    let (version, trace, parent) = (parts.next()?, parts.next()?, parts.next()?);
    parts.next().filter(|flags| flags.len() == 2)?;
    if version.len() != 2 || version == "ff" {
        return None;
    }
    let trace: [u8; 16] = unhex(trace)?;
    let parent: [u8; 8] = unhex(parent)?;
    (trace != [0; 16] && parent != [0; 8]).then_some((trace, parent))
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let lower = text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if text.len() != 2 * N || !lower {
        return None;
    }
    let mut bytes = [0; N];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_callers_trace_goes_on() {
        let mut headers = HeaderMap::new();
        headers.insert(TRACEPARENT, GOOD.parse().unwrap());
        let identity = Identity::of(&headers);
        let sent = identity.traceparent();
        assert!(sent.as_bytes().starts_with(&GOOD.as_bytes()[..36]));
        assert!(identity.parent.is_some());
        assert_ne!(sent, GOOD);
    }

    #[test]
    fn a_broken_header_begins_a_new_trace() {
        for bad in ["", "00", "00-zz-b7ad6b7169203331-01", &GOOD[..50], &GOOD.to_uppercase()] {
            assert!(parse(bad).is_none(), "{bad}");
        }
        assert!(parse(&GOOD.replace("b7ad6b7169203331", "0000000000000000")).is_none());
    }
}
