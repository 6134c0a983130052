//! Names, labels, annotations and other metadata: what is allowed, in Kubernetes's words.
//!
//! [`rules`] are the rules for single texts, [`metadata`] applies them to objects.

pub mod metadata;
pub mod rules;

pub use metadata::{NameRule, validate_labels, validate_metadata, validate_metadata_update};
pub use rules::{
    config_key, dns1035_label, dns1123_label, dns1123_subdomain, env_var_name, label_value,
    path_segment, port_name, qualified_name,
};
