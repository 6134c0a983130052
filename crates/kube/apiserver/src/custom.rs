//! Custom resources: what a CustomResourceDefinition makes of the server.
//!
//! `kind` is one served version of a definition, compiled; `establish` turns the
//! stored definitions into the catalogue and writes their conditions;
//! `columns` are their printer columns.

pub mod establish;
pub mod kind;

pub use kind::CustomKind;
