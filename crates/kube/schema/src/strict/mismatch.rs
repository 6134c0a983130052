//! Values of a wrong type, in the words of Go's JSON decoder, which clients show as they are.

use serde_json::Value;

use super::joined;
use crate::builtin::whole;
use crate::types::{Node, Scalar, Schema};

/// The first value of a wrong type:
/// `json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32`.
pub fn check_types(schema: &Schema, object: &Value) -> std::result::Result<(), String> {
    check(schema, object, &Place { owner: "", path: String::new() })
}

/// Where in the object: the last struct's name and the path of field names.
struct Place<'a> {
    owner: &'a str,
    path: String,
}

fn check(schema: &Schema, value: &Value, place: &Place<'_>) -> std::result::Result<(), String> {
    match (schema.node(), value) {
        (_, Value::Null) => Ok(()),
        (Node::Struct(structure), Value::Object(fields)) => {
            let owner = structure.name.rsplit('.').next().unwrap_or_default();
            for (name, value) in fields {
                if let Some(field) = structure.fields.get(&**name) {
                    let path = joined(&place.path, name);
                    check(&schema.at(field.node), value, &Place { owner, path })?;
                }
            }
            Ok(())
        }
        (Node::Map { values, .. }, Value::Object(fields)) => {
            let values = schema.at(*values);
            fields.values().try_for_each(|value| check(&values, value, place))
        }
        (Node::List { items, .. }, Value::Array(list)) => {
            let items = schema.at(*items);
            list.iter().try_for_each(|value| check(&items, value, place))
        }
        (Node::Scalar(scalar), value) => {
            check_scalar(*scalar, value).map_err(|problem| match problem {
                Mismatch::Type => words(schema, value, place),
                Mismatch::Text(text) => text,
                Mismatch::Time(text) => format!("{}: {text:?} is no time; {TIME_HINT}", place.path),
            })
        }
        _ => Err(words(schema, value, place)),
    }
}

enum Mismatch {
    Type,
    Text(String),
    /// The shape of a time, but no date or beyond what clients can read.
    Time(String),
}

fn check_scalar(scalar: Scalar, value: &Value) -> std::result::Result<(), Mismatch> {
    let fits = match (scalar, value) {
        (Scalar::Any, _) => true,
        (Scalar::String, Value::String(_)) | (Scalar::Bool, Value::Bool(_)) => true,
        (Scalar::Int32, Value::Number(n)) => whole(n).is_some_and(|n| i32::try_from(n).is_ok()),
        (Scalar::Int64, Value::Number(n)) => whole(n).is_some(),
        (Scalar::Float, Value::Number(_)) => true,
        (Scalar::Bytes, Value::String(text)) => return base64(text),
        (Scalar::Time, Value::String(text)) => return time(text, false),
        (Scalar::MicroTime, Value::String(text)) => return time(text, true),
        (Scalar::Quantity, Value::String(text)) => return quantity(text),
        (Scalar::Quantity, Value::Number(n)) => return quantity(&n.to_string()),
        (Scalar::IntOrString, Value::String(_)) => true,
        (Scalar::IntOrString, Value::Number(n)) => {
            whole(n).is_some_and(|n| i32::try_from(n).is_ok())
        }
        _ => false,
    };
    if fits { Ok(()) } else { Err(Mismatch::Type) }
}

fn base64(text: &str) -> std::result::Result<(), Mismatch> {
    let kept: Vec<u8> = text.bytes().filter(|b| !matches!(b, b'\n' | b'\r')).collect();
    let body = kept.iter().rev().skip_while(|b| **b == b'=').count();
    let bad = kept[..body]
        .iter()
        .position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/')))
        .or((!kept.len().is_multiple_of(4) || kept.len() - body > 2)
            .then_some(kept.len() - kept.len() % 4));
    match bad {
        None => Ok(()),
        Some(at) => Err(Mismatch::Text(format!("illegal base64 data at input byte {at}"))),
    }
}

fn quantity(text: &str) -> std::result::Result<(), Mismatch> {
    match crate::quantity::Quantity::parse(text) {
        Ok(_) => Ok(()),
        Err(detail) => Err(Mismatch::Text(detail)),
    }
}

/// RFC 3339; with six digits of a second where `micro`.
fn time(text: &str, micro: bool) -> std::result::Result<(), Mismatch> {
    if text.is_empty() || is_time(text, micro) {
        return Ok(());
    }
    if is_rfc3339(text, micro) {
        return Err(Mismatch::Time(text.to_owned()));
    }
    let layout =
        if micro { "2006-01-02T15:04:05.000000Z07:00" } else { "2006-01-02T15:04:05Z07:00" };
    Err(Mismatch::Text(format!(
        "parsing time \"{text}\" as \"{layout}\": cannot parse \"{text}\" as \"2006\""
    )))
}

/// What to write instead of a time that has the shape but can't be held.
pub(crate) const TIME_HINT: &str = "use a date that exists, before 9999-12-30T22:00:00Z";

/// A time that clients can read. Beyond the range of [`jiff::Timestamp`] they fail, and lose
/// the whole list that holds it.
pub(crate) fn is_time(text: &str, needs_fraction: bool) -> bool {
    is_rfc3339(text, needs_fraction) && text.parse::<jiff::Timestamp>().is_ok()
}

/// The shape of RFC 3339, as the `date-time` format of Kubernetes takes it.
pub(crate) fn is_rfc3339(text: &str, needs_fraction: bool) -> bool {
    let bytes = text.as_bytes();
    let digits = |range: std::ops::Range<usize>| {
        bytes.get(range).is_some_and(|part| part.iter().all(u8::is_ascii_digit))
    };
    let number =
        |range: std::ops::Range<usize>| text.get(range).and_then(|t| t.parse::<u32>().ok());
    let shape = digits(0..4)
        && digits(5..7)
        && digits(8..10)
        && digits(11..13)
        && digits(14..16)
        && digits(17..19)
        && [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')].iter().all(|(at, c)| bytes[*at] == *c)
        && matches!(bytes[10], b'T' | b't');
    if !shape || !text.is_ascii() {
        return false;
    }
    let within = |range, low, high| number(range).is_some_and(|n| n >= low && n <= high);
    let ranges = within(5..7, 1, 12)
        && within(8..10, 1, 31)
        && within(11..13, 0, 23)
        && within(14..16, 0, 59)
        && within(17..19, 0, 60);
    let rest = &text[19..];
    let fraction: usize = match rest.strip_prefix('.') {
        Some(rest) => 1 + rest.bytes().take_while(u8::is_ascii_digit).count(),
        None => 0,
    };
    let zone = &rest[fraction..];
    let zone_fits = matches!(zone, "Z" | "z")
        || (zone.len() == 6 && zone.starts_with(['+', '-']) && zone.as_bytes()[3] == b':');
    ranges && zone_fits && fraction != 1 && (!needs_fraction || fraction == 7)
}

fn words(schema: &Schema, value: &Value, place: &Place<'_>) -> String {
    let got = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => return number_words(schema, value, place),
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    sentence(got, schema, place)
}

/// Go names the number itself where a whole number was wanted.
fn number_words(schema: &Schema, value: &Value, place: &Place<'_>) -> String {
    match schema.node() {
        Node::Scalar(Scalar::Int32 | Scalar::Int64) => {
            sentence(&format!("number {value}"), schema, place)
        }
        _ => sentence("number", schema, place),
    }
}

fn sentence(got: &str, schema: &Schema, place: &Place<'_>) -> String {
    let wanted = go_type(schema);
    if place.path.is_empty() {
        return format!("json: cannot unmarshal {got} into Go value of type {wanted}");
    }
    let Place { owner, path } = place;
    format!("json: cannot unmarshal {got} into Go struct field {owner}.{path} of type {wanted}")
}

fn go_type(schema: &Schema) -> String {
    match schema.node() {
        Node::Scalar(scalar) => match scalar {
            Scalar::String => "string",
            Scalar::Int32 => "int32",
            Scalar::Int64 => "int64",
            Scalar::Float => "float64",
            Scalar::Bool => "bool",
            Scalar::Bytes => "[]uint8",
            Scalar::Time => "v1.Time",
            Scalar::MicroTime => "v1.MicroTime",
            Scalar::Quantity => "resource.Quantity",
            Scalar::IntOrString => "intstr.IntOrString",
            Scalar::Any => "interface {}",
        }
        .to_owned(),
        Node::Struct(structure) => {
            let mut parts = structure.name.rsplit('.');
            let name = parts.next().unwrap_or_default();
            format!("{}.{name}", parts.next().unwrap_or_default())
        }
        Node::Map { values, .. } => format!("map[string]{}", go_type(&schema.at(*values))),
        Node::List { items, .. } => format!("[]{}", go_type(&schema.at(*items))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::builtin;
    use crate::gvk::Gvk;

    fn mismatch(kind: &str, object: Value) -> String {
        let group = if kind == "Deployment" { "apps" } else { "" };
        let schema = builtin::schema(&Gvk::new(group, "v1", kind)).expect("built in");
        check_types(&schema, &object).expect_err("a wrong type")
    }

    #[test]
    fn words_are_gos() {
        assert_eq!(
            mismatch("Deployment", json!({"spec": {"replicas": "three"}})),
            "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32"
        );
        assert_eq!(
            mismatch("ConfigMap", json!({"data": {"a": 1}})),
            "json: cannot unmarshal number into Go struct field ConfigMap.data of type string"
        );
        assert_eq!(
            mismatch("ConfigMap", json!({"data": []})),
            "json: cannot unmarshal array into Go struct field ConfigMap.data of type map[string]string"
        );
    }

    #[test]
    fn times_keep_to_rfc_3339() {
        assert!(is_rfc3339("2026-01-01T00:00:00Z", false));
        assert!(is_rfc3339("2026-01-01T00:00:00.123456+08:00", true));
        assert!(!is_rfc3339("2026-01-01T00:00:00Z", true));
        assert!(!is_rfc3339("2026-13-01T00:00:00Z", false));
        assert!(!is_rfc3339("yesterday", false));
    }

    #[test]
    fn times_are_ones_that_clients_can_read() {
        for good in ["0001-01-01T00:00:00Z", "9999-12-30T21:59:59Z", "2026-01-01t00:00:60.5z"] {
            assert!(is_time(good, false), "{good}");
        }
        assert!(!is_time("2026-02-30T00:00:00Z", false));
        assert_eq!(
            mismatch("Event", json!({"lastTimestamp": "9999-12-31T23:59:59Z"})),
            "lastTimestamp: \"9999-12-31T23:59:59Z\" is no time; use a date that exists, before \
            9999-12-30T22:00:00Z"
        );
        assert!(
            mismatch("Event", json!({"eventTime": "9999-12-31T23:59:59.000000Z"}))
                .starts_with("eventTime: ")
        );
    }
}
