//! Relations in SQLite or PostgreSQL: how a part connects to its own, and the version of
//! their tables.
//!
//! Parts keep to what both databases share and ask for the [`Dialect`] where they cannot.

mod connect;
mod migrate;

pub use connect::{Dialect, connect};
pub use migrate::{Error, migrate};
