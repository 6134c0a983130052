//! Tells people about alerts: grouping, inhibition, silences, acknowledgements, receivers.
//! What Alertmanager does, behind Alertmanager's own HTTP API, so that one can take the
//! other's place.
//!
//! ```text
//!  receive ─┐                       ┌─ store: one transaction
//!  http ────┼─▶ state (pure) ─ changes ─┤
//!  time ────┘        ▲              └─ deliveries ─▶ courier ─▶ receivers
//!                    └──────────── delivered, refused ◀┘
//! ```
//!
//! Owns: who is told of what, when, in which words. Deliberately knows nothing of what makes
//! alerts, of Kubernetes, of accounts and of who may see what: the owner gives a [`Scope`] and
//! an [`Actor`] for each request. Start reading at `state` for what is decided, at `alerts`
//! for how it happens.

mod alert;
mod alerts;
mod config;
mod delivery;
mod duration;
mod error;
mod health;
mod http;
mod inhibition;
mod intervals;
mod labels;
mod matcher;
mod message;
mod metrics;
mod quiet;
mod record;
mod scope;
mod secret;
mod state;
mod store;
mod template;

pub use alert::Alert;
pub use alerts::{Alerts, Options};
pub use delivery::{Attempt, Verdict};
pub use error::{Error, Result};
pub use http::router;
pub use labels::Labels;
pub use scope::{Actor, Scope};

/// Whether a configuration would be taken.
///
/// # Errors
/// What is wrong: the field, the reason, a hint.
pub fn check(text: &str) -> Result<()> {
    config::Config::parse(text).map(drop)
}
