//! Whether two answers say the same: JSON by structure, everything else by bytes.

use std::fmt::Write as _;

use dais_api::traffic;
use serde_json::{Number, Value};

/// What counts as the same.
#[derive(Debug, Default)]
pub struct Terms {
    /// Numbers that differ by less, absolutely or relatively, are alike.
    tolerance: f64,
    /// JSON pointers (RFC 6901) to what is passed over.
    ignored: Vec<String>,
}

impl From<&traffic::Shadow> for Terms {
    fn from(shadow: &traffic::Shadow) -> Self {
        Self { tolerance: shadow.tolerance.unwrap_or(0.0), ignored: shadow.ignore.clone() }
    }
}

impl Terms {
    /// Pointer to the first difference; empty where it is the whole.
    pub fn difference(&self, one: &[u8], other: &[u8]) -> Option<String> {
        if one == other {
            return None;
        }
        match (serde_json::from_slice(one), serde_json::from_slice(other)) {
            (Ok(one), Ok(other)) => self.between(&one, &other, &mut String::new()),
            _ => Some(String::new()),
        }
    }

    fn between(&self, one: &Value, other: &Value, at: &mut String) -> Option<String> {
        if self.ignored.iter().any(|ignored| ignored == at) {
            return None;
        }
        match (one, other) {
            (Value::Object(one), Value::Object(other)) => {
                let more = other.keys().filter(|key| !one.contains_key(*key));
                one.keys().chain(more).find_map(|key| {
                    let part = key.replace('~', "~0").replace('/', "~1");
                    self.below(one.get(key), other.get(key), &part, at)
                })
            }
            (Value::Array(one), Value::Array(other)) => {
                let mut places = 0..one.len().max(other.len());
                places.find_map(|place| {
                    self.below(one.get(place), other.get(place), &place.to_string(), at)
                })
            }
            (Value::Number(one), Value::Number(other)) if self.alike(one, other) => None,
            _ => (one != other).then(|| at.clone()),
        }
    }

    /// One member of both, or of one alone.
    fn below(
        &self,
        one: Option<&Value>,
        other: Option<&Value>,
        part: &str,
        at: &mut String,
    ) -> Option<String> {
        let length = at.len();
        // Writing into a string does not fail.
        let _ = write!(at, "/{part}");
        let found = match (one, other) {
            (Some(one), Some(other)) => self.between(one, other, at),
            _ => (!self.ignored.contains(at)).then(|| at.clone()),
        };
        at.truncate(length);
        found
    }

    fn alike(&self, one: &Number, other: &Number) -> bool {
        // 1 and 1.0 are alike; whole numbers beyond 2^53 may differ where their floats do not.
        let is_float = one.is_f64() || other.is_f64();
        let (Some(one), Some(other)) = (one.as_f64(), other.as_f64()) else { return false };
        let apart = (one - other).abs();
        (is_float && apart == 0.0)
            || apart < self.tolerance
            || apart < self.tolerance * one.abs().max(other.abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(tolerance: f64, ignored: &[&str], one: &str, other: &str) -> Option<String> {
        let ignored = ignored.iter().map(|pointer| (*pointer).to_owned()).collect();
        Terms { tolerance, ignored }.difference(one.as_bytes(), other.as_bytes())
    }

    #[test]
    fn json_is_compared_by_structure() {
        for (one, other, expected) in [
            (r#"{"a": 1, "b": [1, 2]}"#, r#"{"b":[1,2],"a":1}"#, None),
            (r#"{"a": 1}"#, r#"{"a": 2}"#, Some("/a")),
            (r#"{"a": [1, {"b/c": 1}]}"#, r#"{"a": [1, {"b/c": "1"}]}"#, Some("/a/1/b~1c")),
            (r#"{"a": 1}"#, r#"{"a": 1, "b": null}"#, Some("/b")),
            ("[1, 2, 3]", "[1, 2]", Some("/2")),
            ("[1]", "{}", Some("")),
            ("plain", "plain", None),
            ("plain", "other", Some("")),
            ("1", "1.0", None),
        ] {
            assert_eq!(difference(0.0, &[], one, other).as_deref(), expected, "{one} {other}");
        }
    }

    #[test]
    fn numbers_within_the_tolerance_and_what_is_ignored_are_alike() {
        assert_eq!(difference(1e-3, &[], "[0.0001, 1000.1]", "[0.0002, 1000.2]"), None);
        assert_eq!(difference(1e-3, &[], "[1.0]", "[1.1]").as_deref(), Some("/0"));
        assert_eq!(difference(1e-3, &[], "9007199254740993", "9007199254740992"), None);
        assert_eq!(
            difference(0.0, &[], "9007199254740993", "9007199254740992").as_deref(),
            Some(""),
            "without a tolerance every digit counts"
        );
        let (one, other) = (r#"{"id": "a", "usage": {"ms": 3}, "y": 1}"#, r#"{"id": "b", "y": 1}"#);
        assert_eq!(difference(0.0, &["/id", "/usage"], one, other), None);
        assert_eq!(difference(0.0, &["/id"], one, other).as_deref(), Some("/usage"));
    }
}
