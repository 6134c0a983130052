//! The body of a search, understood. Keys that would change the answer and are not
//! understood are refused by name.

use std::time::Duration;

use regex::Regex;
use serde_json::{Map, Value, json};

use super::aggregation::{Aggregation, parse as aggregation};
use super::highlight::Highlight;
use super::index_clause;
use super::order::{Direction, SortKey, SortValue};
use super::source::{SourceFilter, field_patterns};
use crate::clause::{Clause, Field, parse};
use crate::error::{Error, Result};
use crate::options::Options;
use crate::scope::{Scope, scope as narrow};
use crate::time;

/// Elasticsearch's `index.max_result_window`; further pages go by `search_after`.
pub const MAX_WINDOW: usize = 10_000;

const UNDERSTOOD: [&str; 16] = [
    "query",
    "sort",
    "size",
    "from",
    "search_after",
    "track_total_hits",
    "aggs",
    "aggregations",
    "_source",
    "highlight",
    "post_filter",
    "pit",
    "timeout",
    "terminate_after",
    "fields",
    "docvalue_fields",
];

/// Keys that change neither which lines are found, nor their order, nor what is told of them.
const HARMLESS: [&str; 8] = [
    "version",
    "seq_no_primary_term",
    "explain",
    "profile",
    "stored_fields",
    "stats",
    "indices_boost",
    "track_scores",
];

/// Asked for by some clients though they are empty.
const ONLY_EMPTY: [&str; 4] = ["script_fields", "runtime_mappings", "ext", "rescore"];

pub struct Request {
    pub clause: Clause,
    /// Ends with the order of arrival, so that the order is total.
    pub sort: Vec<SortKey>,
    /// Whether the caller chose the order, and how many of `sort` it sees.
    pub sort_given: bool,
    pub sort_shown: usize,
    pub search_after: Option<Vec<SortValue>>,
    pub from: usize,
    pub size: usize,
    pub track_total: bool,
    pub aggregations: Vec<Aggregation>,
    pub source: SourceFilter,
    pub fields: Vec<Regex>,
    pub highlight: Option<Highlight>,
    pub timeout: Option<Duration>,
    pub terminate_after: Option<u64>,
}

impl Request {
    /// Understands a body, narrowed to a scope and to index names.
    pub fn parse(indices: &str, body: &Value, scope: &Scope) -> Result<Request> {
        let empty = Value::Object(Map::new());
        let body = if body.is_null() { &empty } else { body };
        let options = Options::of(body, "search")?;
        check_keys(body)?;
        let now = time::now();
        let is_pinned = options.get("pit").is_some();
        let Sorting { keys: sort, given, shown } = sort(options.get("sort"), is_pinned)?;
        let (from, size) = page(&options)?;
        let after =
            options.get("search_after").map(|value| after(value, &sort, shown)).transpose()?;
        let asked = parse::query(options.get("query").unwrap_or(&json!({"match_all": {}})), now)?;
        let highlight = options.get("highlight").map(|value| Highlight::parse(value, &asked, now));
        let aggregations = options.get("aggs").or_else(|| options.get("aggregations"));
        let timeout = options.text("timeout")?.filter(|text| *text != "-1");
        let timeout = timeout.map(|text| {
            let length = time::parse_length(text).and_then(|length| u64::try_from(length).ok());
            length.ok_or_else(|| options.bad("timeout", "a length such as 5s"))
        });
        let mut fields = field_patterns(options.get("fields"), "fields")?;
        fields.extend(field_patterns(options.get("docvalue_fields"), "docvalue_fields")?);
        Ok(Request {
            clause: clause(indices, options.get("query"), options.get("post_filter"), scope, now)?,
            sort,
            sort_given: given,
            sort_shown: shown,
            search_after: after,
            from,
            size,
            track_total: options.get("track_total_hits") != Some(&Value::Bool(false)),
            aggregations: aggregations.map_or(Ok(vec![]), |body| aggregation::parse(body, now))?,
            source: SourceFilter::parse(options.get("_source"))?,
            fields,
            highlight: highlight.transpose()?,
            timeout: timeout.transpose()?.map(Duration::from_nanos),
            // Nought means without end, as in Elasticsearch.
            terminate_after: options.count("terminate_after")?.filter(|after| *after > 0),
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

fn check_keys(body: &Value) -> Result<()> {
    for (key, value) in body.as_object().into_iter().flatten() {
        let is_empty = value.is_null()
            || value.as_object().is_some_and(Map::is_empty)
            || value.as_array().is_some_and(Vec::is_empty);
        let name = key.as_str();
        let known = UNDERSTOOD.contains(&name)
            || HARMLESS.contains(&name)
            || (ONLY_EMPTY.contains(&name) && is_empty)
            || (name == "min_score" && value.as_f64() == Some(0.0));
        if !known {
            return Err(Error::parsing(key, format!("unknown key [{key}] in a search")));
        }
    }
    Ok(())
}

/// Where a page starts, and how many lines it has.
fn page(options: &Options<'_>) -> Result<(usize, usize)> {
    let number = |key, otherwise| -> Result<usize> {
        let number = options.count(key)?.unwrap_or(otherwise);
        usize::try_from(number)
            .ok()
            .filter(|number| *number < 1 << 32)
            .ok_or_else(|| options.bad(key, "a whole number from 0"))
    };
    let (from, size) = (number("from", 0)?, number("size", 10)?);
    if from + size > MAX_WINDOW {
        return Err(Error::illegal(
            "size",
            format!(
                "Result window is too large, from + size must be less than or equal to: [{MAX_WINDOW}] but was [{}]; page with search_after",
                from + size
            ),
        ));
    }
    Ok((from, size))
}

fn clause(
    indices: &str,
    query: Option<&Value>,
    filter: Option<&Value>,
    scope: &Scope,
    now: i64,
) -> Result<Clause> {
    let mut must = vec![parse::query(&narrow(query.cloned(), scope), now)?];
    if let Some(filter) = filter {
        must.push(parse::query(filter, now)?);
    }
    must.extend(index_clause(indices));
    Ok(if must.len() == 1 { must.remove(0) } else { Clause::all_of(must) })
}

/// The order of the answer.
struct Sorting {
    keys: Vec<SortKey>,
    /// Whether the caller asked for one.
    given: bool,
    /// How many keys the caller sees, and gives to `search_after`.
    shown: usize,
}

/// In a point in time the tie-breaker is shown, as Elasticsearch shows `_shard_doc`.
fn sort(value: Option<&Value>, is_pinned: bool) -> Result<Sorting> {
    let mut keys = Vec::new();
    match value {
        None => {}
        Some(Value::Array(members)) => {
            for member in members {
                keys.extend(sort_key(member)?);
            }
        }
        Some(single) => keys.extend(sort_key(single)?),
    }
    let given = !keys.is_empty();
    if !given {
        // Lines have no relevance worth ordering by; the newest come first.
        keys.push(SortKey {
            field: Field::Timestamp,
            direction: Direction::Descending,
            format_date: false,
        });
    }
    let is_total = keys.iter().any(|key| key.field == Field::Sequence);
    let own = if given { keys.len() } else { 0 };
    let shown = if is_pinned && given && !is_total { own + 1 } else { own };
    let direction = keys[keys.len() - 1].direction;
    keys.push(SortKey { field: Field::Sequence, direction, format_date: false });
    Ok(Sorting { keys, given, shown })
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
                options => {
                    let options = Options::of(options, "sort")?.only(&[
                        "order",
                        "format",
                        "unmapped_type",
                        "numeric_type",
                        "mode",
                        "missing",
                    ])?;
                    if options.text("missing")?.is_some_and(|missing| missing != "_last") {
                        return Err(options.bad("missing", "_last"));
                    }
                    of(name, options.text("order")?, options.get("format").is_some())
                }
            })
            .collect(),
        other => {
            Err(Error::parsing("sort", format!("expected a field or an object, found {other}")))
        }
    }
}

fn after(value: &Value, sort: &[SortKey], shown: usize) -> Result<Vec<SortValue>> {
    let values = value
        .as_array()
        .ok_or_else(|| Error::parsing("search_after", format!("expected a list, found {value}")))?;
    // The tie-breaker of a point in time may be left out.
    let fits = values.len() == shown || (values.len() + 1 == shown && shown == sort.len());
    if !fits || values.is_empty() {
        return Err(Error::illegal(
            "search_after",
            format!("search_after has {} value(s) but sort has {shown}", values.len()),
        ));
    }
    sort.iter().zip(values).map(|(key, value)| SortValue::parse(key, value)).collect()
}
