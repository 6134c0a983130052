//! Series by number: their labels, and the way from matchers to series. Numbers rise by
//! one. What a head and a block have in common.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use promql_parser::label::{MatchOp, Matcher};

use super::symbols::Symbols;
use crate::labels::Labels;

type Map<V> = HashMap<u32, V, RandomState>;

#[derive(Default)]
pub struct SeriesIndex {
    symbols: Symbols,
    /// Name and value of all labels, by the numbers of their texts.
    pairs: Vec<(u32, u32)>,
    /// Where each series' pairs end.
    ends: Vec<u32>,
    /// Name to value to the series that have it, in order.
    postings: Map<Map<Vec<u32>>>,
}

/// A matcher, its texts looked up.
struct Test<'a> {
    /// None: no series has such a label.
    name: Option<u32>,
    /// Whether a series without the label matches.
    takes_absent: bool,
    values: Values<'a>,
}

enum Values<'a> {
    One(Option<(u32, &'a [u32])>),
    Many(HashMap<u32, &'a [u32], RandomState>),
}

impl SeriesIndex {
    pub fn add(&mut self, labels: &Labels) -> u32 {
        for (name, value) in labels.iter() {
            self.pairs.push((self.symbols.number(name), self.symbols.number(value)));
        }
        self.close()
    }

    /// The texts of series that follow, which are named by their place here.
    pub fn with_texts(texts: impl Iterator<Item = Option<impl AsRef<str>>>) -> Option<Self> {
        let mut index = SeriesIndex::default();
        for (at, text) in texts.enumerate() {
            // A text that is there twice would have two numbers.
            if index.symbols.number(text?.as_ref()) as usize != at {
                return None;
            }
        }
        Some(index)
    }

    /// Adds a series by the numbers of its texts; none when there is no such text.
    pub fn add_numbers(&mut self, pairs: impl Iterator<Item = Option<(u64, u64)>>) -> Option<u32> {
        let count = self.symbols.texts().len() as u64;
        for pair in pairs {
            let (name, value) = pair.filter(|(name, value)| *name < count && *value < count)?;
            self.pairs.push((name as u32, value as u32));
        }
        Some(self.close())
    }

    /// Makes a series of the pairs that were added last.
    fn close(&mut self) -> u32 {
        let series = u32::try_from(self.ends.len()).expect("memory ends before that many series");
        self.ends.push(u32::try_from(self.pairs.len()).expect("memory ends before that many"));
        let start = series.checked_sub(1).map_or(0, |before| self.ends[before as usize]);
        for (name, value) in &self.pairs[start as usize..] {
            self.postings.entry(*name).or_default().entry(*value).or_default().push(series);
        }
        series
    }

    fn pairs(&self, series: u32) -> &[(u32, u32)] {
        let at = series as usize;
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.pairs[start as usize..self.ends[at] as usize]
    }

    pub fn labels(&self, series: u32) -> Labels {
        let text = |number: u32| self.symbols.text(number).clone();
        Labels::sorted(self.pairs(series).iter().map(|(name, value)| (text(*name), text(*value))))
    }

    /// Names and values in order, without making labels of them.
    pub fn texts(&self, series: u32) -> impl ExactSizeIterator<Item = (&str, &str)> {
        let text = |number: u32| &**self.symbols.text(number);
        self.pairs(series).iter().map(move |(name, value)| (text(*name), text(*value)))
    }

    /// Series that satisfy all matchers, in order; an absent label is the empty text.
    pub fn matching(&self, matchers: &[Matcher]) -> Vec<u32> {
        let tests: Vec<Test<'_>> = matchers.iter().map(|matcher| self.test(matcher)).collect();
        let narrow = |test: &&Test<'_>| !test.takes_absent;
        let mut found = match tests.iter().filter(narrow).min_by_key(|test| test.values.count()) {
            Some(narrowest) => narrowest.values.series(),
            None => (0..self.ends.len() as u32).collect(),
        };
        found.retain(|series| {
            let pairs = self.pairs(*series);
            tests.iter().all(|test| test.is_passed(pairs))
        });
        found
    }

    fn test(&self, matcher: &Matcher) -> Test<'_> {
        let name = self.symbols.find(&matcher.name);
        let postings = name.and_then(|name| self.postings.get(&name));
        let values = if matcher.op == MatchOp::Equal {
            let value = self.symbols.find(&matcher.value);
            let series = value.and_then(|value| Some((value, postings?.get(&value)?.as_slice())));
            Values::One(series)
        } else {
            // Each value is asked once, however many series have it.
            let all = postings.into_iter().flatten();
            let matching = all.filter(|(value, _)| matcher.is_match(self.symbols.text(**value)));
            Values::Many(matching.map(|(value, series)| (*value, series.as_slice())).collect())
        };
        Test { name, takes_absent: matcher.is_match(""), values }
    }
}

impl Test<'_> {
    fn is_passed(&self, pairs: &[(u32, u32)]) -> bool {
        let own = pairs.iter().find(|(name, _)| Some(*name) == self.name);
        match own {
            None => self.takes_absent,
            Some((_, value)) => match &self.values {
                Values::One(wanted) => wanted.is_some_and(|(wanted, _)| wanted == *value),
                Values::Many(wanted) => wanted.contains_key(value),
            },
        }
    }
}

impl Values<'_> {
    fn count(&self) -> usize {
        match self {
            Values::One(found) => found.map_or(0, |(_, series)| series.len()),
            Values::Many(found) => found.values().map(|series| series.len()).sum(),
        }
    }

    fn series(&self) -> Vec<u32> {
        match self {
            Values::One(found) => found.map(|(_, series)| series.to_vec()).unwrap_or_default(),
            Values::Many(found) => {
                let mut all: Vec<u32> =
                    found.values().flat_map(|series| series.iter().copied()).collect();
                all.sort_unstable();
                all
            }
        }
    }
}

/// Whether labels satisfy all matchers; an absent label is the empty text.
pub fn is_match(labels: &Labels, matchers: &[Matcher]) -> bool {
    matchers.iter().all(|matcher| matcher.is_match(labels.get(&matcher.name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matching_says_what_the_matchers_say() {
        let mut index = SeriesIndex::default();
        let mut all = Vec::new();
        for job in ["", "a", "b"] {
            for host in ["", "x", "y", "z"] {
                let labels = Labels::new([("__name__", "load"), ("job", job), ("host", host)]);
                assert_eq!(index.add(&labels) as usize, all.len());
                all.push(labels);
            }
        }
        let regex = |text: &str| regex::Regex::new(&format!("^(?:{text})$")).unwrap();
        let operators = [
            (MatchOp::Equal, "a"),
            (MatchOp::Equal, ""),
            (MatchOp::NotEqual, "x"),
            (MatchOp::NotEqual, ""),
            (MatchOp::Re(regex("x|a")), "x|a"),
            (MatchOp::Re(regex(".*")), ".*"),
            (MatchOp::NotRe(regex("a|x")), "a|x"),
            (MatchOp::NotRe(regex("")), ""),
        ];
        let names = ["job", "host", "__name__", "none"];
        let every = |names: &[&str]| -> Vec<Matcher> {
            let one = |name: &&str| {
                operators.iter().map(|(op, value)| Matcher::new(op.clone(), name, value)).collect()
            };
            names.iter().flat_map::<Vec<Matcher>, _>(one).collect()
        };
        for left in every(&names) {
            for right in every(&names) {
                let matchers = [left.clone(), right];
                let found = index.matching(&matchers);
                let wanted = (0..).zip(&all).filter(|(_, labels)| is_match(labels, &matchers));
                let wanted: Vec<u32> = wanted.map(|(number, _)| number).collect();
                assert_eq!(found, wanted, "{matchers:?}");
            }
        }
        for (number, labels) in (0..).zip(&all) {
            assert_eq!(index.labels(number), *labels);
            assert!(index.texts(number).eq(labels.iter()));
        }
    }
}
