//! Rules for single texts. Each function gives the reasons why a text is refused,
//! worded as Kubernetes words them; an empty list means that it is fine.

/// Letters of a DNS-1123 label between its ends.
fn is_dns_middle(b: u8) -> bool {
    b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'
}

fn is_dns_end(b: u8) -> bool {
    b.is_ascii_lowercase() || b.is_ascii_digit()
}

fn is_dns1123(label: &str) -> bool {
    let bytes = label.as_bytes();
    bytes.first().is_some_and(|b| is_dns_end(*b))
        && bytes.last().is_some_and(|b| is_dns_end(*b))
        && bytes.iter().all(|b| is_dns_middle(*b))
}

fn too_long(max: usize) -> String {
    format!("must be no more than {max} bytes")
}

/// `subdomain`: labels joined by dots, at most 253 characters.
pub fn dns1123_subdomain(name: &str) -> Vec<String> {
    let mut reasons = Vec::new();
    if name.len() > 253 {
        reasons.push(too_long(253));
    }
    if !name.split('.').all(is_dns1123) {
        reasons.push(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, \
             '-' or '.', and must start and end with an alphanumeric character (e.g. \
             'example.com', regex used for validation is \
             '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
                .to_owned(),
        );
    }
    reasons
}

/// DNS-1123 label: at most 63 of `[a-z0-9-]`.
pub fn dns1123_label(name: &str) -> Vec<String> {
    let mut reasons = Vec::new();
    if name.len() > 63 {
        reasons.push(too_long(63));
    }
    if !is_dns1123(name) {
        reasons.push(
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or \
             '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or \
             '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
                .to_owned(),
        );
    }
    reasons
}

/// DNS-1035 label: as 1123, but begins with a letter (Service names).
pub fn dns1035_label(name: &str) -> Vec<String> {
    let mut reasons = Vec::new();
    if name.len() > 63 {
        reasons.push(too_long(63));
    }
    if !is_dns1123(name) || !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        reasons.push(
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start \
             with an alphabetic character, and end with an alphanumeric character (e.g. \
             'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
                .to_owned(),
        );
    }
    reasons
}

fn is_name_part(name: &str) -> bool {
    let ends = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = name.as_bytes();
    ends(bytes.first())
        && ends(bytes.last())
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

const NAME_PART: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start \
     and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex \
     used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

/// `prefix/name` or `name`: keys of labels and annotations, condition types, resource names.
pub fn qualified_name(name: &str) -> Vec<String> {
    let mut reasons = Vec::new();
    let parts: Vec<&str> = name.split('/').collect();
    let part = match parts.as_slice() {
        [part] => *part,
        [prefix, part] => {
            if prefix.is_empty() {
                reasons.push("prefix part must be non-empty".to_owned());
            } else {
                reasons.extend(
                    dns1123_subdomain(prefix).into_iter().map(|r| format!("prefix part {r}")),
                );
            }
            part
        }
        _ => {
            return vec![
                "a valid label key must consist of alphanumeric characters, '-', '_' or '.', and \
                 must start and end with an alphanumeric character (e.g. 'MyName',  or \
                 'my.name',  or '123-abc', regex used for validation is \
                 '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain \
                 prefix and '/' (e.g. 'example.com/MyName')"
                    .to_owned(),
            ];
        }
    };
    if part.is_empty() {
        reasons.push("name part must be non-empty".to_owned());
    } else if part.len() > 63 {
        reasons.push(format!("name part {}", too_long(63)));
    }
    if !is_name_part(part) {
        reasons.push(format!("name part {NAME_PART}"));
    }
    reasons
}

/// Value of a label: empty, or at most 63 of `[A-Za-z0-9_.-]` between alphanumerics.
pub fn label_value(value: &str) -> Vec<String> {
    let mut reasons = Vec::new();
    if value.len() > 63 {
        reasons.push(too_long(63));
    }
    if !value.is_empty() && !is_name_part(value) {
        reasons.push(
            "a valid label must be an empty string or consist of alphanumeric characters, '-', \
             '_' or '.', and must start and end with an alphanumeric character (e.g. \
             'MyValue',  or 'my_value',  or '12345', regex used for validation is \
             '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
                .to_owned(),
        );
    }
    reasons
}

/// Key of a ConfigMap or Secret.
pub fn config_key(key: &str) -> Vec<String> {
    let mut reasons = Vec::new();
    if key.len() > 253 {
        reasons.push(too_long(253));
    }
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if key.is_empty() || !key.bytes().all(fits) {
        reasons.push(
            "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. \
             'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is \
             '[-._a-zA-Z0-9]+')"
                .to_owned(),
        );
    }
    match key {
        "." => reasons.push("must not be '.'".to_owned()),
        ".." => reasons.push("must not be '..'".to_owned()),
        _ if key.starts_with("..") => reasons.push("must not start with '..'".to_owned()),
        _ => {}
    }
    reasons
}

/// Name of an environment variable: printable ASCII without `=`.
pub fn env_var_name(name: &str) -> Vec<String> {
    let mut reasons = Vec::new();
    if name.is_empty() || !name.bytes().all(|b| (0x20..0x7f).contains(&b) && b != b'=') {
        reasons.push(
            "a valid environment variable name must consist only of printable ASCII characters \
             other than '='"
                .to_owned(),
        );
    }
    reasons
}

/// Port name: at most 15 of `[a-z0-9-]`, with a letter.
pub fn port_name(name: &str) -> Vec<String> {
    let mut reasons = Vec::new();
    if name.len() > 15 {
        reasons.push("must be no more than 15 characters".to_owned());
    }
    if !name.bytes().all(is_dns_middle) {
        reasons.push(
            "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)".to_owned(),
        );
    }
    if !name.bytes().any(|b| b.is_ascii_lowercase()) {
        reasons.push("must contain at least one letter (a-z)".to_owned());
    }
    if name.contains("--") {
        reasons.push("must not contain consecutive hyphens".to_owned());
    }
    if name.starts_with('-') || name.ends_with('-') {
        reasons.push("must not begin or end with a hyphen".to_owned());
    }
    reasons
}

/// Path segment names (RBAC roles): anything but `.`, `..`, `/` and `%`.
pub fn path_segment(name: &str) -> Vec<String> {
    match name {
        "." => return vec!["may not be '.'".to_owned()],
        ".." => return vec!["may not be '..'".to_owned()],
        _ => {}
    }
    ["/", "%"]
        .iter()
        .filter(|c| name.contains(**c))
        .map(|c| format!("may not contain '{c}'"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subdomains_and_labels() {
        assert!(dns1123_subdomain("a.b-c.d1").is_empty());
        assert_eq!(dns1123_subdomain("Bad_Name").len(), 1);
        assert_eq!(dns1123_subdomain(&"a".repeat(254)), ["must be no more than 253 bytes"]);
        assert!(dns1123_label("a.b")[0].starts_with("a lowercase RFC 1123 label must"));
        assert!(dns1035_label("1a")[0].starts_with("a DNS-1035 label must"));
    }

    #[test]
    fn qualified_names_have_one_slash_at_most() {
        assert!(qualified_name("example.com/MyName").is_empty());
        assert_eq!(qualified_name("a/b/c").len(), 1);
        assert_eq!(qualified_name("/b"), ["prefix part must be non-empty"]);
        assert_eq!(qualified_name("").len(), 2);
        assert!(label_value("").is_empty());
        assert_eq!(label_value("-").len(), 1);
    }
}
