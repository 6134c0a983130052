//! Labels and annotations that every object made by dais carries.
//!
//! Application and user are dimensions of logs, metrics and traces; they get
//! there through these labels alone.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

/// The application that a pod's logs, metrics and traces belong to.
pub const APP: &str = "dais.io/app";
/// The person that a pod runs for, in label-safe form ([`label_value`]).
pub const USER: &str = "dais.io/user";
/// The kind that a pod was made for, for example `TrainingJob`.
pub const KIND: &str = "dais.io/kind";
/// Name of the object that a pod works for, in label-safe form.
pub const INSTANCE: &str = "app.kubernetes.io/instance";
/// Annotation with the exact name behind [`INSTANCE`].
pub const INSTANCE_ANNOTATION: &str = "dais.io/instance-name";
/// On a Secret: the gateway may read it, for the routes whose policies name it.
pub const GATEWAY_CREDENTIAL: &str = "dais.io/gateway-credential";
/// On a Namespace: the workspace that the project belongs to.
pub const WORKSPACE: &str = "dais.io/workspace";
/// Annotation of a Namespace: aliases of the project's models that move by approval
/// alone, with commas between them.
pub const PROTECTED_ALIASES: &str = "dais.io/protected-aliases";
/// What [`PROTECTED_ALIASES`] lists.
pub fn protected_aliases(annotations: &BTreeMap<String, String>) -> Vec<String> {
    let names = annotations.get(PROTECTED_ALIASES).map_or("", String::as_str);
    names.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// Annotation with the exact name of the person behind [`USER`].
pub const USER_ANNOTATION: &str = "dais.io/user-name";
/// Annotation set by the API server's caller: who created the object.
pub const CREATED_BY: &str = "dais.io/created-by";

/// Annotation set by the API server's caller: who last changed the object's spec.
pub const CHANGED_BY: &str = "dais.io/changed-by";

/// Longest label value that Kubernetes accepts.
const MAX_VALUE: usize = 63;
/// Hex digits of the digest that keeps changed names apart.
const DIGEST_DIGITS: usize = 8;

/// `name` in the form that a label value may have: lower case, other characters
/// as `-`, and eight hex digits of the name's SHA-256 when anything changed or
/// was cut, so that two names never meet.
pub fn label_value(name: &str) -> String {
    let safe: String = name
        .chars()
        .map(|c| match c.to_ascii_lowercase() {
            c @ ('a'..='z' | '0'..='9' | '-' | '_' | '.') => c,
            _ => '-',
        })
        .collect();
    let trimmed = safe.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    if trimmed == name && name.len() <= MAX_VALUE {
        return name.to_owned();
    }
    let digest = Sha256::digest(name.as_bytes());
    let hex: String = digest.iter().take(DIGEST_DIGITS / 2).map(|b| format!("{b:02x}")).collect();
    let kept: String = trimmed.chars().take(MAX_VALUE - DIGEST_DIGITS - 1).collect();
    let kept = kept.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
    if kept.is_empty() { hex } else { format!("{kept}-{hex}") }
}

/// The labels of a pod that dais makes for object `name` of kind `kind`.
pub fn pod_labels(kind: &str, name: &str, app: &str, user: &str) -> BTreeMap<String, String> {
    let component = kind.to_ascii_lowercase();
    [
        ("app.kubernetes.io/name", label_value(app)),
        (INSTANCE, label_value(name)),
        ("app.kubernetes.io/component", component),
        ("app.kubernetes.io/part-of", "dais".to_owned()),
        ("app.kubernetes.io/managed-by", "dais".to_owned()),
        (APP, label_value(app)),
        (USER, label_value(user)),
        (KIND, kind.to_owned()),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn safe_names_stay() {
        assert_eq!(label_value("score-card"), "score-card");
        assert_eq!(label_value("user.17"), "user.17");
    }

    #[test]
    fn aliases_are_read_with_or_without_blanks() {
        let listed = |names: &str| {
            protected_aliases(&BTreeMap::from([(PROTECTED_ALIASES.to_owned(), names.to_owned())]))
        };
        assert_eq!(listed("production, champion ,,"), ["production", "champion"]);
        assert!(listed(" ").is_empty() && protected_aliases(&BTreeMap::new()).is_empty());
    }

    #[test]
    fn changed_names_stay_apart() {
        let ann = label_value("Ann@example.org");
        assert!(ann.starts_with("ann-example.org-"));
        assert_ne!(ann, label_value("ann@example.org"));
        assert_eq!(label_value("张三").len(), DIGEST_DIGITS);
    }

    #[test]
    fn long_names_fit_a_label() {
        let long = "a".repeat(253);
        assert!(label_value(&long).len() <= MAX_VALUE);
        assert_ne!(label_value(&long), label_value(&"a".repeat(252)));
    }
}
