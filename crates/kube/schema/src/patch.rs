//! The three patches that need no field ownership: RFC 6902, RFC 7396 and the
//! strategic merge patch. Pure: object and patch in, object out. Server-side apply
//! is in [`crate::apply`].

pub mod json;
pub mod merge;
pub mod strategic;

use serde_json::Value;

use crate::error::{Error, Result};

/// A merge patch must be an object; the words are those of Go's decoder.
fn must_be_object(patch: &Value, before: &str) -> Result<()> {
    let got = match patch {
        Value::Object(_) => return Ok(()),
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
    };
    Err(Error::BadRequest(format!(
        "{before}json: cannot unmarshal {got} into Go value of type map[string]interface {{}}"
    )))
}
