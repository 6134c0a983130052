//! The door to `dais-schema`: finished parts are re-exported, the others stand in
//! until they are.

pub use ::dais_schema::{
    Error, FieldError, Gvk, Schema, aggregate, apply, builtin, managed, names, patch, quantity,
    selector, strict,
};

pub use crate::interim::{jsonpath, openapi};

pub mod custom {
    pub use crate::interim::definition;
    pub use ::dais_schema::custom::CustomSchema;
}
