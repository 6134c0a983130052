//! Requests and answers that are written down.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use crate::admission::Target;
use crate::context::Identity;
use crate::tee::{End, Kept};

/// One request with its answer, without credentials and cookies: of headers only the
/// bodies' types are told.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub target: Target,
    pub identity: Identity,
    /// As in `x-dais-request-id` where the request has one, else its trace's id.
    pub request_id: String,
    pub start: SystemTime,
    /// Until the head of the answer.
    pub duration: Duration,
    pub method: Method,
    /// As the backend saw it, without its query.
    pub path: String,
    pub user: Arc<str>,
    pub status: StatusCode,
    /// Service that answered; `None` when none was asked.
    pub backend: Option<Arc<str>>,
    pub variant: Option<Arc<str>>,
    pub request: RecordedBody,
    pub response: RecordedBody,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordedBody {
    pub content_type: Option<String>,
    /// Bytes that passed, also of what is not kept.
    pub size: u64,
    /// Its beginning, where it is JSON, a form or other text.
    pub text: Option<String>,
    /// Whether all of it passed.
    pub is_whole: bool,
}

/// Where records go. Must not block: it is called on the request's path.
pub trait RecordSink: Send + Sync {
    fn record(&self, recorded: Recorded);
}

/// A record whose answer is still on its way: written when this is dropped.
pub struct Pending {
    pub sink: Arc<dyn RecordSink>,
    /// All but the bodies, taken when it is written.
    pub recorded: Option<Recorded>,
    pub request: Passing,
    pub response: Passing,
}

/// A body on its way.
pub struct Passing {
    pub content_type: Option<HeaderValue>,
    pub kept: Kept,
    /// Bytes that may be told of it.
    pub most: usize,
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let Some(recorded) = self.recorded.take() {
            let (request, response) = (self.request.written(), self.response.written());
            self.sink.record(Recorded { request, response, ..recorded });
        }
    }
}

impl Passing {
    fn written(&self) -> RecordedBody {
        let (mut bytes, size, end) = self.kept.so_far();
        bytes.truncate(self.most);
        let content_type = self.content_type.as_ref().and_then(|value| value.to_str().ok());
        let is_text = content_type.is_some_and(is_textual) && !bytes.is_empty();
        RecordedBody {
            content_type: content_type.map(str::to_owned),
            size,
            text: is_text.then(|| text(bytes)),
            is_whole: end == End::Whole,
        }
    }
}

/// The type of a body that can be read; what is compressed cannot.
pub fn content_type(headers: &HeaderMap) -> Option<HeaderValue> {
    let is_plain = !headers.contains_key(header::CONTENT_ENCODING);
    headers.get(header::CONTENT_TYPE).filter(|_| is_plain).cloned()
}

fn is_textual(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let (kind, sub) = kind.split_once('/').unwrap_or_default();
    let json = sub == "json" || sub.ends_with("+json") || sub == "x-ndjson";
    kind == "text" || (kind == "application" && (json || sub == "x-www-form-urlencoded"))
}

/// A character that was cut at the end is left out.
fn text(bytes: Vec<u8>) -> String {
    match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let (whole, bytes) = (error.utf8_error(), error.into_bytes());
            let is_cut = whole.error_len().is_none();
            let end = if is_cut { whole.valid_up_to() } else { bytes.len() };
            String::from_utf8_lossy(&bytes[..end]).into_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_text_is_written_down_and_never_half_a_character() {
        for (kind, expected) in [
            ("application/json", true),
            ("application/json; charset=utf-8", true),
            ("application/vnd.api+json", true),
            ("text/event-stream", true),
            ("application/x-www-form-urlencoded", true),
            ("application/octet-stream", false),
            ("image/png", false),
            ("multipart/form-data; boundary=x", false),
        ] {
            assert_eq!(is_textual(kind), expected, "{kind}");
        }
        assert_eq!(text("aé".as_bytes()[..2].to_vec()), "a");
        assert_eq!(text(b"a\xffb".to_vec()), "a\u{fffd}b");
    }
}
