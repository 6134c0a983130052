//! One suite for every database.

#![allow(clippy::unwrap_used)] // A test that cannot go on has failed.

mod databases;
mod forgetting;
mod importing;
mod recording;
mod summing;
mod taking;
