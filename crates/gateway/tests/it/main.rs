//! The gateway between real clients and real servers on loopback.

mod forwarding;
mod support;
mod watching;
