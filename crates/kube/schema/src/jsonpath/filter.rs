//! Filters of lists: `@.type=="Ready"`.

use std::cmp::Ordering;

use serde_json::Value;

use super::{Step, find, parse};

/// Which items of a list are taken.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Filter {
    /// From the item on.
    steps: Vec<Step>,
    /// Without one, the path need only lead somewhere.
    wanted: Option<(Comparison, Value)>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// The longer signs first, as they begin like the shorter ones.
const SIGNS: [(&str, Comparison); 6] = [
    ("==", Comparison::Equal),
    ("!=", Comparison::Unequal),
    ("<=", Comparison::LessOrEqual),
    (">=", Comparison::GreaterOrEqual),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
];

impl Filter {
    /// From what stands between `[?(` and `)]`.
    pub(super) fn parse(text: &str) -> Result<Filter, String> {
        let sign = SIGNS
            .iter()
            .filter_map(|(sign, comparison)| Some((text.find(sign)?, *sign, *comparison)))
            .min_by_key(|(at, sign, _)| (*at, std::cmp::Reverse(sign.len())));
        let (path, wanted) = match sign {
            None => (text, None),
            Some((at, sign, comparison)) => {
                let value = literal(text[at + sign.len()..].trim())?;
                (&text[..at], Some((comparison, value)))
            }
        };
        let path = path.trim();
        let path = path
            .strip_prefix('@')
            .ok_or_else(|| format!("a filter must start with @, not with {path:?}"))?;
        Ok(Filter { steps: parse::steps(path)?, wanted })
    }

    pub(super) fn keeps(&self, item: &Value) -> bool {
        let found = find(&self.steps, item);
        match &self.wanted {
            None => !found.is_empty(),
            Some((comparison, wanted)) => {
                found.first().is_some_and(|value| comparison.holds(value, wanted))
            }
        }
    }
}

impl Comparison {
    fn holds(self, value: &Value, wanted: &Value) -> bool {
        let order = match (value, wanted) {
            (Value::String(value), Value::String(wanted)) => Some(value.cmp(wanted)),
            (Value::Number(value), Value::Number(wanted)) => {
                value.as_f64().partial_cmp(&wanted.as_f64())
            }
            (value, wanted) => (value == wanted).then_some(Ordering::Equal),
        };
        match self {
            Comparison::Equal => order == Some(Ordering::Equal),
            Comparison::Unequal => order != Some(Ordering::Equal),
            Comparison::Less => order == Some(Ordering::Less),
            Comparison::LessOrEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            Comparison::Greater => order == Some(Ordering::Greater),
            Comparison::GreaterOrEqual => {
                matches!(order, Some(Ordering::Greater | Ordering::Equal))
            }
        }
    }
}

/// A text in single or double quotes, or a number, `true`, `false`, `null`.
fn literal(text: &str) -> Result<Value, String> {
    for quote in ['"', '\''] {
        let inner = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
        if let Some(inner) = inner {
            return Ok(inner.into());
        }
    }
    serde_json::from_str(text).map_err(|_| format!("{text:?} is not a value to compare with"))
}
