//! The door to `dais-schema`: finished parts are re-exported, the others stand in
//! until they are.

pub use ::dais_schema::{Error, FieldError, Gvk, Schema, aggregate, apply, builtin, managed, names, quantity, selector, strict};

pub use crate::interim::{custom, jsonpath, openapi};

pub mod patch {
    pub use crate::interim::strategic;
    pub use ::dais_schema::patch::{json, merge};
}
