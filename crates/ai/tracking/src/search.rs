//! MLflow's search language, turned into SQL.
//!
//! A filter is clauses joined by AND; a clause compares an attribute, tag,
//! param, metric or dataset with a literal. What exists for which kind of
//! thing is an [`Entity`]; nothing here knows any particular one. Every name
//! and literal of the request becomes a bound value, never SQL text.

mod compile;
mod lexer;
mod order;
mod parse;
mod prompts;

pub(crate) use order::{metric_of, order};
pub(crate) use parse::Filter;

/// What can be asked about one kind of thing, whose rows are called `r`.
pub(crate) struct Entity {
    /// Names that requests use, the column, its kind.
    pub attributes: &'static [(&'static [&'static str], &'static str, Kind)],
    pub tags: Option<Table>,
    pub params: Option<Table>,
    pub metrics: Option<Table>,
    pub datasets: Option<Table>,
}

/// A side table called `t`, and which of its rows belong to `r`.
pub(crate) struct Table {
    pub name: &'static str,
    pub on: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Text,
    Number,
}

/// The left side of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Field {
    Attribute(String),
    Tag(String),
    Param(String),
    Metric(String),
    Dataset(String),
}

impl Field {
    /// From `prefix.key` (already split) or a bare attribute.
    fn new(prefix: Option<&str>, key: &str) -> Option<Field> {
        let key = key.to_owned();
        Some(match prefix {
            None => Field::Attribute(key),
            Some("attribute" | "attributes" | "attr" | "run") => Field::Attribute(key),
            Some("tag" | "tags") => Field::Tag(key),
            Some("parameter" | "parameters" | "param" | "params") => Field::Param(key),
            Some("metric" | "metrics") => Field::Metric(key),
            Some("dataset" | "datasets") => Field::Dataset(key),
            Some(_) => return None,
        })
    }
}

impl Entity {
    fn attribute(&self, name: &str) -> crate::error::Result<(&'static str, Kind)> {
        let found = self.attributes.iter().find(|(names, ..)| names.contains(&name));
        found.map(|(_, column, kind)| (*column, *kind)).ok_or_else(|| {
            let known: Vec<&str> =
                self.attributes.iter().filter_map(|(names, ..)| names.first().copied()).collect();
            crate::Error::invalid(format!(
                "Invalid attribute key '{name}' specified. Valid keys are {known:?}"
            ))
        })
    }
}
