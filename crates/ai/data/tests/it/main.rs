//! The data service from outside: its HTTP protocol on both databases, and the
//! directories that it makes.

mod abiding;
mod archives;
mod code;
mod datasets;
mod diff;
mod mending;
mod organizing;
mod parts;
mod preview;
mod profile;
mod reading;
mod resuming;
mod server;
mod trees;
mod trouble;
