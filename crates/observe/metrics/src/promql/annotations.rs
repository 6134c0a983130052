//! Warnings and infos that go with an answer.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Display;

use super::dialect::without_markers;

/// What an evaluation remarked; each remark once.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Annotations {
    pub warnings: BTreeSet<String>,
    pub infos: BTreeSet<String>,
}

/// Collects remarks during an evaluation.
pub struct Remarks {
    query: String,
    found: RefCell<Annotations>,
}

impl Remarks {
    pub fn new(query: &str) -> Remarks {
        Remarks { query: query.to_owned(), found: RefCell::default() }
    }

    /// The query's text.
    pub fn query(&self) -> &str {
        &self.query
    }

    pub fn warn(&self, text: &str, at: &dyn Display) {
        let remark = format!("PromQL warning: {text} {}", self.position(at));
        self.found.borrow_mut().warnings.insert(remark);
    }

    pub fn inform(&self, text: &str, at: &dyn Display) {
        let remark = format!("PromQL info: {text} {}", self.position(at));
        self.found.borrow_mut().infos.insert(remark);
    }

    /// Line and column. The syntax tree holds no positions, so this is where the query
    /// has the expression's text first, spaces aside.
    fn position(&self, expression: &dyn Display) -> String {
        let dense = |text: &str| -> String { text.split_whitespace().collect() };
        let wanted = dense(&without_markers(&expression.to_string()));
        let is_start = |(at, character): &(usize, char)| {
            !character.is_whitespace() && dense(&self.query[*at..]).starts_with(&wanted)
        };
        let offset = self.query.char_indices().find(is_start).map_or(0, |(at, _)| at);
        let before = &self.query[..offset];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        format!("({line}:{column})")
    }

    pub fn into_annotations(self) -> Annotations {
        self.found.into_inner()
    }
}
