//! PromQL: parse (promql-parser), evaluate, answer. Knows a [`Source`] of samples
//! and nothing of how they are stored.
//!
//! Evaluation goes over all steps of a query at once: every node yields rows (labels
//! and one value per step), so that labels are compared once per series and not once
//! per step. Names of metrics are dropped at the end (Prometheus's delayed name
//! removal), which makes `sum by (__name__) (rate(…))` possible.

mod aggregate;
mod annotations;
mod binary;
mod bounds;
mod budget;
mod call;
mod dates;
mod dialect;
mod engine;
mod evaluate;
mod extended;
mod histogram;
mod info;
mod join;
mod labelling;
mod numbers;
mod operator;
mod over_time;
mod rate;
mod row;
mod sampling;
mod select;
mod sort;

pub use annotations::Annotations;
pub use budget::Limits;
pub use engine::{Answer, Data, Engine, parse};
pub use numbers::format as format_number;
pub use select::{Source, matchers as selector_matchers};
