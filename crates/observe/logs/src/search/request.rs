//! The body of a search, understood. Keys that would change the answer and are not
//! understood are refused by name.

use serde_json::{Map, Value, json};

use super::index_clause;
use super::order::{Direction, SortKey, SortValue};
use crate::clause::{Clause, Field, parse};
use crate::error::{Error, Result};
use crate::scope::{Scope, scope as narrow};
use crate::time;

/// Elasticsearch's `index.max_result_window`; further pages go by `search_after`.
const MAX_WINDOW: usize = 10_000;

/// Keys that do not change which lines are found, nor their order.
const HARMLESS: [&str; 13] = [
    "timeout",
    "version",
    "seq_no_primary_term",
    "explain",
    "profile",
    "stored_fields",
    "fields",
    "docvalue_fields",
    "terminate_after",
    "min_score",
    "stats",
    "indices_boost",
    "track_scores",
];

pub struct Request {
    pub clause: Clause,
    /// Ends with the order of arrival, so that the order is total.
    pub sort: Vec<SortKey>,
    /// Whether the caller chose the order, and how many of `sort` are its own.
    pub sort_given: bool,
    pub sort_shown: usize,
    pub search_after: Option<Vec<SortValue>>,
    pub from: usize,
    pub size: usize,
    pub track_total: bool,
    pub aggregations: Option<Value>,
    pub source: SourceFilter,
    pub highlight: bool,
}

impl Request {
    pub fn parse(indices: &str, body: &Value, scope: &Scope) -> Result<Request> {
        let empty = Map::new();
        let body = match body {
            Value::Null => &empty,
            Value::Object(body) => body,
            other => {
                return Err(Error::parsing("search", format!("expected an object, found {other}")));
            }
        };
        for key in body.keys() {
            let known = matches!(
                key.as_str(),
                "query"
                    | "sort"
                    | "size"
                    | "from"
                    | "search_after"
                    | "track_total_hits"
                    | "aggs"
                    | "aggregations"
                    | "_source"
                    | "highlight"
                    | "post_filter"
            );
            if !known && !HARMLESS.contains(&key.as_str()) {
                return Err(Error::parsing(key, format!("unknown key [{key}] in a search")));
            }
        }
        let clause = clause(indices, body.get("query"), body.get("post_filter"), scope)?;
        let (sort, sort_given, sort_shown) = sort(body.get("sort"))?;
        let (from, size) = (number(body, "from", 0)?, number(body, "size", 10)?);
        if from + size > MAX_WINDOW {
            return Err(Error::illegal(
                "size",
                format!(
                    "Result window is too large, from + size must be less than or equal to: [{MAX_WINDOW}] but was [{}]; page with search_after",
                    from + size
                ),
            ));
        }
        let search_after =
            body.get("search_after").map(|value| after(value, &sort[..sort_shown])).transpose()?;
        Ok(Request {
            clause,
            sort,
            sort_given,
            sort_shown,
            search_after,
            from,
            size,
            track_total: body.get("track_total_hits") != Some(&Value::Bool(false)),
            aggregations: body.get("aggs").or_else(|| body.get("aggregations")).cloned(),
            source: SourceFilter::parse(body.get("_source"))?,
            highlight: body.contains_key("highlight"),
        })
    }

    /// A count takes a query and nothing else.
    pub fn parse_count(indices: &str, body: &Value, scope: &Scope) -> Result<Request> {
        if let Some(unknown) =
            body.as_object().and_then(|body| body.keys().find(|key| *key != "query"))
        {
            return Err(Error::parsing(
                unknown.clone(),
                format!("request does not support [{unknown}]"),
            ));
        }
        Request::parse(indices, body, scope)
    }
}

fn clause(
    indices: &str,
    query: Option<&Value>,
    filter: Option<&Value>,
    scope: &Scope,
) -> Result<Clause> {
    let now = time::now();
    let mut must = vec![parse::query(&narrow(query.cloned(), scope), now)?];
    if let Some(filter) = filter {
        must.push(parse::query(filter, now)?);
    }
    must.extend(index_clause(indices));
    Ok(if must.len() == 1 { must.remove(0) } else { Clause::all_of(must) })
}

fn number(body: &Map<String, Value>, key: &str, otherwise: usize) -> Result<usize> {
    match body.get(key) {
        None | Some(Value::Null) => Ok(otherwise),
        Some(value) => {
            let number = value.as_u64().or_else(|| value.as_str()?.parse().ok());
            let number = number
                .and_then(|number| usize::try_from(number).ok())
                .filter(|number| *number < 1 << 32);
            number.ok_or_else(|| {
                Error::illegal(key, format!("[{key}] must be a whole number from 0, found {value}"))
            })
        }
    }
}

/// The keys, whether any was asked for, and how many were.
fn sort(value: Option<&Value>) -> Result<(Vec<SortKey>, bool, usize)> {
    let arrival = |direction| SortKey { field: Field::Sequence, direction, format_date: false };
    let mut keys = Vec::new();
    match value {
        None | Some(Value::Null) => {}
        Some(Value::Array(members)) => {
            for member in members {
                keys.extend(sort_key(member)?);
            }
        }
        Some(single) => keys.extend(sort_key(single)?),
    }
    let shown = keys.len();
    if keys.is_empty() {
        // Lines have no relevance worth ordering by; the newest come first.
        keys.push(SortKey {
            field: Field::Timestamp,
            direction: Direction::Descending,
            format_date: false,
        });
    }
    let last = keys[keys.len() - 1].direction;
    keys.push(arrival(last));
    Ok((keys, shown > 0, shown))
}

fn sort_key(value: &Value) -> Result<Vec<SortKey>> {
    let of = |name: &str, order: Option<&str>, format: bool| {
        let direction = match order.map(str::to_ascii_lowercase).as_deref() {
            Some("asc") => Direction::Ascending,
            Some("desc") => Direction::Descending,
            None if name == "_score" => Direction::Descending,
            None => Direction::Ascending,
            Some(other) => {
                return Err(Error::parsing(
                    "sort",
                    format!("order [{other}] is neither [asc] nor [desc]"),
                ));
            }
        };
        let field = if name == "_score" { Field::Sequence } else { Field::named(name) };
        if field == Field::Message {
            return Err(Error::illegal(
                "sort",
                "Text fields are not optimised for sorting: [message]; sort by @timestamp or a keyword field",
            ));
        }
        Ok(SortKey { field, direction, format_date: format })
    };
    match value {
        Value::String(text) => {
            // As in the `sort` parameter of an address: `@timestamp:desc`.
            let (name, order) = text
                .split_once(':')
                .map_or((text.as_str(), None), |(name, order)| (name, Some(order)));
            Ok(vec![of(name, order, false)?])
        }
        Value::Object(object) => object
            .iter()
            .map(|(name, options)| match options {
                Value::String(order) => of(name, Some(order), false),
                options => of(
                    name,
                    options.get("order").and_then(Value::as_str),
                    options.get("format").is_some(),
                ),
            })
            .collect(),
        other => {
            Err(Error::parsing("sort", format!("expected a field or an object, found {other}")))
        }
    }
}

fn after(value: &Value, sort: &[SortKey]) -> Result<Vec<SortValue>> {
    let values = value
        .as_array()
        .ok_or_else(|| Error::parsing("search_after", format!("expected a list, found {value}")))?;
    if values.len() != sort.len() {
        return Err(Error::illegal(
            "search_after",
            format!("search_after has {} value(s) but sort has {}", values.len(), sort.len()),
        ));
    }
    sort.iter().zip(values).map(|(key, value)| SortValue::parse(key, value)).collect()
}

/// Which parts of a document are given back.
pub enum SourceFilter {
    All,
    Nothing,
    Patterns { includes: Vec<regex::Regex>, excludes: Vec<regex::Regex> },
}

impl SourceFilter {
    fn parse(value: Option<&Value>) -> Result<SourceFilter> {
        let patterns = |value: Option<&Value>| -> Result<Vec<regex::Regex>> {
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
                let regex = format!("^{}(\\..*)?$", crate::clause::wildcard_regex(&name));
                regex::Regex::new(&regex)
                    .map_err(|error| Error::parsing("_source", error.to_string()))
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
    includes: &[regex::Regex],
    excludes: &[regex::Regex],
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
