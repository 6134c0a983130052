//! The gateway between real clients and real servers on loopback.

#![allow(clippy::unwrap_used)] // A test that cannot go on has failed.

mod assigning;
mod changing;
mod connections;
mod draining;
mod forwarding;
mod holding;
mod origin;
mod owners;
mod recording;
mod reporting;
mod shadowing;
mod streaming;
mod support;
mod watching;
mod world;
