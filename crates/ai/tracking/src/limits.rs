//! What names and values may be: MLflow's documented limits and alphabets.

use crate::Error;
use crate::entity::Pair;
use crate::error::Result;

pub(crate) const KEY: usize = 250;
pub(crate) const PARAM_VALUE: usize = 6000;
pub(crate) const TAG_VALUE: usize = 8000;
pub(crate) const EXPERIMENT_TAG_VALUE: usize = 20_000;
pub(crate) const REGISTRY_TAG_VALUE: usize = 100_000;
pub(crate) const EXPERIMENT_NAME: usize = 500;
pub(crate) const MODEL_NAME: usize = 256;
pub(crate) const ALIAS: usize = 255;
pub(crate) const DESCRIPTION: usize = 100_000;
pub(crate) const REASON: usize = 2000;
pub(crate) const METRICS_PER_BATCH: usize = 1000;
pub(crate) const PARAMS_PER_BATCH: usize = 100;
pub(crate) const TAGS_PER_BATCH: usize = 100;
pub(crate) const ENTITIES_PER_BATCH: usize = 1000;

/// At most `limit` characters.
pub(crate) fn length(field: &str, value: &str, limit: usize) -> Result<()> {
    // Bytes bound characters from above, and counting them costs nothing.
    if value.len() <= limit || value.chars().count() <= limit {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "'{field}' exceeds the maximum length of {limit} characters (got {})",
        value.chars().count()
    )))
}

/// Why something is asked for or decided: people read it on pages and terminals.
pub(crate) fn reason(given: Option<String>) -> Result<String> {
    let reason = given.unwrap_or_default().trim().to_owned();
    if reason.is_empty() {
        return Err(Error::invalid(format!(
            "Missing value for required parameter 'reason': say why, in 1 to {REASON} characters."
        )));
    }
    if reason.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(Error::invalid(
            "Invalid value for parameter 'reason': it holds a control character; write plain text.",
        ));
    }
    length("reason", &reason, REASON)?;
    Ok(reason)
}

/// A batch has at most `limit` of something.
pub(crate) fn count(what: &str, count: usize, limit: usize) -> Result<()> {
    match count <= limit {
        true => Ok(()),
        false => Err(Error::invalid(format!(
            "A batch logging request can contain at most {limit} {what}. Got {count} {what}. \
             Please split up {what} across multiple requests and try again."
        ))),
    }
}

/// The key of a metric, a param or a tag.
pub(crate) fn key(field: &str, key: &str) -> Result<()> {
    if key.is_empty() {
        return Err(Error::missing(field));
    }
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '_' | '/' | '.' | '-' | ' ' | ':');
    if !key.chars().all(allowed) {
        return Err(Error::invalid(format!(
            "Invalid value {key:?} for parameter '{field}' supplied: Names may only contain alphanumerics, \
             underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/)."
        )));
    }
    plain_path(field, key)?;
    length(field, key, KEY)
}

/// Names may end up as file names: they must not climb or be absolute.
fn plain_path(field: &str, name: &str) -> Result<()> {
    let normal = name.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
    match normal {
        true => Ok(()),
        false => Err(Error::invalid(format!(
            "Invalid value {name:?} for parameter '{field}' supplied: Names may be treated as files in certain \
             cases, and must not resolve to other names when treated as such."
        ))),
    }
}

pub(crate) fn tags(field: &str, tags: &[Pair], limit: usize) -> Result<()> {
    for (index, tag) in tags.iter().enumerate() {
        key(&format!("{field}[{index}].key"), &tag.key)?;
        length(&format!("{field}[{index}].value"), &tag.value, limit)?;
    }
    Ok(())
}

pub(crate) fn model_name(field: &str, name: &str) -> Result<()> {
    if name.trim().is_empty() {
        return Err(Error::missing(field));
    }
    if name.contains(['/', ':']) {
        return Err(Error::invalid(format!(
            "Invalid value {name:?} for parameter '{field}': model names cannot contain '/' or ':'."
        )));
    }
    plain_path(field, name)?;
    length(field, name, MODEL_NAME)
}

pub(crate) fn alias(alias: &str) -> Result<()> {
    let number = alias
        .strip_prefix(['v', 'V'])
        .is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_digit()));
    if alias.is_empty() {
        return Err(Error::missing("alias"));
    }
    if number || alias.eq_ignore_ascii_case("latest") {
        return Err(Error::invalid(format!(
            "'{alias}' is reserved and cannot be used as 'alias'."
        )));
    }
    if !alias.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-')) {
        return Err(Error::invalid(format!(
            "Invalid value {alias:?} for parameter 'alias': it may only contain alphanumerics, underscores (_), and dashes (-)."
        )));
    }
    length("alias", alias, ALIAS)
}
