//! What can go wrong while reconciling. A mistake in an object's `spec` is no
//! error: it becomes a condition.

use thiserror::Error;

pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug, Error)]
pub enum Error {
    #[error("{attempt}")]
    Kube {
        attempt: String,
        #[source]
        source: Box<kube::Error>,
    },
    #[error("{attempt}")]
    Seam {
        attempt: String,
        #[source]
        source: crate::seams::SeamError,
    },
    #[error("encoding {what}")]
    Encode {
        what: &'static str,
        #[source]
        source: serde_json::Error,
    },
    #[error("{kind} {name} has no {field}; the API server always sets it")]
    Incomplete { kind: &'static str, name: String, field: &'static str },
    #[error(
        "there is a {kind} {name} of somebody else's, which stays as it is; delete it, or choose another name"
    )]
    Taken { kind: String, name: String },
    #[error("environment {name} stays until pod {pod} is gone, which uses its build")]
    InUse { name: String, pod: String },
    #[error("finalizing {name}")]
    Finalizer {
        name: String,
        #[source]
        source: Box<kube::runtime::finalizer::Error<Error>>,
    },
}

impl Error {
    /// For `map_err`: what was attempted, in words.
    pub fn kube(attempt: impl Into<String>) -> impl FnOnce(kube::Error) -> Self {
        move |source| Self::Kube { attempt: attempt.into(), source: Box::new(source) }
    }

    /// For `map_err` on the traits of [`crate::seams`].
    pub fn seam(attempt: impl Into<String>) -> impl FnOnce(crate::seams::SeamError) -> Self {
        move |source| Self::Seam { attempt: attempt.into(), source }
    }
}
