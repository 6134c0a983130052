//! RFC 6902 JSON patch, with the server's limits.

use json_patch::{Patch, PatchErrorKind, PatchOperation};
use serde_json::Value;

use crate::error::{Error, Result};
use crate::strict::decode_json;

/// Most operations in one patch, as on the real server.
pub const MAX_OPERATIONS: usize = 10_000;

/// Most values that all `copy` operations of one patch may add: each can double the object.
const MAX_COPIES: usize = 64;

/// Applies a patch body to an object. Errors are typed: a body that isn't a list of
/// operations is 400, one that doesn't fit the object 422, too many operations 413.
/// The second value of the result is the warnings (duplicate fields of operations).
pub fn apply(object: &Value, patch: &[u8]) -> Result<(Value, Vec<String>)> {
    let decoded = decode_json(patch, None)
        .map_err(|e| Error::BadRequest(format!("error decoding patch: {e}")))?;
    let operations = match &decoded.value {
        Value::Array(operations) => operations,
        _ => {
            let text = "error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch";
            return Err(Error::BadRequest(text.to_owned()));
        }
    };
    if operations.len() > MAX_OPERATIONS {
        return Err(Error::TooLarge(format!(
            "The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {}",
            operations.len()
        )));
    }
    let copies = operations.iter().filter(|o| o["op"] == "copy").count();
    if copies > MAX_COPIES {
        return Err(Error::TooLarge(format!(
            "The allowed maximum copy operations in a JSON patch is {MAX_COPIES}, got {copies}"
        )));
    }
    if let Some(kind) = operations.iter().find_map(unknown_operation) {
        return Err(unusable(&format!("Unexpected kind: {kind}")));
    }
    let patch: Patch = serde_json::from_value(decoded.value)
        .map_err(|error| unusable(&format!("the operation is not complete: {error}")))?;
    let mut result = object.clone();
    for (number, operation) in patch.0.iter().enumerate() {
        if finds_nothing_as_told(operation, &result) {
            continue;
        }
        json_patch::patch(&mut result, std::slice::from_ref(operation)).map_err(|error| {
            unusable(&match error.kind {
                PatchErrorKind::TestFailed => {
                    format!("testing value {} failed: test failed", error.path)
                }
                _ => format!(
                    "operation {number} at {} does not apply: doc is missing path: missing value",
                    error.path
                ),
            })
        })?;
    }
    Ok((result, decoded.problems))
}

/// The real server's `test` takes a path that is not there for null, which
/// RFC 6902 does not; clients ask this way for "not set yet".
fn finds_nothing_as_told(operation: &PatchOperation, object: &Value) -> bool {
    let PatchOperation::Test(test) = operation else { return false };
    test.value.is_null() && object.pointer(test.path.as_str()).is_none()
}

fn unknown_operation(operation: &Value) -> Option<&str> {
    let kind = operation["op"].as_str().unwrap_or("unknown");
    let known = ["add", "remove", "replace", "move", "copy", "test"];
    (!known.contains(&kind)).then_some(kind)
}

/// The real server answers 422 with the bare reason `Invalid` and this message.
fn unusable(detail: &str) -> Error {
    Error::Unprocessable(format!(
        "the server rejected our request due to an error in our request: {detail}"
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn operations_apply_in_order() {
        let patch = br#"[{"op": "test", "path": "/a", "value": 1}, {"op": "add", "path": "/l/0",
            "value": 0}, {"op": "move", "from": "/a", "path": "/b"}]"#;
        let (result, _) = apply(&json!({"a": 1, "l": [1]}), patch).expect("fits");
        assert_eq!(result, json!({"b": 1, "l": [0, 1]}));
    }

    #[test]
    fn a_test_for_null_holds_where_nothing_is() {
        let patch = br#"[{"op": "test", "path": "/f", "value": null},
            {"op": "add", "path": "/f", "value": ["x"]}]"#;
        assert_eq!(apply(&json!({}), patch).expect("fits").0, json!({"f": ["x"]}));
        assert_eq!(apply(&json!({"f": []}), patch).expect_err("refused").code(), 422);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let code = |patch: &[u8]| apply(&json!({"a": 1}), patch).expect_err("refused").code();
        assert_eq!(code(br#"[{"op": "remove", "path": "/x"}]"#), 422);
        assert_eq!(code(br#"[{"op": "test", "path": "/a", "value": 2}]"#), 422);
        assert_eq!(code(br#"[{"op": "frob", "path": "/a"}]"#), 422);
        assert_eq!(code(br#"{"op": "remove"}"#), 400);
        let many = format!("[{}]", vec![r#"{"op":"remove","path":"/a"}"#; 10_001].join(","));
        assert_eq!(code(many.as_bytes()), 413);
    }
}
