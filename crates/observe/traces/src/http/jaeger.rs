//! A trace in Jaeger's JSON.

use serde_json::{Map, Value, json};

use crate::attributes::{Attributes, Value as Attribute};
use crate::span::{Event, Kind, SERVICE, Span, UNKNOWN_SERVICE, hex};

/// All spans with the processes that they come from. Times are microseconds.
pub fn trace(spans: &[Span]) -> Value {
    let id = spans.first().map_or_else(String::new, |span| hex(&span.trace_id));
    let mut processes: Vec<&Attributes> = Vec::new();
    let rendered: Vec<Value> = spans
        .iter()
        .map(|span| {
            let known = processes.iter().position(|resource| **resource == *span.resource);
            let process = known.unwrap_or_else(|| {
                processes.push(&span.resource);
                processes.len() - 1
            });
            render(span, process)
        })
        .collect();
    let processes: Map<String, Value> = processes
        .iter()
        .enumerate()
        .map(|(index, resource)| {
            let service = resource.text(SERVICE).unwrap_or(UNKNOWN_SERVICE);
            let others = resource.iter().filter(|(key, _)| *key != SERVICE);
            let tags: Vec<Value> = others.map(|(key, value)| tag(key, value)).collect();
            (process_name(index), json!({"serviceName": service, "tags": tags}))
        })
        .collect();
    json!({"traceID": id, "spans": rendered, "processes": processes, "warnings": null})
}

fn process_name(index: usize) -> String {
    format!("p{}", index + 1)
}

fn render(span: &Span, process: usize) -> Value {
    let trace_id = hex(&span.trace_id);
    let references: Vec<Value> = span
        .parent
        .iter()
        .map(|parent| json!({"refType": "CHILD_OF", "traceID": trace_id, "spanID": hex(parent)}))
        .collect();
    let mut tags: Vec<Value> = span.attributes.iter().map(|(key, value)| tag(key, value)).collect();
    if span.kind != Kind::Internal {
        tags.push(tag("span.kind", &span.kind.name().into()));
    }
    if let Some(message) = &span.error {
        tags.push(tag("error", &Attribute::Bool(true)));
        tags.push(tag("otel.status_code", &"ERROR".into()));
        if !message.is_empty() {
            tags.push(tag("otel.status_description", &message.as_str().into()));
        }
    }
    json!({
        "traceID": trace_id,
        "spanID": hex(&span.span_id),
        "operationName": *span.name,
        "references": references,
        "startTime": span.start / 1000,
        "duration": span.duration / 1000,
        "tags": tags,
        "logs": span.events.iter().map(log).collect::<Vec<Value>>(),
        "processID": process_name(process),
        "warnings": null,
    })
}

fn log(event: &Event) -> Value {
    let mut fields = vec![tag("event", &event.name.as_str().into())];
    fields.extend(event.attributes.iter().map(|(key, value)| tag(key, value)));
    json!({"timestamp": event.time / 1000, "fields": fields})
}

/// Lists and maps travel as their JSON text.
fn tag(key: &str, value: &Attribute) -> Value {
    let (kind, value) = match value {
        Attribute::Bool(truth) => ("bool", Value::from(*truth)),
        Attribute::Float(number) => ("float64", Value::from(*number)),
        Attribute::Int(number) => ("int64", Value::from(*number)),
        Attribute::Text(text) | Attribute::Json(text) => ("string", Value::from(&**text)),
    };
    json!({"key": key, "type": kind, "value": value})
}
