//! RFC 7396 merge patch.

use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::strict::decode_json;

/// Applies a patch body to an object; the second value is the warnings (duplicate fields).
pub fn apply(object: &Value, patch: &[u8]) -> Result<(Value, Vec<String>)> {
    let decoded = decode_json(patch, None)
        .map_err(|error| Error::BadRequest(format!("error decoding patch: {error}")))?;
    super::must_be_object(&decoded.value, "error decoding patch: ")?;
    let mut result = object.clone();
    merge(&mut result, &decoded.value);
    Ok((result, decoded.problems))
}

/// The patch alone, on parsed values.
pub fn merge(object: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *object = patch.clone();
        return;
    };
    if !object.is_object() {
        *object = Value::Object(Map::new());
    }
    let Value::Object(fields) = object else { return };
    for (name, change) in changes {
        if change.is_null() {
            fields.shift_remove(name);
        } else {
            merge(fields.entry(name.clone()).or_insert(Value::Null), change);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn follows_the_rfcs_examples() {
        let cases = [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (
                json!({"a": {"b": "c"}}),
                json!({"a": {"b": "d", "c": null}}),
                json!({"a": {"b": "d"}}),
            ),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ];
        for (mut object, patch, wanted) in cases {
            merge(&mut object, &patch);
            assert_eq!(object, wanted);
        }
        assert_eq!(
            apply(&json!({}), b"[]").expect_err("a list").to_string(),
            "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}"
        );
    }
}
