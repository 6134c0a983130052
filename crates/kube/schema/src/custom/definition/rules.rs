//! The rules in a schema: that they compile, and speak of fields that exist.
//!
//! Does not estimate what a rule costs to run, as the real server does.

mod fields;

use kube_cel::cel::Program;
use kube_cel::cel::common::ast::{Expr, LiteralValue};
use serde_json::{Value, json};

use super::keywords::nested;
use super::{flag, items, text};
use crate::custom::structural::Structural;
use crate::field_error::{FieldError, FieldErrorKind};

const REASONS: [&str; 4] =
    ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];

/// A schema is judged twice: rules are compiled when all of them are well formed.
pub(super) fn check(schema: &Value, at: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    visit(schema, at, &mut |schema, at| errors.extend(form(schema, at)));
    if errors.is_empty() {
        let mut is_root = true;
        visit(schema, at, &mut |schema, at| {
            errors.extend(meaning(schema, at, is_root));
            is_root = false;
        });
    }
    errors
}

fn visit(schema: &Value, at: &str, look: &mut dyn FnMut(&Value, &str)) {
    look(schema, at);
    for (at, part) in nested(schema, at) {
        visit(part, &at, look);
    }
}

fn rules<'v>(schema: &'v Value, at: &str) -> impl Iterator<Item = (String, &'v Value)> {
    let at = format!("{at}.x-kubernetes-validations");
    items(schema, "/x-kubernetes-validations")
        .iter()
        .enumerate()
        .map(move |(index, rule)| (format!("{at}[{index}]"), rule))
}

fn form(schema: &Value, at: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (at, rule) in rules(schema, at) {
        let (source, message) = (text(rule, "/rule"), text(rule, "/message"));
        if source.trim().is_empty() {
            errors.push(FieldError::required(format!("{at}.rule"), "rule is not specified"));
        }
        let at_message = format!("{at}.message");
        if !message.is_empty() && message.trim().is_empty() {
            let detail = "message must be non-empty if specified";
            errors.push(FieldError::invalid(at_message, &message.into(), detail));
        } else if message.contains('\n') {
            let detail = "must not contain line breaks";
            errors.push(FieldError::invalid(at_message, &message.into(), detail));
        } else if source.contains('\n') && message.is_empty() {
            let detail = "message must be specified if rule contains line breaks";
            errors.push(FieldError::required(at_message, detail));
        }
        let reason = text(rule, "/reason");
        if !reason.is_empty() && !REASONS.contains(&reason) {
            let field = format!("{at}.reason");
            errors.push(FieldError::unsupported(field, &reason.into(), &REASONS));
        }
        let path = text(rule, "/fieldPath");
        if !path.is_empty() && !path.starts_with(['.', '[']) {
            let detail = "fieldPath must be a valid path";
            errors.push(FieldError::invalid(format!("{at}.fieldPath"), &path.into(), detail));
        }
    }
    errors
}

fn meaning(schema: &Value, at: &str, is_root: bool) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if items(schema, "/x-kubernetes-validations").is_empty() {
        return errors;
    }
    let mut structural = Structural::parse(schema);
    structural.embedded |= is_root;
    for (at, rule) in rules(schema, at) {
        let compiled = compile(&structural, rule);
        if let Err(detail) = &compiled {
            errors.push(FieldError {
                kind: FieldErrorKind::Invalid,
                field: format!("{at}.rule"),
                message: format!("Invalid value: {}: {detail}", shown(rule)),
            });
        }
        let uses_old = compiled.is_ok_and(|program| program.references().has_variable("oldSelf"));
        if flag(rule, "/optionalOldSelf") && !uses_old {
            let detail = "may not be set if oldSelf is not used in rule";
            let field = format!("{at}.optionalOldSelf");
            errors.push(FieldError::invalid(field, &true.into(), detail));
        }
        let expression = text(rule, "/messageExpression");
        if let Some(complaint) = Some(expression).filter(|e| !e.is_empty()).and_then(complaint) {
            let detail = format!("messageExpression compilation failed: {complaint}");
            let field = format!("{at}.messageExpression");
            errors.push(FieldError::invalid(field, &expression.into(), &detail));
        }
    }
    errors
}

fn complaint(source: &str) -> Option<String> {
    Program::compile(source).err().map(|error| error.to_string())
}

/// `Err` is the detail of the error.
fn compile(schema: &Structural, rule: &Value) -> Result<Program, String> {
    let source = text(rule, "/rule");
    let program =
        Program::compile(source).map_err(|error| format!("compilation failed: {error}"))?;
    let expression = program.expression();
    if let Some(field) = fields::undefined(expression, schema) {
        return Err(format!("compilation failed: {}", located(source, &field)));
    }
    let never_bool = match &expression.expr {
        Expr::Literal(literal) => !matches!(literal, LiteralValue::Boolean(_)),
        Expr::List(_) | Expr::Map(_) | Expr::Struct(_) => true,
        _ => false,
    };
    if never_bool { Err("cel expression must evaluate to a bool".to_owned()) } else { Ok(program) }
}

/// Where a field is, in the way CEL's own compilers print it.
fn located(source: &str, field: &str) -> String {
    let selected = format!(".{field}");
    let place = source.lines().enumerate().find_map(|(number, line)| {
        let column = line.match_indices(&selected).find(|(at, found)| {
            let after = line[at + found.len()..].chars().next();
            after.is_none_or(|c| !c.is_alphanumeric() && c != '_')
        });
        Some((number, line, column?.0))
    });
    let (number, line, column) = place.unwrap_or((0, source, 0));
    format!(
        "ERROR: <input>:{}:{}: undefined field '{field}'\n | {line}\n | {}^",
        number + 1,
        column + 1,
        ".".repeat(column)
    )
}

/// A rule as the real server prints it: the fields of its own type, and no `<`, `>` or `&`.
fn shown(rule: &Value) -> String {
    let field = |name: &str| Value::from(text(rule, &format!("/{name}")));
    let given = |name: &str| rule.get(name).cloned().unwrap_or(Value::Null);
    let whole = json!({
        "Rule": field("rule"),
        "Message": field("message"),
        "MessageExpression": field("messageExpression"),
        "Reason": given("reason"),
        "FieldPath": field("fieldPath"),
        "OptionalOldSelf": given("optionalOldSelf"),
    });
    whole.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}
