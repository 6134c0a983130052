//! How our indices are laid out there: the fields of a line as our own store has them.

use serde_json::{Value, json};

use crate::entry::KEYWORDS;

/// Longer values are kept and are no exact words, as in our own store.
const MAX_EXACT: usize = 1024;

/// The body of `PUT /_index_template/…`.
///
/// What programs say besides is exact words and numbers by what comes first; a value
/// that does not fit is kept and not searched by (`ignore_malformed`).
pub fn template(prefix: &str) -> Value {
    let keyword = json!({
        "type": "keyword", "ignore_above": MAX_EXACT,
        "fields": {"keyword": {"type": "keyword", "ignore_above": MAX_EXACT}},
    });
    let mut properties = json!({"@timestamp": {"type": "date_nanos"}, "message": {"type": "text"}});
    for name in KEYWORDS {
        properties[name] = keyword.clone();
    }
    json!({
        "index_patterns": [format!("{prefix}*")],
        "priority": 200,
        "template": {
            "settings": {"index": {
                "mapping": {"ignore_malformed": true, "total_fields": {"limit": 2000}},
                "query": {"default_field": "message"},
            }},
            "mappings": {
                "date_detection": false,
                "dynamic_templates": [{"texts": {"match_mapping_type": "string", "mapping": keyword}}],
                "properties": properties,
            },
        },
        "_meta": {"description": "log lines that dais collects"},
    })
}
