//! One suite for every database.

#![allow(clippy::unwrap_used)] // A test that cannot go on has failed.

mod accounts;
mod audit;
mod credentials;
mod databases;
