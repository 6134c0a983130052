//! Ingest, index, search and tail logs.
//!
//! Owns: what a log line is (`entry`, `line`), the index on disk (`store`), the
//! collector of container log files (`collect`), and the Elasticsearch-shaped HTTP
//! surface (`http`), and how another engine takes the store's place (`foreign`). Deliberately knows nothing of Kubernetes objects, of accounts
//! and of who may see what: the owner gives fields for pods and a [`Scope`] for
//! requests. Start reading at `store`.

mod clause;
mod collect;
mod engine;
mod entry;
mod error;
mod foreign;
mod http;
mod intake;
mod line;
mod options;
mod otlp;
mod position;
mod schema;
mod scope;
mod search;
mod store;
mod time;
mod words;

pub use collect::{Collector, CollectorConfig, Describe, Pod, fields_from_labels};
pub use engine::Engine;
pub use entry::Entry;
pub use error::{Error, Result};
pub use foreign::{Credentials, Foreign, ForeignConfig};
pub use http::{otlp_router, router};
pub use otlp::grpc::router as grpc_router;
pub use scope::{Scope, scope};
pub use search::{Hit, Limits};
pub use store::{Config, Keep, Logs};
