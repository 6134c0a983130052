//! The most frequent texts of a column in bounded memory (J. Misra and D.
//! Gries, "Finding repeated elements", 1982): of more than [`COUNTERS`]
//! different ones, a newcomer takes one off each counter, and counts become
//! lower bounds, too small by at most the number of times that happened. Then
//! just those of at least one in [`COUNTERS`] are told: what makes up two in
//! [`COUNTERS`], 0.8 %, is always among them, and chance leftovers are not.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::table::cell::shortened;

const COUNTERS: usize = 256;
const SHOWN: usize = 20;
/// Characters of a text that tell it from others.
const LONGEST: usize = 200;

#[derive(Default)]
pub(crate) struct Top {
    counts: HashMap<String, u64>,
    taken_off: u64,
    all: u64,
}

impl Top {
    pub fn add(&mut self, text: &str) {
        self.all += 1;
        if let Some(count) = self.counts.get_mut(text) {
            *count += 1;
            return;
        }
        let text = shortened(text, LONGEST).0;
        if self.counts.len() < COUNTERS || self.counts.contains_key(&text) {
            *self.counts.entry(text).or_default() += 1;
            return;
        }
        self.taken_off += 1;
        self.counts.retain(|_, count| {
            *count -= 1;
            *count > 0
        });
    }

    /// `{exact, offByAtMost, values: [{value, count}]}`, the most frequent first.
    pub fn shown(&self) -> Value {
        let exact = self.taken_off == 0;
        let frequent = |count: u64| exact || count * COUNTERS as u64 >= self.all;
        let mut all: Vec<(&String, &u64)> =
            self.counts.iter().filter(|(_, count)| frequent(**count)).collect();
        all.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
        let values = all.into_iter().take(SHOWN);
        let values: Vec<Value> =
            values.map(|(value, count)| json!({ "value": value, "count": count })).collect();
        json!({ "exact": exact, "offByAtMost": self.taken_off, "values": values })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequent_texts_are_found_among_many() {
        let mut top = Top::default();
        ["b", "a", "b", "c", "a", "b"].iter().for_each(|text| top.add(text));
        assert_eq!(
            top.shown(),
            json!({ "exact": true, "offByAtMost": 0, "values": [
                { "value": "b", "count": 3 }, { "value": "a", "count": 2 }, { "value": "c", "count": 1 },
            ] })
        );
        let mut top = Top::default();
        for at in 0..100_000 {
            top.add(&format!("rare {at}"));
            if at % 10 == 0 {
                top.add("frequent");
            }
        }
        let shown = top.shown();
        assert_eq!(
            (&shown["exact"], &shown["values"][0]["value"]),
            (&json!(false), &json!("frequent"))
        );
        let least = shown["values"][0]["count"].as_u64().expect("a count");
        let off = shown["offByAtMost"].as_u64().expect("a count");
        assert!(least <= 10_000 && least + off >= 10_000, "{shown}");
        assert!(top.counts.len() <= COUNTERS);
        assert_eq!(shown["values"].as_array().map(Vec::len), Some(1), "no rare ones");
        let mut top = Top::default();
        let long = "x".repeat(1000);
        (0..3).for_each(|_| top.add(&long));
        assert_eq!(top.shown()["values"][0]["count"], 3);
    }
}
