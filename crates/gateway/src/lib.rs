//! Traffic to what tenants serve.
//!
//! Owns matching a request to an `HTTPRoute`, choosing a backend by weight and an
//! endpoint by turn, and the metrics and span of every request. Its input is
//! Gateway API and EndpointSlice objects and nothing else: it does not know what
//! an InferenceService is, nor who may call it (see [`Admission`]).
//!
//! ```text
//! HTTPRoute ─┐
//! Service   ─┼─▶ table
//! EndpointSlice    │
//!      server ─▶ proxy ─▶ upstream ─▶ endpoint
//!                  ├─▶ metrics
//!                  └─▶ spans
//! ```
//!
//! Start reading at `proxy`.

mod admission;
mod context;
mod forward;
mod metrics;
mod proxy;
mod refusal;
mod server;
mod span;
mod table;
mod upstream;
mod watch;

pub use admission::{Admission, Denied, Target};
pub use context::Identity;
pub use metrics::Metrics;
pub use proxy::Gateway;
pub use span::{Span, SpanSink};
pub use table::{Backend, Endpoint, Rule, Table};
pub use watch::watch;
