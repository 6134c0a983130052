//! One pass over JSON text that notes duplicate and unknown fields as it reads.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::joined;
use crate::error::{Error, Result};
use crate::types::{Node, Schema};

/// A parsed body with what was wrong but not fatal.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// Last value wins where a key comes twice.
    pub value: Value,
    /// In the order of the document: `unknown field "spec.foo"`, `duplicate field "data.a"`.
    /// Each is the text of one warning; joined by `, ` after `strict decoding error: ` they
    /// are the text of the 400.
    pub problems: Vec<String>,
}

/// Parses JSON. With a schema unknown fields are reported too (built-ins); without,
/// only duplicates (custom resources, whose unknown fields come from pruning).
/// `Error::BadRequest` for text that is not JSON. Anything after the first value is
/// refused; nesting is limited to 128 levels by the parser.
pub fn decode_json(body: &[u8], schema: Option<&Schema>) -> Result<Decoded> {
    let problems = RefCell::new(Vec::new());
    let seed =
        Seed { schema: schema.cloned(), known: true, path: String::new(), problems: &problems };
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = seed
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value))
        .map_err(|error| Error::BadRequest(format!("couldn't parse the body as JSON: {error}")))?;
    Ok(Decoded { value, problems: problems.into_inner() })
}

struct Seed<'p> {
    schema: Option<Schema>,
    /// Below an unknown field nothing is reported any more.
    known: bool,
    path: String,
    problems: &'p RefCell<Vec<String>>,
}

impl Seed<'_> {
    fn note(&self, what: &str, name: &str) {
        if self.known {
            let path = joined(&self.path, name);
            self.problems.borrow_mut().push(format!("{what} field \"{path}\""));
        }
    }

    fn field(&self, name: &str) -> (Option<Schema>, bool) {
        let Some(schema) = &self.schema else { return (None, self.known) };
        match schema.field(name) {
            Some(field) => (Some(field), self.known),
            None => (None, self.known && !matches!(schema.node(), Node::Struct(_))),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> std::result::Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> std::result::Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> std::result::Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> std::result::Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> std::result::Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_str<E>(self, value: &str) -> std::result::Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_unit<E>(self) -> std::result::Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> std::result::Result<Value, A::Error> {
        let items = self.schema.as_ref().and_then(Schema::items);
        let mut values = Vec::new();
        loop {
            let seed = Seed {
                schema: items.clone(),
                known: self.known,
                path: format!("{}[{}]", self.path, values.len()),
                problems: self.problems,
            };
            match list.next_element_seed(seed)? {
                Some(value) => values.push(value),
                None => return Ok(Value::Array(values)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let (schema, known) = self.field(&name);
            if fields.contains_key(&name) && known {
                self.note("duplicate", &name);
            }
            if !known && self.known {
                self.note("unknown", &name);
            }
            let path = joined(&self.path, &name);
            let seed = Seed { schema, known, path, problems: self.problems };
            let value = map.next_value_seed(seed)?;
            fields.insert(name, value);
        }
        if fields.len() > MAX_FIELDS {
            return Err(A::Error::custom("too many fields in one object"));
        }
        Ok(Value::Object(fields))
    }
}

/// More fields in one object than any body within the server's size limit has a use for.
const MAX_FIELDS: usize = 1_000_000;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::builtin;
    use crate::gvk::Gvk;

    #[test]
    fn problems_come_in_document_order() {
        let schema = builtin::schema(&Gvk::new("", "v1", "ConfigMap")).expect("ConfigMap");
        let body = br#"{"metadata": {"foo": {"x": 1}}, "data": {"a": "1", "a": "2"}, "bogus": 1}"#;
        let decoded = decode_json(body, Some(&schema)).expect("JSON");
        let wanted = [
            r#"unknown field "metadata.foo""#,
            r#"duplicate field "data.a""#,
            r#"unknown field "bogus""#,
        ];
        assert_eq!(decoded.problems, wanted);
        assert_eq!(decoded.value["data"], json!({"a": "2"}));
        let decoded = decode_json(body, None).expect("JSON");
        assert_eq!(decoded.problems, [r#"duplicate field "data.a""#]);
    }

    #[test]
    fn text_that_is_not_json_is_a_bad_request() {
        let error = decode_json(b"{\"a\": ", None).expect_err("cut off");
        assert_eq!(error.code(), 400);
        assert!(decode_json(b"{} {}", None).is_err());
    }
}
