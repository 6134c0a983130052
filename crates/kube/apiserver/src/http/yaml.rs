//! YAML in and out. The first document of a body counts, as in Kubernetes.

use serde_json::Value;

use crate::status::Failure;

/// # Errors
/// 400 in words where the text is not YAML.
pub fn parse(text: &[u8]) -> Result<Value, Failure> {
    let text = std::str::from_utf8(text)
        .map_err(|error| Failure::bad_request(format!("yaml: {error}")))?;
    let mut rest = text;
    if let Some(after) = rest.trim_start().strip_prefix("---") {
        rest = after;
    }
    let first = rest.split("\n---").next().unwrap_or_default();
    serde_saphyr::from_str(first).map_err(|error| {
        let words = error.to_string();
        let line = words.lines().next().unwrap_or("cannot be read").to_owned();
        Failure::bad_request(format!("error converting YAML to JSON: yaml: {line}"))
    })
}

/// A value as YAML with the fields in alphabetical order, as Kubernetes writes it.
pub fn write(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(map) if !map.is_empty() => write_map(map, 0, &mut out),
        Value::Array(list) if !list.is_empty() => write_list(list, 0, &mut out),
        scalar => {
            out.push_str(&flow(scalar, 0));
            out.push('\n');
        }
    }
    out
}

fn write_map(map: &serde_json::Map<String, Value>, depth: usize, out: &mut String) {
    let mut keys: Vec<&String> = map.keys().collect();
    keys.sort();
    for (position, key) in keys.into_iter().enumerate() {
        if position > 0 || out.ends_with('\n') {
            indent(depth, out);
        }
        out.push_str(&string(key, depth, true));
        out.push(':');
        match &map[key] {
            Value::Object(inner) if !inner.is_empty() => {
                out.push('\n');
                write_map(inner, depth + 1, out);
            }
            Value::Array(list) if !list.is_empty() => {
                out.push('\n');
                write_list(list, depth, out);
            }
            scalar => {
                out.push(' ');
                out.push_str(&flow(scalar, depth + 1));
                out.push('\n');
            }
        }
    }
}

fn write_list(list: &[Value], depth: usize, out: &mut String) {
    for item in list {
        if out.is_empty() || out.ends_with('\n') {
            indent(depth, out);
        }
        out.push_str("- ");
        match item {
            Value::Object(inner) if !inner.is_empty() => write_map(inner, depth + 1, out),
            Value::Array(inner) if !inner.is_empty() => write_list(inner, depth + 1, out),
            scalar => {
                out.push_str(&flow(scalar, depth + 1));
                out.push('\n');
            }
        }
    }
}

fn indent(depth: usize, out: &mut String) {
    for _ in 0..depth {
        out.push_str("  ");
    }
}

fn flow(value: &Value, depth: usize) -> String {
    match value {
        Value::String(text) => string(text, depth, false),
        other => other.to_string(),
    }
}

/// A string: plain where it cannot be read as anything else, a block where it
/// has lines, quoted otherwise.
fn string(text: &str, depth: usize, key: bool) -> String {
    if plain(text) {
        return text.to_owned();
    }
    if !key && text.contains('\n') && block(text) {
        let chomp = if text.ends_with("\n\n") {
            "+"
        } else if text.ends_with('\n') {
            ""
        } else {
            "-"
        };
        let body = text.strip_suffix('\n').unwrap_or(text);
        let pad = "  ".repeat(depth);
        let lines: Vec<String> = body
            .split('\n')
            .map(|line| if line.is_empty() { String::new() } else { format!("{pad}{line}") })
            .collect();
        return format!("|{chomp}\n{}", lines.join("\n"));
    }
    if text.contains(|c: char| c.is_control() || c == '\u{feff}')
        || text.contains('"') && text.contains('\'') && text.contains('\\')
    {
        return Value::from(text).to_string();
    }
    if reads_as_scalar(text) {
        Value::from(text).to_string()
    } else {
        format!("'{}'", text.replace('\'', "''"))
    }
}

fn block(text: &str) -> bool {
    !text.starts_with([' ', '\n'])
        && !text.chars().any(|c| c.is_control() && c != '\n' && c != '\t')
}

/// Numbers, times, booleans and nulls would be read as such without quotes.
fn reads_as_scalar(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let word = matches!(
        lower.as_str(),
        "" | "~" | "null" | "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n"
    );
    let first = text.trim_start_matches(['+', '-', '.']).chars().next();
    word || first.is_some_and(|c| c.is_ascii_digit())
        && !text.contains(|c: char| {
            c.is_alphabetic() && !"eExXoOTZ_".contains(c) && !c.is_ascii_hexdigit()
        })
        || matches!(lower.as_str(), ".inf" | "-.inf" | "+.inf" | ".nan")
}

fn plain(text: &str) -> bool {
    let Some(first) = text.chars().next() else { return false };
    let Some(last) = text.chars().last() else { return false };
    !reads_as_scalar(text)
        && !"-?:,[]{}#&*!|>'\"%@` =".contains(first)
        && !last.is_whitespace()
        && last != ':'
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.contains(|c: char| c.is_control() || c == '\u{feff}')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_reads_back_the_same() {
        let value = json!({
            "a": "plain", "b": "1", "c": "true", "d": "two\nlines\n", "e": "x: y", "f": [], "g": {}, "h": null,
            "i": ["- dash", {"k": [1, 2.5, {"z": "#"}], "j": "it's"}], "k": "no newline\nat end", "l": "tab\there",
            "m": "2026-11-24T19:00:00Z", "n": "10.0.0.1", "o": "", "p": " lead", "q": "1e3", "kubernetes.io/x": "y", "r": "a\n\n"
        });
        let text = write(&value);
        assert_eq!(parse(text.as_bytes()).expect("own output"), value, "{text}");
    }

    #[test]
    fn the_first_document_counts() {
        assert_eq!(parse(b"---\na: 1\n---\nb: 2\n").expect("yaml"), json!({"a": 1}));
        assert_eq!(parse(b"a: [").expect_err("torn").code, 400);
    }
}
