//! One suite for every database.

#![allow(clippy::unwrap_used)] // A test that cannot go on has failed.

mod booking;
mod databases;
mod http;
mod reading;
