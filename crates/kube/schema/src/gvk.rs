//! Group, version and kind of an object.

use std::fmt;

use serde_json::Value;

/// Names one kind in one version. The core group is the empty string.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Gvk {
    pub group: String,
    pub version: String,
    pub kind: String,
}

impl Gvk {
    pub fn new(
        group: impl Into<String>,
        version: impl Into<String>,
        kind: impl Into<String>,
    ) -> Gvk {
        Gvk { group: group.into(), version: version.into(), kind: kind.into() }
    }

    /// From `apiVersion` and `kind`: `apps/v1` or `v1`.
    pub fn parse(api_version: &str, kind: &str) -> Gvk {
        let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
        Gvk::new(group, version, kind)
    }

    /// Of an object that carries both; missing ones are empty.
    pub fn of(object: &Value) -> Gvk {
        let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
        Gvk::parse(text("apiVersion"), text("kind"))
    }

    /// `v1`, `apps/v1`.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }
}

/// As the server prints it in messages: `apps/v1, Kind=Deployment`, `/v1, Kind=Pod`.
impl fmt::Display for Gvk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}, Kind={}", self.group, self.version, self.kind)
    }
}

/// A string in double quotes with the escapes that Go's `%q` uses for printable text.
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if (c as u32) < 0x20 || c as u32 == 0x7f => {
                quoted.push_str(&format!("\\x{:02x}", c as u32));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn core_and_named_groups() {
        assert_eq!(Gvk::parse("v1", "Pod").to_string(), "/v1, Kind=Pod");
        assert_eq!(Gvk::parse("apps/v1", "Deployment").api_version(), "apps/v1");
        assert_eq!(Gvk::parse("apps/v1", "Deployment").group, "apps");
    }

    #[test]
    fn quoting_escapes_control_characters() {
        assert_eq!(quote("a\tb\"\u{1}"), "\"a\\tb\\\"\\x01\"");
    }
}
