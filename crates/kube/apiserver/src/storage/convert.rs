//! Events exist in two groups that name the same fields differently. One is stored as
//! whoever wrote it named them, and read as whoever asks names them.

use serde_json::Value;

/// As the core group and as `events.k8s.io` say it.
const FIELDS: [(&str, &str); 7] = [
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("reportingComponent", "reportingController"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
];

/// Gives an event the field names of a group.
pub fn event(object: &mut Value, group: &str) {
    let Some(fields) = object.as_object_mut() else { return };
    for (core, other) in FIELDS {
        let (from, to) = if group.is_empty() { (other, core) } else { (core, other) };
        if let Some(value) = fields.remove(from) {
            fields.insert(to.to_owned(), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_event_is_read_in_either_groups_words() {
        let core = json!({
            "metadata": {"name": "one"}, "reason": "Started", "message": "it started", "count": 2,
            "involvedObject": {"kind": "Pod"}, "reportingComponent": "kubelet",
            "source": {"component": "kubelet"}, "firstTimestamp": null, "lastTimestamp": null
        });
        let other = json!({
            "metadata": {"name": "one"}, "reason": "Started", "note": "it started",
            "deprecatedCount": 2, "regarding": {"kind": "Pod"}, "reportingController": "kubelet",
            "deprecatedSource": {"component": "kubelet"}, "deprecatedFirstTimestamp": null,
            "deprecatedLastTimestamp": null
        });
        let mut converted = core.clone();
        event(&mut converted, "events.k8s.io");
        assert_eq!(converted, other);
        event(&mut converted, "");
        assert_eq!(converted, core);
    }
}
