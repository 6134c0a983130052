//! `x-kubernetes-validations`: rules in CEL.
//!
//! Rules are compiled once, on first use. `self` and `oldSelf` are the value and its
//! stored predecessor; a rule that mentions `oldSelf` runs only where there is one,
//! unless `optionalOldSelf` is set.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use kube_cel::KubeCelExt;
use kube_cel::cel::objects::{Key, Map, OptionalValue};
use kube_cel::cel::{Context, Program, Value as Cel};
use serde_json::Value;

use super::graph::item_keys;
use super::structural::{Kind, Structural};
use crate::field_error::{FieldError, FieldErrorKind};

/// One rule.
pub(crate) struct Rule {
    pub rule: String,
    message: String,
    message_expression: String,
    reason: String,
    field_path: String,
    optional_old_self: bool,
    program: OnceLock<Option<Compiled>>,
}

struct Compiled {
    program: Program,
    message: Option<Program>,
    uses_old: bool,
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule").field("rule", &self.rule).finish_non_exhaustive()
    }
}

impl Rule {
    pub(super) fn parse(rule: &Value) -> Rule {
        let text = |key: &str| rule.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        Rule {
            rule: text("rule"),
            message: text("message"),
            message_expression: text("messageExpression"),
            reason: text("reason"),
            field_path: text("fieldPath"),
            optional_old_self: rule["optionalOldSelf"].as_bool().unwrap_or(false),
            program: OnceLock::new(),
        }
    }

    fn compiled(&self) -> Option<&Compiled> {
        let compile = || {
            let program = Program::compile(&self.rule).ok()?;
            let uses_old = program.references().has_variable("oldSelf");
            let message = Program::compile(&self.message_expression).ok();
            Some(Compiled { program, message, uses_old })
        };
        self.program.get_or_init(compile).as_ref()
    }
}

/// Runs all rules at and below a value.
pub(super) fn run(
    schema: &Structural,
    value: &Value,
    old: Option<&Value>,
    path: &str,
) -> Vec<FieldError> {
    let mut errors = Vec::new();
    visit(schema, value, old, path, &mut errors);
    errors
}

fn visit(
    schema: &Structural,
    value: &Value,
    old: Option<&Value>,
    path: &str,
    errors: &mut Vec<FieldError>,
) {
    if !schema.rules.is_empty() && !value.is_null() {
        errors.extend(run_here(schema, value, old, path));
    }
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let Some(below) = schema.field(name).filter(|below| below.has_rules()) else {
                    continue;
                };
                let old = old.and_then(|old| old.get(name));
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                visit(below, value, old, &path, errors);
            }
        }
        Value::Array(items) => {
            let Some(below) = schema.items.as_ref().filter(|below| below.has_rules()) else {
                return;
            };
            for (index, item) in items.iter().enumerate() {
                let key = item_keys(&schema.list.0, item);
                let old = key.and_then(|key| {
                    let before = old?.as_array()?;
                    before.iter().find(|o| item_keys(&schema.list.0, o).as_ref() == Some(&key))
                });
                visit(below, item, old, &format!("{path}[{index}]"), errors);
            }
        }
        _ => {}
    }
}

fn run_here(
    schema: &Structural,
    value: &Value,
    old: Option<&Value>,
    path: &str,
) -> Vec<FieldError> {
    let mut context = Context::default().with_all();
    context.add_variable_from_value("self", cel(Some(schema), value));
    let mut errors = Vec::new();
    for rule in &schema.rules {
        let Some(compiled) = rule.compiled() else { continue };
        if compiled.uses_old {
            let before = old.map(|old| cel(Some(schema), old));
            let before = match (before, rule.optional_old_self) {
                (Some(before), false) => before,
                (None, false) => continue,
                (Some(before), true) => Cel::Opaque(Arc::new(OptionalValue::of(before))),
                (None, true) => Cel::Opaque(Arc::new(OptionalValue::none())),
            };
            context.add_variable_from_value("oldSelf", before);
        }
        let field = at(path, &rule.field_path);
        match compiled.program.execute(&context) {
            Ok(Cel::Bool(true)) => {}
            Ok(Cel::Bool(false)) => {
                let message = message(rule, compiled, &context);
                errors.push(broken(rule, &field, value, &message));
            }
            Ok(_) => {
                let text =
                    format!("rule evaluated to something other than a boolean: {}", rule.rule);
                errors.push(failed(&field, value, &text));
            }
            Err(error) => {
                let text = format!("{} evaluating rule: {}", bare(&error.to_string()), rule.rule);
                errors.push(failed(&field, value, &text));
            }
        }
    }
    errors
}

/// The library's own words before an error of a Kubernetes function.
fn bare(error: &str) -> &str {
    error
        .rsplit_once("function '")
        .map_or(error, |(_, rest)| rest.split_once("': ").map_or(error, |(_, message)| message))
}

fn message(rule: &Rule, compiled: &Compiled, context: &Context<'_>) -> String {
    if let Some(program) = compiled.message.as_ref().filter(|_| !rule.message_expression.is_empty())
        && let Ok(Cel::String(text)) = program.execute(context)
        && !text.trim().is_empty()
    {
        return text.to_string();
    }
    if rule.message.is_empty() {
        format!("failed rule: {}", rule.rule)
    } else {
        rule.message.clone()
    }
}

fn at(path: &str, field_path: &str) -> String {
    match (path, field_path) {
        ("", "") => "<nil>".to_owned(),
        ("", below) => below.trim_start_matches('.').to_owned(),
        (path, below) => format!("{path}{below}"),
    }
}

/// A plain value is shown, a container isn't.
fn broken(rule: &Rule, field: &str, value: &Value, message: &str) -> FieldError {
    let value = match value {
        Value::Object(_) | Value::Array(_) => None,
        plain => Some(plain),
    };
    match (rule.reason.as_str(), value) {
        ("FieldValueForbidden", _) => FieldError::forbidden(field, message),
        ("FieldValueRequired", _) => FieldError::required(field, message),
        ("FieldValueDuplicate", Some(value)) => FieldError::duplicate(field, value),
        (_, Some(value)) => FieldError::invalid(field, value, message),
        (_, None) => FieldError {
            kind: FieldErrorKind::Invalid,
            field: field.to_owned(),
            message: format!("Invalid value: {message}"),
        },
    }
}

fn failed(field: &str, value: &Value, text: &str) -> FieldError {
    let kind = match value {
        Value::Object(_) => "object",
        Value::Array(_) => "array",
        Value::String(_) => "string",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::Null => "null",
    };
    FieldError::invalid(field, &Value::from(kind), text)
}

/// A JSON value as CEL sees it: declared fields with escaped names, `number` as double.
fn cel(schema: Option<&Structural>, value: &Value) -> Cel {
    match value {
        Value::Null => Cel::Null,
        Value::Bool(flag) => Cel::Bool(*flag),
        Value::Number(number) => {
            let floats = schema.is_some_and(|s| s.kind == Some(Kind::Number));
            match number.as_i64().filter(|_| !floats) {
                Some(whole) => Cel::Int(whole),
                None => Cel::Float(number.as_f64().unwrap_or_default()),
            }
        }
        Value::String(text) => Cel::String(Arc::new(text.clone())),
        Value::Array(items) => {
            let below = schema.and_then(|schema| schema.items.as_deref());
            Cel::List(Arc::new(items.iter().map(|item| cel(below, item)).collect()))
        }
        Value::Object(fields) => {
            let mut map = HashMap::with_capacity(fields.len());
            for (name, value) in fields {
                let declared = schema.and_then(|schema| schema.properties.get(name));
                let below = declared.or(schema.and_then(|schema| schema.additional.as_deref()));
                let name = if declared.is_some() { escaped(name) } else { name.clone() };
                map.insert(Key::String(Arc::new(name)), cel(below, value));
            }
            Cel::Map(Map { map: Arc::new(map) })
        }
    }
}

const RESERVED: [&str; 21] = [
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// Names that CEL can't have are written differently in rules (Kubernetes
/// documentation, "Validation rules").
pub(super) fn escaped(name: &str) -> String {
    if RESERVED.contains(&name) {
        return format!("__{name}__");
    }
    name.replace("__", "__underscores__")
        .replace('.', "__dot__")
        .replace('-', "__dash__")
        .replace('/', "__slash__")
}
