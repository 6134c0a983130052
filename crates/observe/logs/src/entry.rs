//! One log line as a document: its fields, and how a dotted name finds values in it.

use serde_json::{Map, Value, json};

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

/// Fields of one line.
pub const MOST_FIELDS: usize = 500;
/// Below `fields`: what is kept as text alone.
pub const AS_TEXT: &str = "as_text";

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

    /// The same line with at most [`MOST_FIELDS`] fields: of one that has more, those that
    /// are not ours become one text, so that nothing is lost and searches, mappings and
    /// pages do not drown in names.
    pub fn bounded(mut self) -> Entry {
        if count(&self.source, MOST_FIELDS) <= MOST_FIELDS {
            return self;
        }
        let is_ours =
            |name: &str| matches!(name, "@timestamp" | "message") || KEYWORDS.contains(&name);
        let (ours, rest): (Map<_, _>, Map<_, _>) =
            self.source.into_iter().partition(|(name, value)| is_ours(name) && !value.is_object());
        self.source = ours;
        let text = Value::Object(rest).to_string();
        self.source.insert("fields".to_owned(), json!({ AS_TEXT: text }));
        self
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

/// Scalars below `object`; counting stops soon after `enough`.
fn count(object: &Map<String, Value>, enough: usize) -> usize {
    let mut found = 0;
    for value in object.values() {
        found += match value {
            Value::Object(inner) => count(inner, enough),
            _ => 1,
        };
        if found > enough {
            break;
        }
    }
    found
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
    fn a_line_of_too_many_fields_keeps_them_as_text() {
        let with = |count: usize| {
            let fields: Map<_, _> = (0..count).map(|at| (format!("f{at}"), at.into())).collect();
            entry(json!({"message": "m", "app": "a", "fields": fields}))
        };
        let few = with(MOST_FIELDS - 3);
        assert_eq!(few.clone().bounded(), few);
        let many = with(MOST_FIELDS + 1).bounded();
        assert_eq!((many.message(), &many.source["app"]), ("m", &json!("a")));
        let text = many.values("fields.as_text")[0].as_str().unwrap();
        assert!(text.contains(r#""f500":500"#), "{text}");
        assert_eq!(many.source["fields"].as_object().unwrap().len(), 1);
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
