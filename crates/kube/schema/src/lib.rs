//! Schemas, patches and structured merge of Kubernetes objects.
//!
//! Owns everything about objects that can be decided from the object, its schema
//! and the request alone: field types of the built-in kinds, OpenAPI documents,
//! the four kinds of patch, field ownership, custom resource schemas, names,
//! quantities and selectors. All functions are pure: no I/O, no clock, no
//! randomness (times come in as text). It deliberately does not know storage,
//! HTTP, users, admission or any kind's own behaviour.
//!
//! Where to start reading: [`types::Schema`] is a typed view of a value that
//! [`apply`], [`patch`] and [`strict`] walk; [`builtin`] and [`custom`] make one.

pub mod apply;
pub mod builtin;
pub mod custom;
mod error;
mod field_error;
pub mod gvk;
pub mod jsonpath;
pub mod managed;
pub mod names;
pub mod openapi;
pub mod patch;
pub mod protobuf;
pub mod quantity;
pub mod selector;
pub mod strict;
pub mod types;

pub use error::{Conflict, Error, Result};
pub use field_error::{FieldError, FieldErrorKind, aggregate};
pub use gvk::Gvk;
pub use types::Schema;
