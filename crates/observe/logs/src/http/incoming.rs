//! A document as somebody sends it, as an entry: what shippers call otherwise is
//! put where it belongs, and the sender must be allowed to write there.

use serde_json::{Map, Value, json};

use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::line::{self, severity_of_name};
use crate::scope::Scope;
use crate::time;

/// Where shippers put what we have a field for.
const ALIASES: [(&str, &[&str]); 7] = [
    ("message", &["log", "msg", "body"]),
    (
        "namespace",
        &[
            "kubernetes.namespace_name",
            "kubernetes.pod_namespace",
            "kubernetes.namespace",
            "k8s.namespace.name",
        ],
    ),
    ("pod", &["kubernetes.pod_name", "kubernetes.pod.name", "k8s.pod.name"]),
    (
        "container",
        &["kubernetes.container_name", "kubernetes.container.name", "k8s.container.name"],
    ),
    (
        "node",
        &["kubernetes.host", "kubernetes.pod_node_name", "kubernetes.node.name", "k8s.node.name"],
    ),
    ("trace_id", &["trace.id", "traceId"]),
    ("span_id", &["span.id", "spanId"]),
];

/// Where shippers put the time, when not into `@timestamp`.
const TIMES: [&str; 3] = ["timestamp", "time", "timereported"];

/// A document as somebody sends it: aliases filled in, checked against the scope.
pub fn entry(index: &str, id: Option<String>, source: Value, scope: &Scope) -> Result<Entry> {
    let Value::Object(source) = source else {
        return Err(Error::parsing("document", "a document must be an object"));
    };
    if index.is_empty() {
        return Err(Error::Query {
            kind: "action_request_validation_exception",
            clause: "_index".into(),
            reason: "index is missing".into(),
        });
    }
    let source = with_time(source);
    let mut entry = Entry::new(index, source, time::now()).map_err(|value| Error::Query {
        kind: "document_parsing_exception",
        clause: "@timestamp".into(),
        reason: format!("failed to parse date field [{value}]; use RFC 3339 or epoch milliseconds"),
    })?;
    entry.id = id;
    fill_aliases(&mut entry);
    read_message(&mut entry);
    let namespace = entry.source.get("namespace").and_then(Value::as_str);
    if !scope.allows(namespace) {
        let namespace = namespace.unwrap_or("none");
        return Err(Error::Forbidden(format!(
            "lines of namespace [{namespace}] may not be written with these rights"
        )));
    }
    Ok(entry)
}

fn fill_aliases(entry: &mut Entry) {
    for (name, aliases) in ALIASES {
        if entry.source.contains_key(name) {
            continue;
        }
        let found = aliases.iter().find_map(|alias| {
            entry.values(alias).into_iter().find_map(Value::as_str).map(str::to_owned)
        });
        if let Some(value) = found {
            entry.source.insert(name.into(), value.into());
        }
    }
    let level = ["severity", "level", "log.level", "syslogseverity-text"];
    let level = level.iter().find_map(|name| {
        entry.values(name).into_iter().find_map(Value::as_str).and_then(severity_of_name)
    });
    if let Some(severity) = level {
        entry.source.insert("severity".into(), severity.into());
    }
}

/// `@timestamp`, from the usual places.
fn with_time(mut source: Map<String, Value>) -> Map<String, Value> {
    if source.get("@timestamp").is_none_or(Value::is_null) {
        let is_time = |value: &&Value| value.is_string() && time::parse_value(value).is_some();
        let found = TIMES.iter().find_map(|name| source.get(*name).filter(is_time).cloned());
        if let Some(time) = found {
            source.insert("@timestamp".into(), time);
        }
    }
    source
}

/// What the text of a line says about itself, where the document does not say it:
/// JSON becomes fields, and a severity is found.
fn read_message(entry: &mut Entry) {
    let message = entry.message();
    if message.is_empty() || (entry.source.contains_key("severity") && !message.starts_with('{')) {
        return;
    }
    for (name, value) in line::describe(message) {
        match (name.as_str(), value) {
            ("message", text) => {
                entry.source.insert(name, text);
            }
            ("fields", Value::Object(found)) => {
                let fields = entry.source.entry("fields").or_insert_with(|| json!({}));
                if let Value::Object(fields) = fields {
                    for (name, value) in found {
                        fields.entry(name).or_insert(value);
                    }
                }
            }
            (_, value) => {
                entry.source.entry(name).or_insert(value);
            }
        }
    }
}
