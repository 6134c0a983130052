//! Aggregations: what the found lines add up to, in Elasticsearch's words.
//!
//! ```text
//! parse ──► Aggregation (a tree) ──► collect, one segment at a time ──► State
//!                                     merged over segments and windows │
//!                                                              render ◄┘
//! ```
//!
//! Not tantivy's own: those know neither calendars and time zones nor filters, and
//! say only that *a* limit was passed.

pub mod collect;
pub mod interval;
pub mod parse;
pub mod render;
pub mod state;

use regex::Regex;
use serde_json::Value;

use crate::clause::{Clause, Field};
use interval::Interval;

/// Elasticsearch's `search.max_buckets`.
pub const MAX_BUCKETS: usize = 65_536;

/// One named aggregation and those below it.
#[derive(Debug)]
pub struct Aggregation {
    pub name: String,
    pub kind: Kind,
    pub below: Vec<Aggregation>,
    /// Given back as it came.
    pub meta: Option<Value>,
}

#[derive(Debug)]
pub enum Kind {
    Metric {
        metric: Metric,
        field: Field,
    },
    Terms(Terms),
    DateHistogram(DateHistogram),
    Histogram(Histogram),
    Ranges {
        field: Field,
        ranges: Vec<Range>,
        keyed: bool,
    },
    Filter(Clause),
    Filters {
        named: bool,
        filters: Vec<(String, Clause)>,
    },
    /// Lines that lack the field.
    Missing(Field),
}

impl Kind {
    pub fn field(&self) -> Option<&Field> {
        match self {
            Kind::Metric { field, .. } | Kind::Ranges { field, .. } | Kind::Missing(field) => {
                Some(field)
            }
            Kind::Terms(terms) => Some(&terms.field),
            Kind::DateHistogram(_) => Some(&Field::Timestamp),
            Kind::Histogram(histogram) => Some(&histogram.field),
            Kind::Filter(_) | Kind::Filters { .. } => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Metric {
    Average,
    Minimum,
    Maximum,
    Sum,
    Count,
    Stats,
    Cardinality,
    Percentiles(Vec<f64>),
}

#[derive(Debug)]
pub struct Terms {
    pub field: Field,
    pub size: usize,
    pub order: Vec<Order>,
    pub least: u64,
    pub include: Option<Choice>,
    pub exclude: Option<Choice>,
    /// What lines without the field count as.
    pub missing: Option<Value>,
}

/// Which values a terms aggregation looks at.
#[derive(Debug)]
pub enum Choice {
    Exact(Vec<String>),
    Pattern(Regex),
}

impl Choice {
    pub fn holds(&self, value: &str) -> bool {
        match self {
            Choice::Exact(values) => values.iter().any(|exact| exact == value),
            Choice::Pattern(pattern) => pattern.is_match(value),
        }
    }
}

/// What buckets are ordered by.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    pub by: OrderBy,
    pub ascending: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub enum OrderBy {
    Count,
    Key,
    /// A metric below, and which of its values.
    Metric(String, Option<String>),
}

#[derive(Debug)]
pub struct DateHistogram {
    pub interval: Interval,
    pub least: u64,
    /// Buckets are shown from here to here, in nanoseconds, though they are empty.
    pub extended: Option<(i64, i64)>,
    /// Buckets outside are not made.
    pub hard: Option<(i64, i64)>,
    pub epoch: bool,
    pub keyed: bool,
    pub order: Order,
}

#[derive(Debug)]
pub struct Histogram {
    pub field: Field,
    pub interval: f64,
    pub offset: f64,
    pub least: u64,
    pub extended: Option<(f64, f64)>,
    pub keyed: bool,
}

/// From the first (inclusive) to the second (exclusive).
#[derive(Debug)]
pub struct Range {
    pub key: Option<String>,
    pub from: Option<f64>,
    pub to: Option<f64>,
}
