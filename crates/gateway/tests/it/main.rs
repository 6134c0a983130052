//! The gateway between real clients and real servers on loopback.

#![allow(clippy::unwrap_used)] // A test that cannot go on has failed.

mod connections;
mod forwarding;
mod support;
mod watching;
