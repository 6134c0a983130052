//! Label sets, and the fingerprint that names one.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub const NAMESPACE: &str = "namespace";
pub const ALERTNAME: &str = "alertname";

/// Names and values, sorted by name; no value is empty.
pub type Labels = BTreeMap<String, String>;

/// Identifies a label set: FNV-1a (64 bits) over names and values, each followed by a byte
/// that no UTF-8 text contains, as in Prometheus's client libraries. Written as 16 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint(u64);

const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0100_0000_01b3;
const SEPARATOR: u8 = 0xff;

impl Fingerprint {
    pub fn of(labels: &Labels) -> Self {
        let mut hash = OFFSET;
        let mut add = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(PRIME);
        for (name, value) in labels {
            name.bytes().for_each(&mut add);
            add(SEPARATOR);
            value.bytes().for_each(&mut add);
            add(SEPARATOR);
        }
        Fingerprint(hash)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for Fingerprint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no fingerprint, which has 16 hex digits");
        if text.len() != 16 {
            return Err(wrong());
        }
        u64::from_str_radix(text, 16).map(Fingerprint).map_err(|_| wrong())
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> String {
        fingerprint.to_string()
    }
}

/// A label's value; empty where the label is missing, as matchers see it.
pub fn value<'a>(labels: &'a Labels, name: &str) -> &'a str {
    labels.get(name).map_or("", String::as_str)
}

/// `{a="x", b="y"}`, as Prometheus writes label sets.
pub fn shown(labels: &Labels) -> String {
    let pairs: Vec<String> =
        labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    format!("{{{}}}", pairs.join(", "))
}

/// What all sets agree on.
pub fn common<'a>(mut sets: impl Iterator<Item = &'a Labels>) -> Labels {
    let mut common = sets.next().cloned().unwrap_or_default();
    for set in sets {
        common.retain(|name, value| set.get(name) == Some(value));
    }
    common
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_fingerprint_tells_sets_apart_and_survives_text() {
        let one = Fingerprint::of(&labels(&[("a", "bc")]));
        assert_ne!(one, Fingerprint::of(&labels(&[("ab", "c")])));
        assert_eq!(one.to_string().parse(), Ok(one));
        assert!("12".parse::<Fingerprint>().is_err());
        // Of no labels at all: the offset itself.
        assert_eq!(Fingerprint::of(&Labels::new()).to_string(), "cbf29ce484222325");
    }

    #[test]
    fn common_labels_are_those_with_one_value() {
        let sets = [labels(&[("a", "x"), ("b", "y")]), labels(&[("a", "x"), ("b", "z")])];
        assert_eq!(common(sets.iter()), labels(&[("a", "x")]));
        assert_eq!(shown(&sets[0]), r#"{a="x", b="y"}"#);
    }
}
