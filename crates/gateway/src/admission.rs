//! Who may call a service: asked, never decided here.

use std::sync::Arc;

use async_trait::async_trait;
use http::{Extensions, HeaderMap};

/// What a request is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    pub namespace: Arc<str>,
    pub service: Arc<str>,
}

/// Why a request is not let through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    /// Nobody is known: 401.
    Unauthenticated,
    /// Somebody is known and may not: 403 with the reason.
    Forbidden(String),
}

/// Asked once per request, so an implementation keeps recent answers.
#[async_trait]
pub trait Admission: Send + Sync {
    /// The name of the caller who may call `target`. `extensions` are those of the
    /// request: whoever calls in process may have put the caller there.
    async fn admit(
        &self,
        headers: &HeaderMap,
        extensions: &Extensions,
        target: &Target,
    ) -> Result<Arc<str>, Denied>;
}
