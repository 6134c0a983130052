//! What templates compute with.

use std::collections::BTreeMap;

use super::printf;
use crate::labels::Labels;
use crate::sample::Sample;

#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    /// A map of texts; a missing key is the empty text.
    Labels(BTreeMap<String, String>),
    /// Fixed fields; a missing one is an error.
    Struct(Vec<(&'static str, Value)>),
    List(Vec<Value>),
}

impl Value {
    /// Go's word for the type, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Nil => "<nil>",
            Value::Bool(_) => "bool",
            Value::Int(_) => "int",
            Value::Float(_) => "float64",
            Value::Text(_) => "string",
            Value::Labels(_) => "map[string]string",
            Value::Struct(_) => "struct",
            Value::List(_) => "slice",
        }
    }

    /// What copying it costs of a run's budget.
    pub fn weight(&self) -> usize {
        match self {
            Value::Text(text) => text.len() / 4 + 1,
            Value::List(list) => list.len() + 1,
            Value::Labels(labels) => labels.len() + 1,
            Value::Struct(fields) => fields.len() + 1,
            Value::Nil | Value::Bool(_) | Value::Int(_) | Value::Float(_) => 1,
        }
    }

    /// Neither zero nor empty.
    pub fn is_true(&self) -> bool {
        match self {
            Value::Nil => false,
            Value::Bool(truth) => *truth,
            Value::Int(number) => *number != 0,
            Value::Float(number) => *number != 0.0,
            Value::Text(text) => !text.is_empty(),
            Value::Labels(labels) => !labels.is_empty(),
            Value::Struct(_) => true,
            Value::List(list) => !list.is_empty(),
        }
    }

    pub fn field(&self, name: &str) -> Result<Value, String> {
        match self {
            Value::Labels(labels) => Ok(Value::Text(labels.get(name).cloned().unwrap_or_default())),
            Value::Struct(fields) => fields
                .iter()
                .find(|(own, _)| *own == name)
                .map(|(_, value)| value.clone())
                .ok_or_else(|| format!("can't evaluate field {name}")),
            other => Err(format!("can't evaluate field {name} in type {}", other.kind())),
        }
    }

    /// As a number, also where a text says one.
    pub fn float(&self) -> Result<f64, String> {
        match self {
            Value::Int(number) => Ok(*number as f64),
            Value::Float(number) => Ok(*number),
            Value::Text(text) => text
                .parse()
                .map_err(|_| format!("strconv.ParseFloat: parsing {text:?}: invalid syntax")),
            other => Err(format!("can't convert {} to float", other.kind())),
        }
    }

    pub fn text(&self) -> Result<&str, String> {
        match self {
            Value::Text(text) => Ok(text),
            other => Err(format!("wrong type for value; expected string; got {}", other.kind())),
        }
    }

    /// As an action prints it.
    pub fn printed(&self) -> String {
        match self {
            Value::Nil => "<no value>".into(),
            other => printf::plain(other),
        }
    }
}

pub fn labels(labels: &Labels) -> Value {
    let pairs = labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    Value::Labels(pairs.collect())
}

/// One element of what the function `query` gives.
pub fn sample((labels, sample): &(Labels, Sample)) -> Value {
    Value::Struct(vec![("Labels", self::labels(labels)), ("Value", Value::Float(sample.value))])
}
