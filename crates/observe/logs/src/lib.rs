//! Ingest, index, search and tail logs.
//!
//! Owns: what a log line is (`entry`, `line`), the index on disk (`store`), the
//! collector of container log files (`collect`), and the Elasticsearch-shaped HTTP
//! surface (`http`). Deliberately knows nothing of Kubernetes objects, of accounts
//! and of who may see what: the owner gives fields for pods and a [`Scope`] for
//! requests. Start reading at `store`.

mod clause;
mod collect;
mod entry;
mod error;
mod http;
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
pub use entry::Entry;
pub use error::{Error, Result};
pub use http::{otlp_router, router};
pub use scope::{Scope, scope};
pub use search::{Hit, Limits};
pub use store::{Config, Keep, Logs};
