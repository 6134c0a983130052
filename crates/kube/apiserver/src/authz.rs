//! Who may do what: Kubernetes' RBAC over the stored roles and bindings.
//!
//! `attributes` is the question, `rule` one policy rule, `policy` the roles and
//! bindings in memory, `escalation` the rule that nobody gives what they do not
//! have, `bootstrap` the roles that every cluster starts with.

pub mod attributes;
pub mod bootstrap;
pub mod escalation;
pub mod policy;
pub mod rule;

pub use attributes::Attributes;
pub use policy::Policy;
pub use rule::Rule;
