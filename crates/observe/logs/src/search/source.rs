//! What of a document is given back: `_source` and `fields`.

use regex::Regex;
use serde_json::{Map, Value, json};

use crate::clause::wildcard_regex;
use crate::entry::Entry;
use crate::error::{Error, Result};

/// Which parts of a document are given back.
pub enum SourceFilter {
    All,
    Nothing,
    Patterns { includes: Vec<Regex>, excludes: Vec<Regex> },
}

impl SourceFilter {
    pub fn parse(value: Option<&Value>) -> Result<SourceFilter> {
        let patterns = |value: Option<&Value>| -> Result<Vec<Regex>> {
            let names = match value {
                None | Some(Value::Null) => vec![],
                Some(Value::String(name)) => name.split(',').map(str::to_owned).collect(),
                Some(Value::Array(names)) => {
                    names.iter().filter_map(|name| Some(name.as_str()?.to_owned())).collect()
                }
                Some(other) => {
                    return Err(Error::parsing(
                        "_source",
                        format!("expected names, found {other}"),
                    ));
                }
            };
            let compile = |name: String| {
                // A name stands for everything under it as well.
                let regex = format!("^{}(\\..*)?$", wildcard_regex(&name));
                Regex::new(&regex).map_err(|error| Error::parsing("_source", error.to_string()))
            };
            names.into_iter().map(compile).collect()
        };
        match value {
            None | Some(Value::Null | Value::Bool(true)) => Ok(SourceFilter::All),
            Some(Value::Bool(false)) => Ok(SourceFilter::Nothing),
            Some(Value::Object(both)) => Ok(SourceFilter::Patterns {
                includes: patterns(both.get("includes").or_else(|| both.get("include")))?,
                excludes: patterns(both.get("excludes").or_else(|| both.get("exclude")))?,
            }),
            names => Ok(SourceFilter::Patterns { includes: patterns(names)?, excludes: vec![] }),
        }
    }

    pub fn apply(&self, source: Map<String, Value>) -> Option<Map<String, Value>> {
        match self {
            SourceFilter::All => Some(source),
            SourceFilter::Nothing => None,
            SourceFilter::Patterns { includes, excludes } => {
                Some(filter(source, "", includes, excludes))
            }
        }
    }
}

fn filter(
    object: Map<String, Value>,
    prefix: &str,
    includes: &[Regex],
    excludes: &[Regex],
) -> Map<String, Value> {
    let mut kept = Map::new();
    for (name, value) in object {
        let path = format!("{prefix}{name}");
        if excludes.iter().any(|pattern| pattern.is_match(&path)) {
            continue;
        }
        let included =
            includes.is_empty() || includes.iter().any(|pattern| pattern.is_match(&path));
        match value {
            Value::Object(inner) => {
                let inner = filter(inner, &format!("{path}."), includes, excludes);
                if !inner.is_empty() || included {
                    kept.insert(name, json!(inner));
                }
            }
            value if included => {
                kept.insert(name, value);
            }
            _ => {}
        }
    }
    kept
}

/// `fields` and `docvalue_fields`: values by name, each as a list.
pub fn field_patterns(value: Option<&Value>, key: &'static str) -> Result<Vec<Regex>> {
    let bad = || Error::parsing(key, "expected a list of names or of objects with a [field]");
    let Some(value) = value else { return Ok(vec![]) };
    let members = value.as_array().ok_or_else(bad)?;
    let pattern = |member: &Value| {
        let name = member.as_str().or_else(|| member.get("field")?.as_str()).ok_or_else(bad)?;
        let name = name.strip_suffix(".keyword").unwrap_or(name);
        Regex::new(&format!("^{}$", wildcard_regex(name)))
            .map_err(|error| Error::parsing(key, error.to_string()))
    };
    members.iter().map(pattern).collect()
}

pub fn fields(entry: &Entry, patterns: &[Regex]) -> Map<String, Value> {
    let mut names = Vec::new();
    leaves(&entry.source, "", &mut names);
    let wanted = names.into_iter().filter(|name| patterns.iter().any(|p| p.is_match(name)));
    let values = |name: &str| entry.values(name).into_iter().cloned().collect::<Vec<Value>>();
    wanted.map(|name| (name.clone(), json!(values(&name)))).collect()
}

/// Dotted names of everything that is no object.
fn leaves(object: &Map<String, Value>, prefix: &str, names: &mut Vec<String>) {
    for (name, value) in object {
        let path = format!("{prefix}{name}");
        match value {
            Value::Object(inner) => leaves(inner, &format!("{path}."), names),
            Value::Null => {}
            _ => names.push(path),
        }
    }
}
