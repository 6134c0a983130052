//! The crate from outside: over HTTP, with other people's clients and servers, and killed.

#![allow(clippy::unwrap_used)]

mod amtool;
mod crash;
mod delivery;
mod ear;
mod mail;
mod robots;
mod router;
mod server;
mod tenancy;
