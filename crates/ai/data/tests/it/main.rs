//! The data service from outside: its HTTP protocol on both databases, and the
//! directories that it makes.

mod archives;
mod code;
mod datasets;
mod diff;
mod organizing;
mod preview;
mod profile;
mod reading;
mod server;
mod trees;
mod trouble;
