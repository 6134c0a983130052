//! A structural schema, parsed once from its JSON.
//!
//! Holds every keyword that a CustomResourceDefinition may carry. What is done with
//! them is in the neighbouring modules: [`super::fill`] and [`super::prune`] change
//! objects, [`super::validate`] and [`super::rules`] judge them, [`super::graph`] makes
//! the type graph for merges.

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::Value;

use super::rules::Rule;
use crate::types::ListKind;

/// JSON types of OpenAPI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Object,
    Array,
    String,
    Integer,
    Number,
    Boolean,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Object => "object",
            Kind::Array => "array",
            Kind::String => "string",
            Kind::Integer => "integer",
            Kind::Number => "number",
            Kind::Boolean => "boolean",
        }
    }
}

/// One node of a structural schema.
#[derive(Debug, Default)]
pub(crate) struct Structural {
    pub kind: Option<Kind>,
    pub int_or_string: bool,
    pub nullable: bool,
    pub preserve: bool,
    pub embedded: bool,
    pub atomic_map: bool,
    pub default: Option<Value>,
    pub properties: BTreeMap<String, Structural>,
    pub additional: Option<Box<Structural>>,
    /// `additionalProperties: true`
    pub any_additional: bool,
    pub items: Option<Box<Structural>>,
    pub list: ListShape,
    pub checks: Checks,
    pub rules: Vec<Rule>,
}

/// `x-kubernetes-list-type`; a list without one is atomic.
#[derive(Debug)]
pub(crate) struct ListShape(pub ListKind);

impl Default for ListShape {
    fn default() -> ListShape {
        ListShape(ListKind::Atomic)
    }
}

/// Keywords that only validate.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    pub format: String,
    pub allowed: Option<Vec<Value>>,
    pub pattern: Option<(String, Option<Regex>)>,
    pub minimum: Option<(f64, Value, bool)>,
    pub maximum: Option<(f64, Value, bool)>,
    pub multiple_of: Option<(f64, Value)>,
    pub lengths: (Option<u64>, Option<u64>),
    pub items: (Option<u64>, Option<u64>),
    pub properties: (Option<u64>, Option<u64>),
    pub required: Vec<String>,
    pub all_of: Vec<Structural>,
    pub any_of: Vec<Structural>,
    pub one_of: Vec<Structural>,
    pub not: Option<Box<Structural>>,
}

impl Structural {
    /// Never fails: an accepted definition is well formed, and what isn't is left out.
    pub(crate) fn parse(schema: &Value) -> Structural {
        let text = |key: &str| schema.get(key).and_then(Value::as_str).unwrap_or_default();
        let flag = |key: &str| schema.get(key).and_then(Value::as_bool).unwrap_or(false);
        let kind = match text("type") {
            "object" => Some(Kind::Object),
            "array" => Some(Kind::Array),
            "string" => Some(Kind::String),
            "integer" => Some(Kind::Integer),
            "number" => Some(Kind::Number),
            "boolean" => Some(Kind::Boolean),
            _ => None,
        };
        let properties = schema.get("properties").and_then(Value::as_object);
        let additional = schema.get("additionalProperties");
        Structural {
            kind,
            int_or_string: flag("x-kubernetes-int-or-string"),
            nullable: flag("nullable"),
            preserve: flag("x-kubernetes-preserve-unknown-fields"),
            embedded: flag("x-kubernetes-embedded-resource"),
            atomic_map: text("x-kubernetes-map-type") == "atomic",
            default: schema.get("default").filter(|value| !value.is_null()).cloned(),
            properties: properties
                .into_iter()
                .flatten()
                .map(|(name, schema)| (name.clone(), Structural::parse(schema)))
                .collect(),
            additional: additional
                .filter(|a| a.is_object())
                .map(|a| Box::new(Structural::parse(a))),
            any_additional: additional == Some(&Value::Bool(true)),
            items: schema
                .get("items")
                .filter(|items| items.is_object())
                .map(|items| Box::new(Structural::parse(items))),
            list: ListShape(list_kind(schema)),
            checks: Checks::parse(schema),
            rules: list(schema, "x-kubernetes-validations").map(Rule::parse).collect(),
        }
    }

    /// The schema of a field, whether declared or additional.
    pub(crate) fn field(&self, name: &str) -> Option<&Structural> {
        self.properties.get(name).or(self.additional.as_deref())
    }

    /// Whether this node or one below has rules.
    pub(crate) fn has_rules(&self) -> bool {
        !self.rules.is_empty()
            || self.properties.values().any(Structural::has_rules)
            || self.additional.as_ref().is_some_and(|a| a.has_rules())
            || self.items.as_ref().is_some_and(|i| i.has_rules())
    }
}

fn list<'v>(schema: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> + use<'v> {
    schema.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn list_kind(schema: &Value) -> ListKind {
    match schema.get("x-kubernetes-list-type").and_then(Value::as_str) {
        Some("set") => ListKind::Set,
        Some("map") => ListKind::Map(
            list(schema, "x-kubernetes-list-map-keys")
                .filter_map(Value::as_str)
                .map(Into::into)
                .collect(),
        ),
        _ => ListKind::Atomic,
    }
}

impl Checks {
    fn parse(schema: &Value) -> Checks {
        let number = |key: &str| Some((schema.get(key)?.as_f64()?, schema.get(key)?.clone()));
        let count = |key: &str| schema.get(key).and_then(Value::as_u64);
        let flag = |key: &str| schema.get(key).and_then(Value::as_bool).unwrap_or(false);
        let limit = |key: &str, exclusive: &str| {
            number(key).map(|(limit, shown)| (limit, shown, flag(exclusive)))
        };
        let all = |key: &str| list(schema, key).map(Structural::parse).collect();
        Checks {
            format: schema.get("format").and_then(Value::as_str).unwrap_or_default().to_owned(),
            allowed: schema.get("enum").and_then(Value::as_array).cloned(),
            pattern: schema
                .get("pattern")
                .and_then(Value::as_str)
                .map(|text| (text.to_owned(), Regex::new(text).ok())),
            minimum: limit("minimum", "exclusiveMinimum"),
            maximum: limit("maximum", "exclusiveMaximum"),
            multiple_of: number("multipleOf").filter(|(step, _)| *step > 0.0),
            lengths: (count("minLength"), count("maxLength")),
            items: (count("minItems"), count("maxItems")),
            properties: (count("minProperties"), count("maxProperties")),
            required: list(schema, "required")
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            all_of: all("allOf"),
            any_of: all("anyOf"),
            one_of: all("oneOf"),
            not: schema
                .get("not")
                .filter(|not| not.is_object())
                .map(|not| Box::new(Structural::parse(not))),
        }
    }
}
