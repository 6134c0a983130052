//! Takes secrets out of an object before it is written down.
//!
//! A secret becomes `**** (` eight hex digits `)`: a keyed hash of the value and of
//! where it stands, so that one sees that it changed, and can neither read it nor
//! try a guess elsewhere. What is a secret is told by its place (a Secret's data), by
//! the name beside it (`DB_PASSWORD`), or by the text around it (`--token=…`,
//! `user:password@host`).

use std::path::Path;

use hmac::{Hmac, Mac};
use serde_json::{Map, Value};
use sha2::Sha256;

use crate::secret::hex;
use crate::{Result, key_file};

/// In the names of variables, of keys of a ConfigMap and of options.
const IN_VARIABLES: [&str; 6] = ["PASSWORD", "PASSWD", "TOKEN", "KEY", "SECRET", "CREDENTIAL"];
/// In the names of fields, where `key` alone says nothing.
const IN_FIELDS: [&str; 9] = [
    "PASSWORD",
    "PASSWD",
    "TOKEN",
    "SECRET",
    "CREDENTIAL",
    "APIKEY",
    "API_KEY",
    "ACCESS_KEY",
    "PRIVATE_KEY",
];
/// Fields that name a secret or say where it lies: the name is none.
const NAMING: [&str; 8] = ["name", "ref", "file", "path", "key", "namespace", "seconds", "type"];
const APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

const FILE: &str = "audit.key";

/// The masks of a data directory; makes their key at the first start. Without it the
/// hashes of before compare with nothing; nothing else depends on it.
pub(crate) fn open(folder: &Path) -> Result<Masks> {
    Ok(Masks::new(key_file::open(&folder.join(FILE))?))
}

/// The key of one data directory's hashes.
#[derive(Clone)]
pub(crate) struct Masks([u8; 32]);

impl Masks {
    pub(crate) fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// The object without its secrets.
    pub(crate) fn mask(&self, object: &Value) -> Value {
        let text = |pointer| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let place = ["/apiVersion", "/kind", "/metadata/namespace", "/metadata/name"].map(text);
        let hidden: &[&str] = match text("/kind") {
            "Secret" => &["data", "stringData"],
            _ => &[],
        };
        let Value::Object(fields) = object else { return self.value(&place.join("/"), object) };
        let masked = fields.iter().map(|(name, value)| {
            let at = format!("{}/{name}", place.join("/"));
            let masked = match (hidden.contains(&name.as_str()), text("/kind"), name.as_str()) {
                (true, ..) => self.everything(&at, value),
                (false, "ConfigMap", "data" | "binaryData") => self.variables(&at, value),
                _ => self.field(&at, name, value),
            };
            (name.clone(), masked)
        });
        Value::Object(masked.collect())
    }

    fn stars(&self, at: &str, value: &Value) -> Value {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("any key length will do");
        mac.update(at.as_bytes());
        mac.update(b"\0");
        mac.update(value.to_string().as_bytes());
        format!("**** ({})", hex(&mac.finalize().into_bytes()[..4])).into()
    }

    /// Every value below is a secret.
    fn everything(&self, at: &str, value: &Value) -> Value {
        match value {
            Value::Object(fields) => {
                map(fields, |name, value| self.everything(&format!("{at}/{name}"), value))
            }
            Value::Null => Value::Null,
            other => self.stars(at, other),
        }
    }

    /// Keys are names of variables.
    fn variables(&self, at: &str, value: &Value) -> Value {
        let Value::Object(fields) = value else { return self.value(at, value) };
        map(fields, |name, value| {
            let at = format!("{at}/{name}");
            if names_secret(name, &IN_VARIABLES) {
                self.everything(&at, value)
            } else {
                self.value(&at, value)
            }
        })
    }

    fn field(&self, at: &str, name: &str, value: &Value) -> Value {
        let scalar = value.is_string() || value.is_number();
        let lower = name.to_lowercase();
        let naming = NAMING.iter().any(|end| lower.ends_with(end));
        let secret = name == APPLIED
            || names_secret(name, &IN_FIELDS) && (!naming || lower.ends_with("_key"))
            || ["apikey", "accesskey", "privatekey"].iter().any(|end| lower.ends_with(end));
        if scalar && secret { self.stars(at, value) } else { self.value(at, value) }
    }

    fn value(&self, at: &str, value: &Value) -> Value {
        match value {
            Value::Object(fields) => {
                let variable = fields.get("name").and_then(Value::as_str);
                let secret = variable.is_some_and(|name| names_secret(name, &IN_VARIABLES));
                map(fields, |name, value| {
                    let at = format!("{at}/{name}");
                    match value {
                        Value::String(_) if secret && name == "value" => self.stars(&at, value),
                        _ => self.field(&at, name, value),
                    }
                })
            }
            Value::Array(items) => self.items(at, items),
            Value::String(text) => self.text(at, text).into(),
            other => other.clone(),
        }
    }

    /// In a list of words, an option's value may be the next word.
    fn items(&self, at: &str, items: &[Value]) -> Value {
        let mut after_option = false;
        let masked = items.iter().enumerate().map(|(position, item)| {
            let at = format!("{at}/{position}");
            let text = item.as_str().unwrap_or_default();
            let secret = after_option && !text.is_empty() && !text.starts_with('-');
            after_option =
                text.starts_with('-') && !text.contains('=') && names_secret(text, &IN_VARIABLES);
            if secret { self.stars(&at, item) } else { self.value(&at, item) }
        });
        masked.collect()
    }

    /// Masks what follows `password=`, `token: ` and the like, and the password of
    /// an address.
    fn text(&self, at: &str, text: &str) -> String {
        if !text.contains(['=', ':']) {
            return text.to_owned();
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(position) = rest.find(['=', ':']) {
            let (before, after) = rest.split_at(position);
            out.push_str(before);
            out.push_str(&after[..1]);
            rest = &after[1..];
            let value = if after.starts_with(':') && rest.starts_with("//") {
                password_of_address(rest)
            } else {
                assigned(before, &after[..1], rest)
            };
            if let Some((skip, length)) = value {
                out.push_str(&rest[..skip]);
                let hidden = Value::from(&rest[skip..skip + length]);
                out.push_str(self.stars(at, &hidden).as_str().unwrap_or("****"));
                rest = &rest[skip + length..];
            }
        }
        out.push_str(rest);
        out
    }
}

fn map(fields: &Map<String, Value>, each: impl Fn(&str, &Value) -> Value) -> Value {
    Value::Object(fields.iter().map(|(name, value)| (name.clone(), each(name, value))).collect())
}

fn names_secret(name: &str, words: &[&str]) -> bool {
    let name = name.to_uppercase().replace(['-', '.'], "_");
    words.iter().any(|word| name.contains(word))
}

/// Where the password stands in `//user:password@host`.
fn password_of_address(rest: &str) -> Option<(usize, usize)> {
    let end = rest[2..].find(|c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\'' | '?'));
    let authority = &rest[2..end.map_or(rest.len(), |end| end + 2)];
    let (user, _) = authority.rsplit_once('@')?;
    let (name, password) = user.split_once(':')?;
    (!password.is_empty()).then_some((2 + name.len() + 1, password.len()))
}

/// Where the value stands that a secret's name is given, up to the next white space,
/// quote or separator.
fn assigned(before: &str, sign: &str, rest: &str) -> Option<(usize, usize)> {
    let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let name = before.trim_end_matches([' ', '"', '\'']);
    let start = name
        .rfind(|c: char| !word(c))
        .map_or(0, |at| at + name[at..].chars().next().map_or(1, char::len_utf8));
    let name = &name[start..];
    let secret = names_secret(name, &IN_FIELDS)
        || name.to_lowercase() == "key" && sign == "="
        || name.to_uppercase() == "AUTHORIZATION";
    let naming =
        ["name", "file", "path", "ref"].iter().any(|end| name.to_lowercase().ends_with(end));
    if name.is_empty() || naming || !secret {
        return None;
    }
    let skip = rest.len() - rest.trim_start_matches([' ', '"', '\'']).len();
    let value = &rest[skip..];
    let ends = |c: char| matches!(c, '\n' | '\r' | '"' | '\'' | '&' | ',' | ';' | '}');
    // A header's scheme and its token are two words of one value.
    let spaced = name.to_uppercase() == "AUTHORIZATION";
    let length = value.find(|c: char| ends(c) || c.is_whitespace() && !spaced);
    let length = length.unwrap_or(value.len());
    (length > 0).then_some((skip, length))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn masked(object: Value) -> String {
        Masks::new([7; 32]).mask(&object).to_string()
    }

    #[test]
    fn no_secret_is_left_wherever_it_stands() {
        for object in [
            json!({"kind": "Secret", "data": {"plain": "s3same"}}),
            json!({"kind": "Secret", "stringData": {"plain": "s3same"}, "type": "Opaque"}),
            json!({"kind": "ConfigMap", "data": {"DB_KEY": "s3same"}}),
            json!({"kind": "ConfigMap", "data": {"app.ini": "user=a\npassword = s3same\n"}}),
            json!({"kind": "ConfigMap", "data": {"app.yaml": "db:\n  password: \"s3same\"\n"}}),
            json!({"kind": "Pod", "spec": {"containers": [{"env": [
                {"name": "API_KEY", "value": "s3same"}]}]}}),
            json!({"kind": "Pod", "spec": {"containers": [{"args": ["--token", "s3same"]}]}}),
            json!({"kind": "Pod", "spec": {"containers": [{"args": ["--db-password=s3same"]}]}}),
            json!({"kind": "Pod", "spec": {"command": "curl -H 'Authorization: Bearer s3same' x"}}),
            json!({"kind": "Pod", "spec": {"url": "postgres://ann:s3same@db/x"}}),
            json!({"kind": "Pod", "spec": {"url": "https://x/send?access_token=s3same&a=b"}}),
            json!({"metadata": {"annotations": {APPLIED: "{\"data\": \"s3same\"}"}}}),
            json!({"kind": "Thing", "spec": {"adminPassword": "s3same", "apiKey": "s3same"}}),
        ] {
            let masked = masked(object.clone());
            assert!(!masked.contains("s3same"), "{masked}");
            assert!(masked.contains("**** ("), "{masked}");
        }
    }

    #[test]
    fn what_is_no_secret_stays_readable() {
        for object in [
            json!({"kind": "Pod", "spec": {"volumes": [{"secret": {"secretName": "db"}}]}}),
            json!({"kind": "Pod", "spec": {"env": [{"name": "DB_PASSWORD", "valueFrom":
                {"secretKeyRef": {"name": "db", "key": "password"}}}]}}),
            json!({"kind": "Pod", "spec": {"tolerations": [{"key": "gpu"}], "secrets": [{"name": "x"}]}}),
            json!({"kind": "Pod", "spec": {"image": "registry:5000/a:v1", "args": ["--lr=0.1"]}}),
            json!({"kind": "Pod", "spec": {"tokenExpirationSeconds": 600, "port": "http://x:80/a"}}),
            json!({"kind": "ConfigMap", "data": {"LEVEL": "info", "a": "时间：user=安"}}),
        ] {
            assert_eq!(masked(object.clone()), object.to_string());
        }
    }

    #[test]
    fn a_change_shows_and_the_same_secret_elsewhere_does_not() {
        let secret = |name: &str, value: &str| {
            masked(json!({"kind": "Secret", "metadata": {"name": name}, "data": {"k": value}}))
        };
        let stars = |text: String| text[text.find("****").unwrap()..].to_owned();
        assert_eq!(secret("a", "x"), secret("a", "x"));
        assert_ne!(secret("a", "x"), secret("a", "y"));
        assert_ne!(stars(secret("a", "x")), stars(secret("b", "x")));
    }
}
