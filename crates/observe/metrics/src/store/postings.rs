//! Which series have which label: the way from matchers to series.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use promql_parser::label::{MatchOp, Matcher};

use crate::labels::Labels;

#[derive(Debug, Default)]
pub struct Postings {
    by_label: HashMap<Arc<str>, BTreeMap<Arc<str>, Vec<u32>>>,
    all: Vec<u32>,
}

impl Postings {
    /// Series must be added with rising numbers.
    pub fn add(&mut self, series: u32, labels: &Labels) {
        for (name, value) in labels.pairs() {
            self.by_label
                .entry(name.clone())
                .or_default()
                .entry(value.clone())
                .or_default()
                .push(series);
        }
        self.all.push(series);
    }

    /// Series that may match: those of the most selective matcher. The others must
    /// still be asked of their labels (`is_match`).
    pub fn candidates(&self, matchers: &[Matcher]) -> Vec<u32> {
        let mut best: Option<Vec<u32>> = None;
        for matcher in matchers.iter().filter(|matcher| !matcher.is_match("")) {
            let found = self.of(matcher);
            if best.as_ref().is_none_or(|best| found.len() < best.len()) {
                best = Some(found);
            }
        }
        best.unwrap_or_else(|| self.all.clone())
    }

    fn of(&self, matcher: &Matcher) -> Vec<u32> {
        let Some(values) = self.by_label.get(matcher.name.as_str()) else { return vec![] };
        if matcher.op == MatchOp::Equal {
            return values.get(matcher.value.as_str()).cloned().unwrap_or_default();
        }
        let matching = values.iter().filter(|(value, _)| matcher.is_match(value));
        let mut found: Vec<u32> = matching.flat_map(|(_, series)| series.iter().copied()).collect();
        found.sort_unstable();
        found
    }
}

/// Whether labels satisfy all matchers; an absent label is the empty text.
pub fn is_match(labels: &Labels, matchers: &[Matcher]) -> bool {
    matchers.iter().all(|matcher| matcher.is_match(labels.get(&matcher.name)))
}
