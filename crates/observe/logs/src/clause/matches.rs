//! Asks a clause of one entry, without an index: the live tail's filter. The
//! suite in the store's tests runs every query both ways, so that a tail shows
//! exactly the lines that a search would.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::ops::Bound;

use serde_json::Value;

use super::{Clause, Field, Scalar};
use crate::entry::{Entry, word};
use crate::words::words;

/// A clause with its patterns compiled, to be asked of many entries.
pub struct Matcher {
    clause: Clause,
    patterns: HashMap<String, regex::Regex>,
}

impl Matcher {
    pub fn new(clause: Clause) -> Matcher {
        let mut patterns = HashMap::new();
        compile(&clause, &mut patterns);
        Matcher { clause, patterns }
    }

    pub fn matches(&self, entry: &Entry) -> bool {
        self.holds(&self.clause, entry)
    }

    fn holds(&self, clause: &Clause, entry: &Entry) -> bool {
        match clause {
            Clause::All => true,
            Clause::Nothing => false,
            Clause::Bool { must, should, must_not, minimum } => {
                must.iter().all(|clause| self.holds(clause, entry))
                    && !must_not.iter().any(|clause| self.holds(clause, entry))
                    && (*minimum == 0
                        || should.iter().filter(|clause| self.holds(clause, entry)).count()
                            >= *minimum)
            }
            Clause::Term { field: Field::Message, values } => {
                let held = words(entry.message());
                values.iter().any(|value| {
                    let wanted = value.word();
                    held.iter().any(|word| word.text == wanted)
                })
            }
            Clause::Term { field, values } => exact(field, entry).iter().any(|held| {
                values.iter().any(|value| *held == value.word() || numbers_equal(held, value))
            }),
            Clause::Words { field, words: wanted, all } => {
                let held = text(field, entry);
                let has = |wanted: &String| held.iter().flatten().any(|word| word == wanted);
                if *all {
                    !wanted.is_empty() && wanted.iter().all(has)
                } else {
                    wanted.iter().any(has)
                }
            }
            Clause::Phrase { field, words, slop, prefix } => {
                text(field, entry).iter().any(|held| has_phrase(held, words, *slop, *prefix))
            }
            Clause::Pattern { field, regex } => {
                let Some(pattern) = self.patterns.get(regex) else { return false };
                match field {
                    Field::Message => {
                        words(entry.message()).iter().any(|word| pattern.is_match(&word.text))
                    }
                    field => exact(field, entry).iter().any(|held| pattern.is_match(held)),
                }
            }
            Clause::Range { field, lower, upper } => in_range(field, lower, upper, entry),
            Clause::Exists { field } => match field {
                Field::Timestamp | Field::Id | Field::Index | Field::Sequence => true,
                Field::Message => entry.source.get("message").is_some_and(|value| !value.is_null()),
                Field::Keyword(name) => !entry.values(name).is_empty(),
                Field::Dynamic(path) => !entry.values(path).is_empty() || has_object(entry, path),
            },
        }
    }
}

fn compile(clause: &Clause, patterns: &mut HashMap<String, regex::Regex>) {
    match clause {
        Clause::Bool { must, should, must_not, .. } => {
            must.iter().chain(should).chain(must_not).for_each(|clause| compile(clause, patterns));
        }
        Clause::Pattern { regex, .. } => {
            if let Ok(compiled) = regex::Regex::new(&format!("^(?:{regex})$")) {
                patterns.insert(regex.clone(), compiled);
            }
        }
        _ => {}
    }
}

fn exact(field: &Field, entry: &Entry) -> Vec<String> {
    match field {
        Field::Id => vec![entry.document_id()],
        Field::Index => vec![entry.index.clone()],
        Field::Sequence => vec![entry.sequence.to_string()],
        Field::Timestamp => vec![entry.timestamp.to_string()],
        Field::Message | Field::Keyword(_) | Field::Dynamic(_) => {
            entry.values(field.name()).into_iter().map(word).collect()
        }
    }
}

fn text(field: &Field, entry: &Entry) -> Vec<Vec<String>> {
    let cut = |text: &str| words(text).into_iter().map(|word| word.text).collect();
    match field {
        Field::Message => vec![cut(entry.message())],
        field => exact(field, entry).iter().map(|value| cut(value)).collect(),
    }
}

fn numbers_equal(held: &str, value: &Scalar) -> bool {
    match (held.parse::<f64>(), value.number()) {
        (Ok(held), Some(wanted)) => held == wanted,
        _ => false,
    }
}

fn has_phrase(held: &[String], wanted: &[String], slop: u32, prefix: bool) -> bool {
    let Some((last, firsts)) = wanted.split_last() else { return false };
    let is_last =
        |word: &String| if prefix { word.starts_with(last.as_str()) } else { word == last };
    if slop == 0 {
        return held
            .windows(wanted.len())
            .any(|window| window[..firsts.len()] == *firsts && is_last(&window[firsts.len()]));
    }
    // In order, with at most `slop` other words in between.
    (0..held.len()).any(|start| {
        let mut at = start;
        let mut gaps = 0;
        for (position, word) in wanted.iter().enumerate() {
            let found = held[at..].iter().position(|held| {
                if position == firsts.len() { is_last(held) } else { held == word }
            });
            let Some(offset) = found else { return false };
            gaps += if position == 0 && offset > 0 { usize::MAX / 2 } else { offset };
            at += offset + 1;
        }
        gaps <= slop as usize
    })
}

fn in_range(field: &Field, lower: &Bound<Scalar>, upper: &Bound<Scalar>, entry: &Entry) -> bool {
    let compare = |held: &Value, limit: &Scalar| -> Option<Ordering> {
        match (held, limit) {
            (Value::Number(held), limit) => held.as_f64()?.partial_cmp(&limit.number()?),
            (Value::String(held), Scalar::Text(limit)) => Some(held.as_str().cmp(limit)),
            _ => None,
        }
    };
    let within = |held: &Value| {
        let above = match lower {
            Bound::Unbounded => true,
            Bound::Included(limit) => compare(held, limit).is_some_and(Ordering::is_ge),
            Bound::Excluded(limit) => compare(held, limit).is_some_and(Ordering::is_gt),
        };
        above
            && match upper {
                Bound::Unbounded => true,
                Bound::Included(limit) => compare(held, limit).is_some_and(Ordering::is_le),
                Bound::Excluded(limit) => compare(held, limit).is_some_and(Ordering::is_lt),
            }
    };
    match field {
        Field::Timestamp => instant_within(entry.timestamp, lower, upper),
        Field::Sequence => within(&Value::from(entry.sequence)),
        Field::Id => within(&Value::from(entry.document_id())),
        Field::Index => within(&Value::from(entry.index.clone())),
        field => entry.values(field.name()).into_iter().any(within),
    }
}

/// Nanoseconds do not fit a float, so instants are compared as integers.
fn instant_within(time: i64, lower: &Bound<Scalar>, upper: &Bound<Scalar>) -> bool {
    let above = match lower {
        Bound::Included(Scalar::Integer(limit)) => time >= *limit,
        Bound::Excluded(Scalar::Integer(limit)) => time > *limit,
        _ => true,
    };
    above
        && match upper {
            Bound::Included(Scalar::Integer(limit)) => time <= *limit,
            Bound::Excluded(Scalar::Integer(limit)) => time < *limit,
            _ => true,
        }
}

fn has_object(entry: &Entry, path: &str) -> bool {
    let mut at = &entry.source;
    for key in path.split('.') {
        match at.get(key) {
            Some(Value::Object(inner)) => at = inner,
            _ => return false,
        }
    }
    !at.is_empty()
}
