//! What a conversion could not keep.

use std::collections::BTreeMap;

use serde::Serialize;

/// Something that one side has no place for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lost {
    pub what: String,
    pub count: u64,
    /// Where it was the first time.
    pub first: String,
}

/// Kinds of loss of one conversion; more are counted together.
const MOST_KINDS: usize = 100;

#[derive(Default)]
pub(crate) struct Report(BTreeMap<String, (u64, String)>);

impl Report {
    pub(crate) fn add(&mut self, what: impl Into<String>, place: impl FnOnce() -> String) {
        let mut what = what.into();
        if self.0.len() >= MOST_KINDS && !self.0.contains_key(&what) {
            what = "other things".to_owned();
        }
        self.0.entry(what).or_insert_with(|| (0, place())).0 += 1;
    }

    pub(crate) fn lost(self) -> Vec<Lost> {
        let lost = self.0.into_iter();
        lost.map(|(what, (count, first))| Lost { what, count, first }).collect()
    }
}
