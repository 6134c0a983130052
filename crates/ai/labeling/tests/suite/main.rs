//! One suite for every database.

#![allow(clippy::unwrap_used)] // A test that cannot go on has failed.

mod assigning;
mod configuring;
mod crowd;
mod databases;
mod declaring;
mod durable;
mod exporting;
mod figures;
mod hostile;
mod importing;
mod killed;
mod label_studio;
mod predicting;
mod reviewing;
mod serving;
mod turning;
