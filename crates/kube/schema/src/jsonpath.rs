//! The simple JSON paths of definitions: printer columns, scale and selectable fields.

use serde_json::Value;

/// A parsed path such as `.spec.replicas` or `.status.conditions[?(@.type=="Ready")].status`.
#[derive(Clone, Debug, PartialEq)]
pub struct JsonPath {
    _private: (),
}

impl JsonPath {
    /// `Err` is the detail for the definition's error.
    pub fn parse(path: &str) -> std::result::Result<JsonPath, String> {
        let _ = path;
        unimplemented!()
    }

    /// All matches.
    pub fn find<'a>(&self, object: &'a Value) -> Vec<&'a Value> {
        let _ = object;
        unimplemented!()
    }
}
