//! Ingest, store and query traces.
//!
//! Owns: what a span is (`span`), OTLP over HTTP in (`otlp`), the store (`store`) and
//! Jaeger's query API out (`http`). Deliberately knows nothing of Kubernetes objects,
//! of accounts and of who may see what: spans say their namespace in an attribute, and
//! the owner gives a [`Scope`] for each request. Start reading at `store`.

mod error;
mod http;
mod otlp;
mod query;
mod scope;
mod span;
mod store;

pub use error::{Error, Result};
pub use http::router;
pub use otlp::router as otlp_router;
pub use query::{Dependency, Query};
pub use scope::{Scope, scope};
pub use span::{Event, Kind, NAMESPACE, Span};
pub use store::{Config, Traces};
