//! Scrape, store and query metrics.
//!
//! Owns: the text format (`text`), the store on disk (`store`), the scrape loop
//! (`scrape`), what others send (`ingest`), PromQL (`promql`), rules (`rules`) and
//! Prometheus's HTTP API (`http`). Deliberately
//! knows nothing of Kubernetes objects, of accounts and of who may see what: the
//! owner gives targets, and a [`Scope`] for each request. Start reading at `store`
//! for how samples live, at `promql` for how questions are answered.

mod error;
mod exemplars;
mod external;
mod http;
mod ingest;
mod labels;
mod metadata;
pub mod promql;
pub mod rules;
mod sample;
mod scope;
mod scrape;
mod store;
mod text;

pub use error::{Error, Result};
pub use exemplars::{Exemplar, Exemplars};
pub use external::{External, external_router};
pub use http::{Admin, Api, parse_duration, router};
pub use ingest::{Ingest, grpc_router, ingest_router};
pub use labels::{Labels, NAME};
pub use metadata::Metadata;
pub use sample::{STALE, Sample, Series, is_marker};
pub use scope::{Scope, Scoped, scope};
pub use scrape::{Health, Reach, Relabeling, RelabelingConfig, Scraper, Target, Targets};
pub use store::{Appended, Config, Refusal, Store, now};
pub use text::{About, Exposed, Page, parse as parse_text};
