//! CustomResourceDefinition objects themselves.

use serde_json::Value;

use crate::field_error::FieldError;

/// Fills in `spec.names.singular`, `listKind`, `spec.conversion` and
/// `status.storedVersions` as the real server does on create.
pub fn default(definition: &mut Value) {
    let _ = definition;
    unimplemented!()
}

/// Everything that is wrong with a definition, in the server's words.
pub fn validate(definition: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let _ = (definition, old);
    unimplemented!()
}
