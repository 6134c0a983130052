//! Warnings and infos that go with an answer.

use std::cell::RefCell;
use std::collections::BTreeSet;

use promql_parser::parser::Expr;

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

    pub fn warn(&self, text: &str, at: &Expr) {
        let remark = format!("PromQL warning: {text} {}", self.position(at));
        self.found.borrow_mut().warnings.insert(remark);
    }

    pub fn inform(&self, text: &str, at: &Expr) {
        let remark = format!("PromQL info: {text} {}", self.position(at));
        self.found.borrow_mut().infos.insert(remark);
    }

    /// Line and column. The syntax tree holds no positions, so this is where the
    /// query has the expression's text first.
    fn position(&self, expression: &Expr) -> String {
        let offset = self.query.find(&expression.to_string()).unwrap_or(0);
        let before = &self.query[..offset];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        format!("({line}:{column})")
    }

    pub fn into_annotations(self) -> Annotations {
        self.found.into_inner()
    }
}
