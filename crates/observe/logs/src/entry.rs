//! One log line as a document: its fields, and how a dotted name finds values in it.

use serde_json::{Map, Value};

/// Fields held as exact words, in the order in which `_mapping` lists them.
pub const KEYWORDS: [&str; 11] = [
    "severity",
    "stream",
    "namespace",
    "pod",
    "container",
    "node",
    "app",
    "user",
    "workspace",
    "trace_id",
    "span_id",
];

/// A line as it is stored. `source` is what a search gives back as `_source`.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Order of arrival; set when the line enters the store.
    pub sequence: u64,
    /// The document's id, when the sender chose one.
    pub id: Option<String>,
    /// The index name under which it is found.
    pub index: String,
    /// Nanoseconds since 1970; the same time as `@timestamp` in `source`.
    pub timestamp: i64,
    pub source: Map<String, Value>,
}

impl Entry {
    /// A document around `source`: `@timestamp` is taken from it, else `otherwise`.
    /// An unreadable `@timestamp` is handed back as the error.
    pub fn new(
        index: &str,
        mut source: Map<String, Value>,
        otherwise: i64,
    ) -> Result<Entry, Value> {
        let timestamp = match source.get("@timestamp") {
            None | Some(Value::Null) => otherwise,
            Some(value) => match crate::time::parse_value(value) {
                Some(timestamp) => timestamp,
                None => return Err(value.clone()),
            },
        };
        if !matches!(source.get("@timestamp"), Some(Value::String(_))) {
            source.insert("@timestamp".into(), crate::time::format(timestamp).into());
        }
        Ok(Entry { sequence: 0, id: None, index: index.to_owned(), timestamp, source })
    }

    pub fn message(&self) -> &str {
        self.source.get("message").and_then(Value::as_str).unwrap_or_default()
    }

    /// The id under which a search names the document.
    pub fn document_id(&self) -> String {
        self.id.clone().unwrap_or_else(|| format!("{:016x}", self.sequence))
    }

    /// All scalar values at a dotted path; a list counts as each of its members.
    pub fn values(&self, path: &str) -> Vec<&Value> {
        let mut found = Vec::new();
        collect_values(&self.source, path, &mut found);
        found
    }
}

fn collect_values<'a>(object: &'a Map<String, Value>, path: &str, found: &mut Vec<&'a Value>) {
    if let Some(value) = object.get(path) {
        push_scalars(value, found);
    }
    for (dot, _) in path.match_indices('.') {
        if let Some(Value::Object(inner)) = object.get(&path[..dot]) {
            collect_values(inner, &path[dot + 1..], found);
        }
    }
}

fn push_scalars<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
    match value {
        Value::Null | Value::Object(_) => {}
        Value::Array(members) => members.iter().for_each(|member| push_scalars(member, found)),
        scalar => found.push(scalar),
    }
}

/// A scalar as the exact word that is indexed for it.
pub fn word(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn entry(source: Value) -> Entry {
        let Value::Object(source) = source else { unreachable!("tests give objects") };
        Entry::new("logs", source, 7).unwrap()
    }

    #[test]
    fn dotted_names_reach_nested_and_dotted_keys() {
        let entry = entry(json!({"fields": {"http.status": 500, "tags": ["a", "b"]}}));
        assert_eq!(entry.values("fields.http.status"), [&json!(500)]);
        assert_eq!(entry.values("fields.tags"), [&json!("a"), &json!("b")]);
        assert!(entry.values("fields").is_empty());
    }

    #[test]
    fn time_comes_from_the_document_or_from_arrival() {
        assert_eq!(entry(json!({})).timestamp, 7);
        assert_eq!(entry(json!({"@timestamp": 2})).timestamp, 2_000_000);
        assert!(
            Entry::new("logs", json!({"@timestamp": "soon"}).as_object().unwrap().clone(), 7)
                .is_err()
        );
    }
}
