//! Field ownership as stored in `metadata.managedFields`.
//!
//! [`set::FieldSet`] is the algebra of sets of field paths (`fieldsV1`),
//! [`entries::Entries`] the list of owners around them; this module names managers.
//! Who gains and loses fields is decided in [`crate::apply`].

pub mod entries;
pub mod set;

pub use set::{FieldSet, PathElement};

use serde_json::Value;

use crate::field_error::FieldError;

/// Longest name of a manager, in bytes.
const MAX_NAME: usize = 128;

/// Who writes, how and when.
#[derive(Clone, Debug)]
pub struct Manager<'a> {
    /// `fieldManager`, or the part of the user agent before the first `/`
    /// ([`manager_of_user_agent`]).
    pub name: &'a str,
    /// `status`, `scale`, or empty for the main resource.
    pub subresource: &'a str,
    /// `apiVersion` of the request's object.
    pub api_version: &'a str,
    /// RFC 3339 with seconds.
    pub time: &'a str,
}

impl Manager<'_> {
    pub(crate) fn owner(&self, applies: bool) -> entries::Owner {
        entries::Owner {
            manager: self.name.to_owned(),
            applies,
            subresource: self.subresource.to_owned(),
            api_version: self.api_version.to_owned(),
        }
    }
}

/// The manager's name when the request gives none: the user agent up to the first
/// `/`, at most 128 bytes, unprintable characters dropped.
pub fn manager_of_user_agent(user_agent: &str) -> String {
    let name = user_agent.split('/').next().unwrap_or_default();
    let mut kept = String::new();
    for c in name.chars().filter(|c| !c.is_control()) {
        if kept.len() + c.len_utf8() > MAX_NAME {
            break;
        }
        kept.push(c);
    }
    kept
}

/// Checks `fieldManager` of a request: at most 128 bytes, printable. For options errors.
pub fn check_manager_name(name: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if name.len() > MAX_NAME {
        errors.push(FieldError::too_long("fieldManager", MAX_NAME));
    }
    for (position, c) in name.chars().enumerate().filter(|(_, c)| c.is_control()) {
        let detail = format!("invalid character U+{:04X} (at position {position})", c as u32);
        errors.push(FieldError::invalid("fieldManager", &Value::from(name), &detail));
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_user_agents() {
        assert_eq!(manager_of_user_agent("kubectl/v1.36 (linux)"), "kubectl");
        assert_eq!(manager_of_user_agent(&"x".repeat(200)).len(), 128);
    }

    #[test]
    fn tabs_are_named_with_their_place() {
        let errors = check_manager_name("a\tb");
        assert_eq!(
            errors[0].to_string(),
            r#"fieldManager: Invalid value: "a\tb": invalid character U+0009 (at position 1)"#
        );
    }
}
