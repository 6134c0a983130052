//! What others send: Prometheus's remote write and OTLP metrics, over HTTP.
//!
//! A request carries its [`Scope`] as an extension: here it says what the caller may
//! write, and one without may write nothing. A caller of some namespaces writes series
//! of these alone. What is answered with success is on disk within a second.

mod body;
mod otlp;
mod remote_write;
mod take;

pub use otlp::grpc::router as grpc_router;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Extension};
use axum::routing::post;

use crate::error::{Error, Result};
use crate::labels::{Labels, NAME};
use crate::metadata::Metadata;
use crate::scope::Scope;
use crate::store::Store;

const NAMESPACE: &str = "namespace";

/// Where it goes.
#[derive(Clone)]
pub struct Ingest {
    pub store: Store,
    pub metadata: Metadata,
    /// Beginnings of names that only a caller of all namespaces may write: rules and
    /// pages of everybody believe what stands under them.
    pub reserved: &'static [&'static str],
}

const RESERVED: &str =
    "bear names of the platform's own metrics, which no project may write; choose other names";

impl Ingest {
    /// Whether a series bears a name that is not the caller's to write.
    fn is_reserved(&self, scope: &Scope, labels: &Labels) -> bool {
        let name = labels.get(NAME);
        scope.namespaces.is_some() && self.reserved.iter().any(|word| name.starts_with(word))
    }
}

/// `/api/v1/write` and `/v1/metrics` (also where Prometheus has the latter).
pub fn ingest_router(ingest: Ingest) -> Router {
    Router::new()
        .route("/api/v1/write", post(remote_write::receive))
        .route("/v1/metrics", post(otlp::receive))
        .route("/api/v1/otlp/v1/metrics", post(otlp::receive))
        .layer(DefaultBodyLimit::max(body::MAX))
        .with_state(ingest)
}

fn scope_of(scope: Option<Extension<Scope>>) -> Scope {
    scope.map_or_else(Scope::nothing, |Extension(scope)| scope)
}

/// The series as the caller may write it: without a namespace it gets the only one that
/// the caller has. Fails on a namespace of others.
fn admitted(scope: &Scope, labels: Labels) -> Result<Labels> {
    let Some(allowed) = &scope.namespaces else { return Ok(labels) };
    let namespace = labels.get(NAMESPACE);
    if allowed.contains(namespace) {
        return Ok(labels);
    }
    match (namespace, allowed.first()) {
        ("", Some(only)) if allowed.len() == 1 => Ok(labels.with(NAMESPACE, only)),
        ("", Some(_)) => Err(Error::Forbidden(
            "a series has no label namespace, and these rights are for several: set the label"
                .into(),
        )),
        (namespace, _) => Err(Error::Forbidden(format!(
            "series of namespace {namespace:?} may not be written with these rights"
        ))),
    }
}
