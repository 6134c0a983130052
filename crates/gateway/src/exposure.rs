//! Who was shown what in a test: told of each request that counts.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::StatusCode;

/// One counted request of a test.
#[derive(Clone, Debug)]
pub struct Exposure {
    pub namespace: Arc<str>,
    pub test: Arc<str>,
    /// Which test of that name; empty where the policy does not say.
    pub uid: Arc<str>,
    pub variant: Arc<str>,
    /// As the caller and the backend were told it in `x-dais-request-id`.
    pub request_id: String,
    /// Of the key and the test's salt; the key itself is told to nobody.
    pub key_hash: u64,
    pub time: SystemTime,
    pub status: StatusCode,
    /// From the request's arrival to the head of the answer.
    pub duration: Duration,
}

/// Where exposures go. Must not block: it is called on the request's path.
pub trait ExposureSink: Send + Sync {
    fn expose(&self, exposure: Exposure);
}
