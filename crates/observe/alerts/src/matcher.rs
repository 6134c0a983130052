//! Matchers on labels: `=`, `!=`, `=~`, `!~`, in the classic and in the UTF-8 syntax.

mod syntax;

use std::fmt;

use regex::Regex;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::json;

use crate::error::{Error, Result};
use crate::labels::{Labels, value};
pub use syntax::parse;

/// A condition on one label. A missing label counts as an empty one.
#[derive(Debug, Clone)]
pub struct Matcher {
    pub name: String,
    pub operator: Operator,
    pub value: String,
    /// The value as a pattern that must match all of a label's value.
    pattern: Option<Regex>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    Equal,
    NotEqual,
    Regex,
    NotRegex,
}

impl Operator {
    pub fn text(self) -> &'static str {
        match self {
            Operator::Equal => "=",
            Operator::NotEqual => "!=",
            Operator::Regex => "=~",
            Operator::NotRegex => "!~",
        }
    }

    fn is_equal(self) -> bool {
        matches!(self, Operator::Equal | Operator::Regex)
    }

    fn is_regex(self) -> bool {
        matches!(self, Operator::Regex | Operator::NotRegex)
    }
}

impl Matcher {
    /// # Errors
    /// The name is empty, or the value is no pattern where one is wanted.
    pub fn new(name: &str, operator: Operator, value: &str) -> Result<Self> {
        if name.is_empty() {
            let hint = "write for example severity=\"critical\"";
            return Err(Error::invalid("matcher", "it names no label", hint));
        }
        let pattern = operator.is_regex().then(|| anchored(value)).transpose()?;
        Ok(Matcher { name: name.to_owned(), operator, value: value.to_owned(), pattern })
    }

    pub fn matches(&self, labels: &Labels) -> bool {
        let own = value(labels, &self.name);
        let is_like = match &self.pattern {
            Some(pattern) => pattern.is_match(own),
            None => own == self.value,
        };
        is_like == self.operator.is_equal()
    }

    /// The values that the matcher lets through, where it is a plain list of them.
    pub fn literals(&self) -> Option<Vec<String>> {
        match self.operator {
            Operator::Equal => Some(vec![self.value.clone()]),
            Operator::Regex => {
                let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
                let names: Vec<String> = self.value.split('|').map(str::to_owned).collect();
                names.iter().all(|name| name.chars().all(is_plain)).then_some(names)
            }
            Operator::NotEqual | Operator::NotRegex => None,
        }
    }
}

/// Whether all hold.
pub fn matches_all(matchers: &[Matcher], labels: &Labels) -> bool {
    matchers.iter().all(|matcher| matcher.matches(labels))
}

/// Patterns of outsiders stay small: a compiled one is at most this large, in bytes.
const PATTERN_SIZE: usize = 1 << 20;

fn anchored(pattern: &str) -> Result<Regex> {
    regex::RegexBuilder::new(&format!("^(?:{pattern})$")).size_limit(PATTERN_SIZE).build().map_err(
        |error| {
            let reason = error.to_string();
            let last = reason.lines().last().unwrap_or_default();
            Error::invalid(
                "matcher",
                format!("{pattern:?} is no regular expression ({last})"),
                "patterns are RE2's, without look-around and back-references",
            )
        },
    )
}

/// A name in the syntax that every reader understands.
fn is_classic_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    let is_start = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_' || byte == b':';
    bytes.next().is_some_and(is_start) && bytes.all(|byte| is_start(byte) || byte.is_ascii_digit())
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_classic_name(&self.name) {
            f.write_str(&self.name)?;
        } else {
            write!(f, "{}", json!(self.name))?;
        }
        write!(f, "{}{}", self.operator.text(), json!(self.value))
    }
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, self.operator, &self.value) == (&other.name, other.operator, &other.value)
    }
}

/// The shape of the HTTP API.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    name: String,
    value: String,
    is_regex: bool,
    #[serde(default = "yes")]
    is_equal: bool,
}

fn yes() -> bool {
    true
}

impl Serialize for Matcher {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        Wire {
            name: self.name.clone(),
            value: self.value.clone(),
            is_regex: self.operator.is_regex(),
            is_equal: self.operator.is_equal(),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Matcher {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let wire = Wire::deserialize(deserializer)?;
        let operator = match (wire.is_regex, wire.is_equal) {
            (false, true) => Operator::Equal,
            (false, false) => Operator::NotEqual,
            (true, true) => Operator::Regex,
            (true, false) => Operator::NotRegex,
        };
        Matcher::new(&wire.name, operator, &wire.value).map_err(serde::de::Error::custom)
    }
}
