//! Who was shown what in a test, and what came of it.
//!
//! It owns exposures, outcomes, how the two are joined, and the sums of each variant and
//! metric that statistics start from; on SQLite or PostgreSQL through the same queries. It
//! deliberately knows neither Kubernetes nor HTTP, nor what a test is beyond its uid: who
//! may tell outcomes of which project is decided before they come here.
//!
//! ```text
//! exposures ─▶ record ─▶ exposures (each request) ──┐ join by request
//!                   └──▶ subjects  (each person)  ◀─┤
//! outcomes  ─▶ take ───▶ values                   ──┘ join by person
//! rows      ─▶ import ─▶ values (of a dataset)
//!                        subjects ⋈ values ─▶ summarise ─▶ Statistic of each variant
//! ```
//!
//! Start reading at [`Outcomes::record`] (record.rs), then `take.rs` and `summary.rs`.

mod database;
mod error;
mod forget;
mod import;
mod migrations;
mod record;
mod sql;
mod store;
mod summary;
mod take;

pub use error::{Error, Result};
pub use import::Row;
pub use record::Exposure;
pub use store::Outcomes;
pub use summary::{Counts, Measure, Series, VariantCounts};
pub use take::{Outcome, Taken, Whose};
