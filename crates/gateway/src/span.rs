//! The span of a request, in W3C Trace Context and OpenTelemetry's HTTP words.

use std::time::SystemTime;

use http::HeaderMap;
use rand::Rng;

/// One finished request.
#[derive(Clone, Debug)]
pub struct Span {
    pub trace_id: [u8; 16],
    pub span_id: [u8; 8],
    pub parent: Option<[u8; 8]>,
    pub name: String,
    pub start: SystemTime,
    pub end: SystemTime,
    pub status: u16,
    pub namespace: String,
    pub service: String,
    pub user: String,
    pub method: String,
    pub path: String,
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
    pub fn traceparent(&self) -> String {
        let trace = u128::from_be_bytes(self.trace_id);
        let span = u64::from_be_bytes(self.span_id);
        format!("00-{trace:032x}-{span:016x}-01")
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
        assert!(identity.traceparent().starts_with(&GOOD[..36]));
        assert!(identity.parent.is_some());
        assert_ne!(identity.traceparent(), GOOD);
    }

    #[test]
    fn a_broken_header_begins_a_new_trace() {
        for bad in ["", "00", "00-zz-b7ad6b7169203331-01", &GOOD[..50], &GOOD.to_uppercase()] {
            assert!(parse(bad).is_none(), "{bad}");
        }
        assert!(parse(&GOOD.replace("b7ad6b7169203331", "0000000000000000")).is_none());
    }
}
