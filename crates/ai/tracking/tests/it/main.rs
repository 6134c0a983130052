//! The tracking service from outside: its HTTP protocol on both databases,
//! hostile requests, and MLflow's own client.

mod approvals;
mod client;
mod decisions;
mod files;
mod hostile;
mod kept;
mod migrations;
mod ranks;
mod registry;
mod runs;
mod server;
mod tenancy;
