//! Wildcards, beginnings and regular expressions.

use serde_json::Value;

use super::{scalar, single_field};
use crate::clause::lower::check_pattern;
use crate::clause::{Clause, Field};
use crate::error::{Error, Result};
use crate::options::Options;

pub(super) fn pattern(
    body: &Value,
    clause: &str,
    to_regex: impl Fn(&str) -> String,
) -> Result<Clause> {
    let (field, value) = single_field(body, clause)?;
    let (mut text, mut insensitive) = (value, false);
    if value.is_object() {
        let options = Options::of(value, clause)?.only(&[
            "value",
            "wildcard",
            "case_insensitive",
            "boost",
            "_name",
            "rewrite",
            "flags",
            "max_determinized_states",
        ])?;
        text = match options.get("wildcard") {
            Some(text) => text,
            None => options.required("value")?,
        };
        insensitive = options.flag("case_insensitive")?.unwrap_or(false);
    }
    let text = scalar(text, clause, field)?.word();
    let regex = to_regex(&text);
    let regex = if insensitive { format!("(?i:{regex})") } else { regex };
    checked_pattern(Field::named(field), regex, clause)
}

/// Words of the message are held in lower case, so its patterns are too.
pub(in crate::clause) fn checked_pattern(
    field: Field,
    regex: String,
    clause: &str,
) -> Result<Clause> {
    if matches!(field, Field::Timestamp | Field::Sequence) {
        return Err(Error::illegal(clause, format!("[{}] is not text; use [range]", field.name())));
    }
    let regex = if field == Field::Message { format!("(?i:{regex})") } else { regex };
    check_pattern(&regex)
        .map_err(|reason| Error::illegal(clause, format!("invalid pattern: {reason}")))?;
    Ok(Clause::Pattern { field, regex })
}
