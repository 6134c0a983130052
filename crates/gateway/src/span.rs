//! The span of a request: what is known once it is answered.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::{Method, StatusCode, Version};

use crate::admission::Target;
use crate::context::Identity;
use crate::table::Endpoint;

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
    /// Of HTTP, as the caller spoke it.
    pub version: Version,
    /// Who answered, or was asked last.
    pub endpoint: Option<Endpoint>,
    /// What a test gave it, where it counts.
    pub assigned: Option<Assigned>,
    /// Prefix of the route that matched.
    pub route: Arc<str>,
}

/// A variant of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assigned {
    pub test: Arc<str>,
    pub variant: Arc<str>,
}

/// Where finished spans go. Must not block: it is called on the request's path.
pub trait SpanSink: Send + Sync {
    /// Whether a trace that begins here is recorded. Asked only when the caller has not
    /// decided already.
    fn samples(&self, _trace_id: &[u8; 16]) -> bool {
        true
    }

    fn record(&self, span: Span);
}
