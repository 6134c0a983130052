//! What of a trace in Jaeger's JSON somebody may see, and whether that part is what was
//! asked for: a store that looks for each tag by itself finds a trace for what another's
//! span in it says.

use std::collections::HashSet;

use serde_json::Value;

use crate::scope::Scope;
use crate::span::NAMESPACE;

/// The trace with the spans that the scope allows; `None` when there are none.
pub fn part(mut trace: Value, scope: &Scope) -> Option<Value> {
    if scope.namespaces.is_none() {
        return Some(trace);
    }
    let Some(Value::Array(mut spans)) = trace.get_mut("spans").map(Value::take) else {
        return None;
    };
    spans.retain(|span| is_visible(span, &trace["processes"], scope));
    if spans.is_empty() {
        return None;
    }
    let named: HashSet<&str> = spans.iter().filter_map(|span| span["processID"].as_str()).collect();
    if let Some(Value::Object(processes)) = trace.get_mut("processes") {
        processes.retain(|name, _| named.contains(name.as_str()));
    }
    trace["spans"] = spans.into();
    // They may be about what is not shown.
    trace["warnings"] = Value::Null;
    Some(trace)
}

/// What a span says of itself comes first: a gateway's spans belong to those it serves.
/// One that says several things belongs to all that it says.
fn is_visible(span: &Value, processes: &Value, scope: &Scope) -> bool {
    let own = namespaces(&span["tags"]);
    let process = &processes[span["processID"].as_str().unwrap_or("")];
    let all = if own.is_empty() { namespaces(&process["tags"]) } else { own };
    !all.is_empty() && all.into_iter().all(|namespace| scope.allows(namespace))
}

/// A namespace that is no text is nobody's.
fn namespaces(tags: &Value) -> Vec<Option<&str>> {
    let tags = tags.as_array().into_iter().flatten();
    tags.filter(|tag| tag["key"] == NAMESPACE).map(|tag| tag["value"].as_str()).collect()
}

/// What one span of a found trace has all of.
#[derive(Default)]
pub struct Wanted {
    pub service: Option<String>,
    pub operation: Option<String>,
    pub tags: Vec<(String, String)>,
    /// Microseconds.
    pub shortest: Option<i64>,
    pub longest: Option<i64>,
}

impl Wanted {
    pub fn is_in(&self, trace: &Value) -> bool {
        let spans = trace["spans"].as_array().into_iter().flatten();
        let mut spans =
            spans.map(|span| (span, &trace["processes"][span["processID"].as_str().unwrap_or("")]));
        spans.any(|(span, process)| self.is_span(span, process))
    }

    fn is_span(&self, span: &Value, process: &Value) -> bool {
        let is = |wanted: &Option<String>, found: &Value| {
            wanted.as_deref().is_none_or(|wanted| found == wanted)
        };
        let duration = span["duration"].as_i64().unwrap_or_default();
        is(&self.service, &process["serviceName"])
            && is(&self.operation, &span["operationName"])
            && self.shortest.is_none_or(|shortest| duration >= shortest)
            && self.longest.is_none_or(|longest| duration <= longest)
            && self.tags.iter().all(|(key, value)| has_tag(span, process, key, value))
    }
}

fn has_tag(span: &Value, process: &Value, key: &str, value: &str) -> bool {
    let logs = span["logs"].as_array().into_iter().flatten();
    let mut lists = [&span["tags"], &process["tags"]]
        .into_iter()
        .chain(logs.map(|log| &log["fields"]))
        .filter_map(Value::as_array);
    lists.any(|tags| {
        tags.iter().any(|tag| {
            let found = &tag["value"];
            let written = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
            tag["key"] == key && written == value
        })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tag(key: &str, value: Value) -> Value {
        json!({"key": key, "value": value})
    }

    #[test]
    fn a_span_that_says_several_namespaces_belongs_to_all_of_them() {
        let red = Scope::only(["red"]);
        let span = |tags: Vec<Value>| json!({"processID": "p1", "tags": tags});
        let processes = json!({"p1": {"tags": [tag(NAMESPACE, "red".into())]}});
        for (tags, expected) in [
            (vec![], true),
            (vec![tag(NAMESPACE, "red".into())], true),
            (vec![tag(NAMESPACE, "blue".into())], false),
            (vec![tag(NAMESPACE, "red".into()), tag(NAMESPACE, "blue".into())], false),
            (vec![tag(NAMESPACE, json!(["red"]))], false),
            (vec![tag("x", "red".into())], true),
        ] {
            assert_eq!(is_visible(&span(tags.clone()), &processes, &red), expected, "{tags:?}");
        }
        assert!(!is_visible(&span(vec![]), &json!({}), &red));
    }
}
