//! What is different between two specs, in lines: pure.

use std::collections::BTreeMap;

use serde_json::Value;

/// Lines that are kept.
const MOST: usize = 50;
/// Characters of a value that are shown.
const SHOWN: usize = 80;

/// `image: "a" → "b"`, a line for each field; entries of lists are told apart by their
/// names. Values of Secrets are in no spec, and so in no line.
pub fn between(old: &Value, new: &Value) -> Vec<String> {
    let (old, new) = (flat(old), flat(new));
    let mut lines: Vec<String> = old
        .iter()
        .filter(|(path, value)| new.get(*path) != Some(value))
        .map(|(path, value)| match new.get(path) {
            Some(other) => format!("{path}: {} → {}", shown(value), shown(other)),
            None => format!("{path}: {} is gone", shown(value)),
        })
        .collect();
    let added = new.iter().filter(|(path, _)| !old.contains_key(*path));
    lines.extend(added.map(|(path, value)| format!("{path}: {}", shown(value))));
    lines.sort();
    if lines.len() > MOST {
        let more = lines.len() - MOST;
        lines.truncate(MOST);
        lines.push(format!("and {more} more"));
    }
    lines
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Every plain value by its path.
fn flat(value: &Value) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    walk(String::new(), value, &mut found);
    found
}

fn walk(path: String, value: &Value, found: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let dot = if path.is_empty() { "" } else { "." };
                walk(format!("{path}{dot}{key}"), value, found);
            }
        }
        Value::Array(list) if list.iter().any(Value::is_object) => {
            for (at, value) in list.iter().enumerate() {
                let name = value.get("name").and_then(Value::as_str);
                let name = name.map_or_else(|| at.to_string(), ToOwned::to_owned);
                walk(format!("{path}[{name}]"), value, found);
            }
        }
        plain => drop(found.insert(path, plain.clone())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_field_has_a_line() {
        let old = json!({"image": "a", "env": [{"name": "X", "value": "1"}, {"name": "Y", "value": "2"}], "command": ["a", "b"]});
        let new = json!({"image": "b", "env": [{"name": "Y", "value": "2"}, {"name": "Z", "value": "3"}], "command": ["a", "c"]});
        assert_eq!(
            between(&old, &new),
            [
                r#"command: ["a","b"] → ["a","c"]"#,
                r#"env[X].name: "X" is gone"#,
                r#"env[X].value: "1" is gone"#,
                r#"env[Z].name: "Z""#,
                r#"env[Z].value: "3""#,
                r#"image: "a" → "b""#,
            ]
        );
        assert!(between(&old, &old).is_empty());
    }

    #[test]
    fn long_values_and_many_lines_are_cut() {
        let many: serde_json::Map<String, Value> =
            (0..99).map(|at| (format!("f{at}"), json!("安".repeat(200)))).collect();
        let lines = between(&json!({}), &Value::Object(many));
        assert_eq!(lines.len(), MOST + 1);
        assert_eq!(lines[MOST], "and 49 more");
        assert!(lines[0].chars().count() < 100, "{}", lines[0]);
    }
}
