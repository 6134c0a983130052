//! Label selectors, from a query string or from a LabelSelector object.
//!
//! Parsing of query strings is in [`parse`]; here are the requirements and matching.

mod object;
mod parse;

use std::fmt;

use serde_json::Value;

pub use object::validate;

/// What a requirement asks of a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Test {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    Missing,
    Above(i64),
    Below(i64),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Requirement {
    pub key: String,
    pub test: Test,
}

/// A conjunction of requirements. Empty matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelSelector {
    requirements: Vec<Requirement>,
    /// Made from a missing object: matches nothing.
    nothing: bool,
}

impl LabelSelector {
    /// From a query: `a=b,c in (d,e),!f`. `Err` is the message for the 400.
    pub fn parse(query: &str) -> std::result::Result<LabelSelector, String> {
        let mut requirements = parse::requirements(query)?;
        requirements.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(LabelSelector { requirements, nothing: false })
    }

    /// From an object with matchLabels and matchExpressions; `None`/null matches nothing,
    /// `{}` everything.
    pub fn from_object(selector: Option<&Value>) -> std::result::Result<LabelSelector, String> {
        match selector {
            None | Some(Value::Null) => {
                Ok(LabelSelector { requirements: Vec::new(), nothing: true })
            }
            Some(selector) => {
                let mut requirements = object::requirements(selector)?;
                requirements.sort_by(|a, b| a.key.cmp(&b.key));
                Ok(LabelSelector { requirements, nothing: false })
            }
        }
    }

    /// From a plain map of labels (`spec.selector` of a Service or ReplicationController).
    pub fn from_labels(labels: &Value) -> LabelSelector {
        let mut requirements = object::equalities(labels);
        requirements.sort_by(|a, b| a.key.cmp(&b.key));
        LabelSelector { requirements, nothing: false }
    }

    /// Whether `metadata.labels` (or any map of strings; null is empty) matches.
    pub fn matches(&self, labels: Option<&Value>) -> bool {
        let value = |key: &str| labels?.get(key)?.as_str();
        !self.nothing
            && self.requirements.iter().all(|requirement| {
                let value = value(&requirement.key);
                match &requirement.test {
                    Test::In(values) => value.is_some_and(|v| values.iter().any(|w| w == v)),
                    Test::NotIn(values) => !value.is_some_and(|v| values.iter().any(|w| w == v)),
                    Test::Exists => value.is_some(),
                    Test::Missing => value.is_none(),
                    Test::Above(n) => number(value).is_some_and(|v| v > *n),
                    Test::Below(n) => number(value).is_some_and(|v| v < *n),
                }
            })
    }

    /// Matches everything.
    pub fn is_everything(&self) -> bool {
        !self.nothing && self.requirements.is_empty()
    }
}

fn number(value: Option<&str>) -> Option<i64> {
    value?.parse().ok()
}

/// Canonical text: `a=b,c in (d,e),!f`, keys sorted.
impl fmt::Display for LabelSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, Requirement { key, test }) in self.requirements.iter().enumerate() {
            if position > 0 {
                f.write_str(",")?;
            }
            match test {
                Test::In(values) if values.len() == 1 => write!(f, "{key}={}", values[0])?,
                Test::In(values) => write!(f, "{key} in ({})", values.join(","))?,
                Test::NotIn(values) if values.len() == 1 => write!(f, "{key}!={}", values[0])?,
                Test::NotIn(values) => write!(f, "{key} notin ({})", values.join(","))?,
                Test::Exists => write!(f, "{key}")?,
                Test::Missing => write!(f, "!{key}")?,
                Test::Above(n) => write!(f, "{key}>{n}")?,
                Test::Below(n) => write!(f, "{key}<{n}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn queries_match() {
        let labels = json!({"env": "prod", "n": "5"});
        let holds =
            |query: &str| LabelSelector::parse(query).expect("well formed").matches(Some(&labels));
        for query in [
            "",
            "env",
            "env=prod",
            "env==prod",
            "env in (prod, dev)",
            "x!=1",
            "!x",
            "env notin (dev)",
            "n>4",
            "n<6,env=prod",
        ] {
            assert!(holds(query), "{query}");
        }
        assert!(!holds("n>5") && !holds("env!=prod") && !holds("env=") && !holds("x"));
        let text = LabelSelector::parse("!f,c in (e,d),a=b").expect("well formed").to_string();
        assert_eq!(text, "a=b,c in (d,e),!f");
    }

    #[test]
    fn objects_match() {
        let labels = json!({"a": "b"});
        let from = |object: Value| LabelSelector::from_object(Some(&object)).expect("well formed");
        assert!(from(json!({})).matches(Some(&labels)));
        assert!(
            from(json!({"matchLabels": {"a": "b"}, "matchExpressions": [
            {"key": "x", "operator": "DoesNotExist"}]}))
            .matches(Some(&labels))
        );
        assert!(
            !from(json!({"matchExpressions": [{"key": "a", "operator": "NotIn",
            "values": ["b"]}]}))
            .matches(Some(&labels))
        );
        assert!(!LabelSelector::from_object(None).expect("null").matches(Some(&labels)));
        let bad = json!({"matchExpressions": [{"key": "a", "operator": "Is"}]});
        assert!(LabelSelector::from_object(Some(&bad)).is_err());
    }
}
