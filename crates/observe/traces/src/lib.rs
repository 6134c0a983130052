//! Ingest, store and query traces.
//!
//! Owns: what a span is (`span`), OTLP in (`otlp`), the store and Jaeger's query API out
//! (`http`).
//!
//! ```text
//! ingest ─ queue ─ writer ─ sampling ┬ head ──────── wal: on disk within 250 ms
//!                                    └ full? block: sealed, compressed, never changed
//! search, trace, … ─ shelf: head and blocks alike, newest first
//! ```
//!
//! Deliberately knows nothing of Kubernetes objects, of accounts and of who may see what:
//! spans say their namespace in an attribute, and the owner gives a [`Scope`] for each
//! request. Start reading at `store`.

mod attributes;
mod block;
mod body;
mod compare;
mod directory;
mod error;
mod export;
mod external;
mod head;
mod http;
mod legacy;
mod metrics;
mod otlp;
mod query;
mod sampling;
mod scope;
mod shelf;
mod span;
mod store;
mod wal;
mod writer;

pub use attributes::{Attributes, Value};
pub use compare::{Comparison, compare};
pub use error::{Error, Result};
pub use export::Exporter;
pub use external::{External, external_router};
pub use http::router;
pub use metrics::Metrics;
pub use otlp::{grpc_router, request as otlp_request, router as otlp_router};
pub use query::{CallTraffic, Dependency, Map, Query, ServiceTraffic, Traffic};
pub use sampling::{Sampling, TailSampling};
pub use scope::{Scope, scope};
pub use span::{Event, Kind, NAMESPACE, Span};
pub use store::{Config, Traces};
