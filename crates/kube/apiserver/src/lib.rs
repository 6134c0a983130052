//! The Kubernetes API over a revisioned store, as an axum router.
//!
//! It owns the protocol: discovery, the verbs and their options, watches, patches,
//! server-side apply, custom resources, RBAC, admission, tables and `Status`
//! failures. It deliberately does not know what any object is for: no controllers,
//! no scheduling, no nodes; nor how tokens are made, audit is kept or logs are
//! stored: those come in through [`Config`].
//!
//! ```text
//! request ─▶ http::handle ─▶ authn ─▶ authz ─▶ verbs ─▶ strategy, admission ─▶ storage
//!                │                               │                               │
//!                └─▶ discovery                   └─▶ subresource, reviews        └─▶ watches
//! ```
//!
//! Start reading at [`ApiServer`], then `http/handle.rs` (one request from the door
//! to its verb) and `verbs/write.rs` (what create, update and patch share).

mod admission;
mod audit;
mod authn;
mod authz;
mod config;
mod custom;
mod discovery;
mod error;
mod http;
mod metrics;
mod object;
mod registry;
mod reviews;
mod select;
mod server;
mod start;
mod status;
mod storage;
mod strategy;
mod subresource;
mod table;
mod verbs;

pub use audit::{AuditEvent, AuditSink, Change, LogAudit};
pub use config::{Authors, Config, Issued, NoTokens, TokenRequest, Tokens, UserInfo};
pub use error::{Error, Result};
pub use server::ApiServer;
