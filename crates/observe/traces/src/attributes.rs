//! What spans, their resources and events say about themselves: names with values.

use std::borrow::Cow;
use std::sync::Arc;

/// In the order in which they were given. Of equal names the first counts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Attributes(Vec<(Cow<'static, str>, Value)>);

#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Text(Arc<str>),
    Bool(bool),
    Int(i64),
    Float(f64),
    /// A list, a map or null, as JSON text.
    Json(Arc<str>),
}

impl Attributes {
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn push(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Value>) {
        self.0.push((name.into(), value.into()));
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value))
    }
}

impl<const N: usize> From<[(&'static str, Value); N]> for Attributes {
    fn from(fields: [(&'static str, Value); N]) -> Self {
        Attributes(fields.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }
}

impl FromIterator<(String, Value)> for Attributes {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(fields: I) -> Self {
        Attributes(fields.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }
}

impl Value {
    /// Whether the value, written as text, is that text.
    pub fn is_written(&self, text: &str) -> bool {
        match self {
            Value::Text(own) | Value::Json(own) => **own == *text,
            Value::Bool(truth) => truth.to_string() == text,
            Value::Int(number) => number.to_string() == text,
            Value::Float(number) => {
                let written = serde_json::Value::from(*number).to_string();
                written == text
            }
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::Text(text.into())
    }
}

impl From<Arc<str>> for Value {
    fn from(text: Arc<str>) -> Self {
        Value::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Value::Int(number)
    }
}

impl From<serde_json::Value> for Value {
    fn from(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::String(text) => Value::Text(text.into()),
            serde_json::Value::Bool(truth) => Value::Bool(truth),
            serde_json::Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => Value::Int(whole),
                (None, Some(float)) => Value::Float(float),
                (None, None) => Value::Json(number.to_string().into()),
            },
            other => Value::Json(other.to_string().into()),
        }
    }
}
