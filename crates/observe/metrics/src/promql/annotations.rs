//! Warnings and infos that go with an answer.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashSet};
use std::fmt::Display;

use super::dialect::place_of;

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
    /// Texts, without places. The same is often remarked of every series at every step.
    seen: RefCell<HashSet<String>>,
}

impl Remarks {
    pub fn new(query: &str) -> Remarks {
        Remarks { query: query.to_owned(), found: RefCell::default(), seen: RefCell::default() }
    }

    /// The query's text.
    pub fn query(&self) -> &str {
        &self.query
    }

    pub fn warn(&self, text: &str, at: &dyn Display) {
        if self.is_new(text) {
            let remark = format!("PromQL warning: {text} {}", self.position(at));
            self.found.borrow_mut().warnings.insert(remark);
        }
    }

    pub fn inform(&self, text: &str, at: &dyn Display) {
        if self.is_new(text) {
            let remark = format!("PromQL info: {text} {}", self.position(at));
            self.found.borrow_mut().infos.insert(remark);
        }
    }

    fn is_new(&self, text: &str) -> bool {
        let mut seen = self.seen.borrow_mut();
        !seen.contains(text) && seen.insert(text.to_owned())
    }

    /// Line and column. The syntax tree holds no positions, so this is where the query
    /// says what the expression says first.
    fn position(&self, expression: &dyn Display) -> String {
        let offset = place_of(&expression.to_string(), &self.query).unwrap_or(0);
        let before = &self.query[..offset];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        format!("({line}:{column})")
    }

    pub fn into_annotations(self) -> Annotations {
        self.found.into_inner()
    }
}
