//! W3C Trace Context: which trace a request belongs to, and how the next hop is told.
//!
//! A caller's trace goes on, with the caller's decision whether it is sampled; what the
//! caller says wrongly counts as not said, and never fails the request.

use http::{HeaderMap, HeaderName, HeaderValue};
use rand::Rng;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// The flag that says that the caller records the trace.
const SAMPLED: u8 = 1;
/// Entries of a trace state at most (section 3.3.1.1).
const ENTRIES: usize = 32;

/// Identity of the request's own span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    pub trace_id: [u8; 16],
    pub span_id: [u8; 8],
    pub parent: Option<[u8; 8]>,
    pub is_sampled: bool,
}

impl Identity {
    /// Continues the caller's trace when it named one properly, else begins one, about
    /// which `samples` decides.
    pub fn of(headers: &HeaderMap, samples: impl FnOnce(&[u8; 16]) -> bool) -> Self {
        let mut rng = rand::rng();
        let span_id = rng.random();
        match traceparent(headers) {
            Some(Parent { trace_id, span_id: parent, flags }) => {
                let is_sampled = flags & SAMPLED != 0;
                Self { trace_id, span_id, parent: Some(parent), is_sampled }
            }
            None => {
                let trace_id = rng.random();
                Self { trace_id, span_id, parent: None, is_sampled: samples(&trace_id) }
            }
        }
    }

    /// Makes the request's headers those for the next hop. The trace's state goes on
    /// where the trace does.
    pub fn pass_on(&self, headers: &mut HeaderMap) {
        if self.parent.is_none() || !is_state(headers) {
            headers.remove(TRACESTATE);
        }
        headers.insert(TRACEPARENT, self.traceparent());
    }

    fn traceparent(&self) -> HeaderValue {
        let trace = u128::from_be_bytes(self.trace_id);
        let span = u64::from_be_bytes(self.span_id);
        let flags = if self.is_sampled { SAMPLED } else { 0 };
        let text = format!("00-{trace:032x}-{span:016x}-{flags:02x}");
        HeaderValue::try_from(text).expect("hexadecimal digits and hyphens")
    }
}

/// What a caller says of the span above this request.
#[derive(Debug)]
struct Parent {
    trace_id: [u8; 16],
    span_id: [u8; 8],
    flags: u8,
}

/// The one header of that name; two contradict each other.
fn traceparent(headers: &HeaderMap) -> Option<Parent> {
    let mut values = headers.get_all(TRACEPARENT).iter();
    let value = values.next().filter(|_| values.next().is_none())?;
    parse(value.to_str().ok()?)
}

/// `version-trace-parent-flags`, lower-case hexadecimal, no ids of zeros. Later versions
/// may have more behind another hyphen.
fn parse(value: &str) -> Option<Parent> {
    let mut parts = value.split('-');
    let [version]: [u8; 1] = unhex(parts.next()?)?;
    let (trace_id, span_id) = (unhex(parts.next()?)?, unhex(parts.next()?)?);
    let [flags]: [u8; 1] = unhex(parts.next()?)?;
    let is_known = match version {
        0 => parts.next().is_none(),
        0xff => false,
        _ => true,
    };
    let is_valid = is_known && trace_id != [0; 16] && span_id != [0; 8];
    is_valid.then_some(Parent { trace_id, span_id, flags })
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

/// Whether the trace state, over all its headers, is a list of `key=value`.
fn is_state(headers: &HeaderMap) -> bool {
    let mut entries = 0;
    headers.get_all(TRACESTATE).iter().all(|value| {
        value.to_str().is_ok_and(|text| {
            let mut members = text.split(',').map(str::trim).filter(|member| !member.is_empty());
            members.all(|member| {
                entries += 1;
                entries <= ENTRIES && member.split_once('=').is_some_and(|(k, v)| is_entry(k, v))
            })
        })
    })
}

fn is_entry(key: &str, value: &str) -> bool {
    let is_key =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-*/@".contains(&byte);
    let is_value = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b'=';
    let starts = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (1..=256).contains(&key.len())
        && key.as_bytes().first().is_some_and(starts)
        && key.bytes().all(is_key)
        && key.matches('@').count() <= 1
        && (1..=256).contains(&value.len())
        && value.bytes().all(is_value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        };
        let mut headers = HeaderMap::new();
        for (name, value) in pairs.iter().map(pair) {
            headers.append(name, value);
        }
        headers
    }

    fn undecided(_: &[u8; 16]) -> bool {
        panic!("the caller decided")
    }

    #[test]
    fn a_callers_trace_goes_on_and_its_decision_with_it() {
        for (flags, is_sampled) in [("01", true), ("00", false), ("03", true), ("fe", false)] {
            let sent = format!("{}{flags}", &GOOD[..53]);
            let mut headers = headers(&[("traceparent", &sent), ("tracestate", "a=1, b@c=x y")]);
            let identity = Identity::of(&headers, undecided);
            assert_eq!((identity.is_sampled, identity.parent.is_some()), (is_sampled, true));
            identity.pass_on(&mut headers);
            let passed = headers["traceparent"].to_str().unwrap();
            assert!(passed.starts_with(&GOOD[..36]) && passed != sent, "{passed}");
            assert!(passed.ends_with(if is_sampled { "-01" } else { "-00" }), "{passed}");
            assert_eq!(headers["tracestate"], "a=1, b@c=x y");
        }
    }

    #[test]
    fn a_later_version_may_say_more() {
        assert!(parse(&GOOD.replacen("00", "cc", 1)).is_some());
        assert!(parse(&format!("{}-more", GOOD.replacen("00", "cc", 1))).is_some());
        assert!(parse(&format!("{GOOD}-more")).is_none());
    }

    #[test]
    fn a_broken_header_begins_a_new_trace_without_its_state() {
        let zeros = GOOD.replace("b7ad6b7169203331", "0000000000000000");
        let upper = GOOD.to_uppercase();
        let beyond = GOOD.replacen("00", "ff", 1);
        let odd = GOOD.replace("-01", "-0g");
        for bad in ["", "00", "é", "00-zz-b7ad6b7169203331-01", &GOOD[..50], &upper, &zeros] {
            assert!(parse(bad).is_none(), "{bad}");
        }
        for bad in [&beyond, &odd] {
            assert!(parse(bad).is_none(), "{bad}");
            let mut headers = headers(&[("traceparent", bad), ("tracestate", "a=1")]);
            let identity = Identity::of(&headers, |_| false);
            assert_eq!((identity.parent, identity.is_sampled), (None, false));
            identity.pass_on(&mut headers);
            assert!(!headers.contains_key("tracestate"));
            assert!(headers["traceparent"].to_str().unwrap().ends_with("-00"));
        }
        let twice = headers(&[("traceparent", GOOD), ("traceparent", GOOD)]);
        assert!(Identity::of(&twice, |_| true).parent.is_none());
    }

    #[test]
    fn a_broken_state_is_left_out_and_the_trace_goes_on() {
        let long = "a=1,".repeat(33);
        for bad in ["a", "=1", "A=1", "a=", "a=b=c", "a@b@c=1", &long, "a=1\tx"] {
            let mut headers = headers(&[("traceparent", GOOD), ("tracestate", bad)]);
            Identity::of(&headers, undecided).pass_on(&mut headers);
            assert!(!headers.contains_key("tracestate"), "{bad}");
            assert!(headers["traceparent"].to_str().unwrap().starts_with(&GOOD[..36]));
        }
        let spread = headers(&[("tracestate", "a=1,,"), ("tracestate", "b=2")]);
        assert!(is_state(&spread));
    }
}
