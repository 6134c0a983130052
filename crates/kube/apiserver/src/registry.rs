//! What is served: the built-in resources and the custom ones.
//!
//! `resource` says what a resource is, `builtin` lists those that Kubernetes
//! has, `catalog` finds one by group, version and plural and is replaced as a
//! whole when a CustomResourceDefinition changes.

pub mod builtin;
pub mod catalog;
pub mod resource;

pub use catalog::{Catalog, Group};
pub use resource::{Resource, Verb, Verbs};
