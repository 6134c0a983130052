//! What a line of text says about itself: JSON lines become fields, and the
//! severity is read from the usual places. Knows nothing of files or pods.

use serde_json::{Map, Value};

/// Where loggers put the same thing under different names.
const MESSAGE_KEYS: [&str; 4] = ["message", "msg", "log", "event"];
const SEVERITY_KEYS: [&str; 6] =
    ["severity", "level", "lvl", "levelname", "log.level", "severity_text"];
const TRACE_KEYS: [&str; 4] = ["trace_id", "traceId", "trace.id", "traceID"];
const SPAN_KEYS: [&str; 4] = ["span_id", "spanId", "span.id", "spanID"];

/// A level stands at the front of a line, after at most a time, a name and a thread.
const WORDS_SEARCHED: usize = 8;

/// Fields of a document that the text itself yields: `message`, and when they
/// are there `severity`, `trace_id`, `span_id` and `fields`.
pub fn describe(text: &str) -> Map<String, Value> {
    parse_json(text).unwrap_or_else(|| {
        let mut source = Map::new();
        source.insert("message".into(), text.into());
        if let Some(severity) = severity_of_text(text) {
            source.insert("severity".into(), severity.into());
        }
        source
    })
}

fn parse_json(text: &str) -> Option<Map<String, Value>> {
    if !text.starts_with('{') {
        return None;
    }
    let Ok(Value::Object(mut fields)) = serde_json::from_str(text) else { return None };
    let mut source = Map::new();
    let message = take_text(&mut fields, &MESSAGE_KEYS).unwrap_or_else(|| text.to_owned());
    source.insert("message".into(), message.into());
    let severity = SEVERITY_KEYS.iter().find_map(|key| {
        let value = fields.get(*key)?;
        let severity = severity_of_value(value)?;
        fields.shift_remove(*key);
        Some(severity)
    });
    if let Some(severity) = severity {
        source.insert("severity".into(), severity.into());
    }
    for (name, keys) in [("trace_id", &TRACE_KEYS), ("span_id", &SPAN_KEYS)] {
        if let Some(id) = take_text(&mut fields, keys) {
            source.insert(name.into(), id.into());
        }
    }
    if !fields.is_empty() {
        source.insert("fields".into(), Value::Object(fields));
    }
    Some(source)
}

fn take_text(fields: &mut Map<String, Value>, keys: &[&str]) -> Option<String> {
    let key = keys.iter().find(|key| fields.get(**key).is_some_and(Value::is_string))?;
    match fields.shift_remove(*key) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

fn severity_of_value(value: &Value) -> Option<&'static str> {
    match value {
        Value::String(name) => severity_of_name(name),
        // bunyan and pino count in tens.
        Value::Number(number) => match number.as_u64()? {
            10 => Some("trace"),
            20 => Some("debug"),
            30 => Some("info"),
            40 => Some("warn"),
            50 => Some("error"),
            60 => Some("fatal"),
            _ => None,
        },
        _ => None,
    }
}

/// One of `trace debug info warn error fatal`, from any common spelling.
pub fn severity_of_name(name: &str) -> Option<&'static str> {
    const NAMES: [(&str, &str); 20] = [
        ("trace", "trace"),
        ("trc", "trace"),
        ("verbose", "debug"),
        ("debug", "debug"),
        ("dbg", "debug"),
        ("dbug", "debug"),
        ("info", "info"),
        ("inf", "info"),
        ("information", "info"),
        ("notice", "info"),
        ("warn", "warn"),
        ("warning", "warn"),
        ("wrn", "warn"),
        ("error", "error"),
        ("err", "error"),
        ("eror", "error"),
        ("fatal", "fatal"),
        ("critical", "fatal"),
        ("crit", "fatal"),
        ("panic", "fatal"),
    ];
    NAMES
        .iter()
        .find(|(spelling, _)| spelling.eq_ignore_ascii_case(name))
        .map(|(_, severity)| *severity)
}

/// Only marks that a logger writes count, so that "no error found" stays plain.
fn severity_of_text(text: &str) -> Option<&'static str> {
    if let Some(severity) = klog(text) {
        return Some(severity);
    }
    if text.starts_with("Traceback (most recent call last)")
        || text.starts_with("Exception in thread ")
    {
        return Some("error");
    }
    if text.starts_with("panic: ") || (text.starts_with("thread '") && text.contains("panicked at"))
    {
        return Some("fatal");
    }
    text.split_ascii_whitespace().take(WORDS_SEARCHED).enumerate().find_map(|(position, token)| {
        if let Some((key, value)) = token.split_once('=')
            && SEVERITY_KEYS.contains(&key)
        {
            return severity_of_name(value.trim_matches('"'));
        }
        let bracketed = token.starts_with(['[', '(', '<', '|']);
        let name = token.split(':').next().unwrap_or_default();
        let labelled = position == 0 && name.len() < token.len();
        let bare = name.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let shouted = bare.len() > 2 && bare.bytes().all(|byte| byte.is_ascii_uppercase());
        if shouted || bracketed || labelled { severity_of_name(bare) } else { None }
    })
}

/// Kubernetes' own logger: `E1124 18:52:27.123 …`.
fn klog(text: &str) -> Option<&'static str> {
    let bytes = text.as_bytes();
    if bytes.len() < 6 || !bytes[1..5].iter().all(u8::is_ascii_digit) || bytes[5] != b' ' {
        return None;
    }
    match bytes[0] {
        b'I' => Some("info"),
        b'W' => Some("warn"),
        b'E' => Some("error"),
        b'F' => Some("fatal"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn severity(text: &str) -> Option<String> {
        describe(text).get("severity").map(|value| value.as_str().unwrap().to_owned())
    }

    #[test]
    fn severity_is_read_where_loggers_put_it() {
        for (text, expected) in [
            ("2026-11-24 18:00:00,123 ERROR root: failed", Some("error")),
            ("WARNING:root:careful", Some("warn")),
            ("[info] started", Some("info")),
            ("ts=1 level=debug msg=x", Some("debug")),
            ("E1124 18:52:27.1 1 main.go:1] bad", Some("error")),
            ("error: no such file", Some("error")),
            ("CRITICAL: disk", Some("fatal")),
            ("Exception in thread \"main\" java.lang.Error", Some("error")),
            ("thread 'main' panicked at src/main.rs:2:5:\nbad", Some("fatal")),
            ("panic: bad", Some("fatal")),
            ("I1124 18:52:27.1 1 main.go:1] fine", Some("info")),
            ("2026-11-24T18:00:00Z  WARN my::module: careful", Some("warn")),
            ("{\"lvl\":\"crit\",\"msg\":\"x\"}", Some("fatal")),
            ("there was no error at all", None),
            ("step 3 of 10, info follows", None),
        ] {
            assert_eq!(severity(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn json_lines_become_fields() {
        let source = describe(
            r#"{"level":"WARN","msg":"slow","trace_id":"ab","status":500,"user":{"id":1}}"#,
        );
        assert_eq!(
            Value::Object(source),
            json!({"message": "slow", "severity": "warn", "trace_id": "ab", "fields": {"status": 500, "user": {"id": 1}}})
        );
        assert_eq!(describe("{not json")["message"], "{not json");
    }
}
