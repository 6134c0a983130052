//! Traffic to what tenants serve.
//!
//! Owns matching a request to an `HTTPRoute`, choosing a backend by weight and an
//! endpoint by turn, what a `TrafficPolicy` says of it (holding, sharing out, copying,
//! writing down), and the metrics and span of every request. Its input is Gateway API,
//! EndpointSlice and policy objects and nothing else: it does not know what an
//! InferenceService is, nor who may call it (see [`Admission`]).
//!
//! ```text
//! HTTPRoute     ─┐
//! Service       ─┼─▶ table                        live ─▶ reporter ─▶ TrafficPolicy.status
//! EndpointSlice ─┤    │                             ▲
//! TrafficPolicy ─┤    │                             │
//! Secret        ─┘    ▼                             │
//!             server ─▶ proxy ─▶ govern (policy) ───┤
//!                         ├─▶ upstream ─▶ endpoint  └─▶ exposures, records, shadow
//!                         ├─▶ metrics
//!                         └─▶ spans
//! ```
//!
//! Start reading at `proxy`, and for policies at `govern`.

mod admission;
mod assignment;
mod compare;
mod context;
mod door;
mod engagement;
mod exposure;
mod flow;
mod forward;
mod gateway;
mod govern;
mod hearing;
mod hold;
mod key;
mod line;
mod live;
mod metrics;
mod observe;
mod origin;
mod policy;
mod proxy;
mod record;
mod refusal;
mod reporter;
mod server;
mod shadow;
mod span;
mod table;
mod tee;
mod upgrade;
mod upstream;
mod watch;
pub mod withheld;

pub use admission::{Admission, Asked, Denied, Target, opens_page};
pub use assignment::key_hash;
pub use context::Identity;
pub use exposure::{Exposure, ExposureSink};
pub use forward::{CALLER, VISIT_COOKIE};
pub use gateway::{Gateway, Sinks};
pub use metrics::Metrics;
pub use record::{RecordSink, Recorded, RecordedBody};
pub use reporter::report;
pub use span::{Assigned, Span, SpanSink};
pub use table::{Endpoint, Objects};
pub use watch::watch;
