//! A query, understood: the tree that both the index and the live tail evaluate.
//!
//! `parse` reads Elasticsearch's JSON into it, `text` the query-string syntaxes,
//! `lower` turns it into an index query, `matches` asks it of a single entry.

#[cfg(test)]
mod agreement;
pub mod lower;
pub mod matches;
pub mod parse;
pub mod text;

use std::ops::Bound;

use crate::entry::KEYWORDS;

/// What a condition looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    Timestamp,
    Message,
    /// One of the fields held as exact words.
    Keyword(&'static str),
    Id,
    Index,
    /// Order of arrival (`_seq_no`, `_doc`, `_shard_doc`).
    Sequence,
    /// Any other dotted path.
    Dynamic(String),
}

impl Field {
    /// The field of that name. `x.keyword` is `x`, exactly, as in Elasticsearch's default mapping.
    pub fn named(name: &str) -> Field {
        match name {
            "@timestamp" => Field::Timestamp,
            "message" => Field::Message,
            "_id" => Field::Id,
            "_index" => Field::Index,
            "_seq_no" | "_doc" | "_shard_doc" => Field::Sequence,
            name => {
                let bare = name.strip_suffix(".keyword").unwrap_or(name);
                match KEYWORDS.iter().find(|keyword| **keyword == bare) {
                    Some(keyword) => Field::Keyword(keyword),
                    None => Field::Dynamic(bare.to_owned()),
                }
            }
        }
    }

    /// The name that `named` understands.
    pub fn name(&self) -> &str {
        match self {
            Field::Timestamp => "@timestamp",
            Field::Message => "message",
            Field::Keyword(name) => name,
            Field::Id => "_id",
            Field::Index => "_index",
            Field::Sequence => "_seq_no",
            Field::Dynamic(path) => path,
        }
    }
}

/// A value to compare with.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    Text(String),
    Integer(i64),
    Float(f64),
    Bool(bool),
}

impl Scalar {
    /// The exact word that an equal value was indexed as.
    pub fn word(&self) -> String {
        match self {
            Scalar::Text(text) => text.clone(),
            Scalar::Integer(number) => number.to_string(),
            Scalar::Float(number) => serde_json::Value::from(*number).to_string(),
            Scalar::Bool(truth) => truth.to_string(),
        }
    }

    pub fn number(&self) -> Option<f64> {
        match self {
            Scalar::Text(text) => text.parse().ok(),
            Scalar::Integer(number) => Some(*number as f64),
            Scalar::Float(number) => Some(*number),
            Scalar::Bool(_) => None,
        }
    }
}

/// A condition on an entry.
#[derive(Debug, Clone, PartialEq)]
pub enum Clause {
    All,
    Nothing,
    /// All of `must`, none of `must_not`, and at least `minimum` of `should`.
    Bool {
        must: Vec<Clause>,
        should: Vec<Clause>,
        must_not: Vec<Clause>,
        minimum: usize,
    },
    /// Equal to one of the values.
    Term {
        field: Field,
        values: Vec<Scalar>,
    },
    /// Holds the words: all of them, or any.
    Words {
        field: Field,
        words: Vec<String>,
        all: bool,
    },
    /// Holds the words in order; `prefix` lets the last one be a beginning.
    Phrase {
        field: Field,
        words: Vec<String>,
        slop: u32,
        prefix: bool,
    },
    /// A word that the whole regular expression matches.
    Pattern {
        field: Field,
        regex: String,
    },
    Range {
        field: Field,
        lower: Bound<Scalar>,
        upper: Bound<Scalar>,
    },
    Exists {
        field: Field,
    },
}

impl Clause {
    pub fn all_of(must: Vec<Clause>) -> Clause {
        Clause::Bool { must, should: vec![], must_not: vec![], minimum: 0 }
    }

    pub fn any_of(should: Vec<Clause>) -> Clause {
        Clause::Bool { must: vec![], should, must_not: vec![], minimum: 1 }
    }

    /// The times outside of which nothing can match, inclusive, in nanoseconds.
    pub fn time_span(&self) -> (i64, i64) {
        const EVER: (i64, i64) = (i64::MIN, i64::MAX);
        match self {
            Clause::Range { field: Field::Timestamp, lower, upper } => {
                let bound = |bound: &Bound<Scalar>, open| match bound {
                    Bound::Included(Scalar::Integer(time))
                    | Bound::Excluded(Scalar::Integer(time)) => *time,
                    _ => open,
                };
                (bound(lower, EVER.0), bound(upper, EVER.1))
            }
            Clause::Bool { must, .. } => must
                .iter()
                .map(Clause::time_span)
                .fold(EVER, |span, next| (span.0.max(next.0), span.1.min(next.1))),
            _ => EVER,
        }
    }
}

/// `*` and `?` as a regular expression for the whole word.
pub fn wildcard_regex(pattern: &str) -> String {
    let mut regex = String::with_capacity(pattern.len() + 8);
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match character {
            '*' => regex.push_str("(?s:.*)"),
            '?' => regex.push_str("(?s:.)"),
            '\\' => regex.push_str(&regex::escape(&characters.next().unwrap_or('\\').to_string())),
            plain => regex.push_str(&regex::escape(&plain.to_string())),
        }
    }
    regex
}
