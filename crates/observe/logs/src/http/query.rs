//! `_search`, `_count`, `_validate/query` and `_refresh`: the body, and the
//! parameters of the address that mean the same.

use std::collections::HashMap;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, Path, Query, State};
use axum::http::Uri;
use serde_json::{Value, json};

use super::indices::{Missing, must_exist};
use super::parameters::{self, is_set, with_parameters};
use super::{index_or_all, json_body, scope_of};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::options::Options;
use crate::scope::Scope;
use crate::search::contexts::parse_keep;
use crate::search::request::Request;

type Parameters = Query<HashMap<String, String>>;
type Index = Option<Path<String>>;

const COUNT: [&str; 9] = [
    "q",
    "df",
    "default_operator",
    "analyze_wildcard",
    "lenient",
    "routing",
    "min_score",
    "terminate_after",
    "analyzer",
];

pub async fn search(
    State(logs): State<Engine>,
    index: Index,
    scope: Option<Extension<Scope>>,
    Query(parameters): Parameters,
    uri: Uri,
    body: Bytes,
) -> Result<Json<Value>> {
    parameters::only(&parameters, &uri, &parameters::SEARCH)?;
    let body = with_parameters(json_body(&body)?, &parameters)?;
    let (index, scope) = (index_or_all(index), scope_of(scope));
    let keep = parameters.get("scroll").map(|text| parse_keep(text, "scroll")).transpose()?;
    must_exist(&logs, &index, Missing::of(&parameters), &scope).await?;
    let mut answer = match keep {
        Some(keep) => logs.open_scroll(&index, body, keep, &scope).await?,
        None => logs.search(&index, body, &scope).await?,
    };
    if is_set(&parameters, "rest_total_hits_as_int") {
        total_as_number(&mut answer);
    }
    Ok(Json(answer))
}

/// As Elasticsearch told totals before its seventh version.
pub fn total_as_number(answer: &mut Value) {
    if let Some(total) = answer.pointer("/hits/total/value").cloned() {
        answer["hits"]["total"] = total;
    }
}

pub async fn count(
    State(logs): State<Engine>,
    index: Index,
    scope: Option<Extension<Scope>>,
    Query(parameters): Parameters,
    uri: Uri,
    body: Bytes,
) -> Result<Json<Value>> {
    parameters::only(&parameters, &uri, &COUNT)?;
    let mut asked = parameters.clone();
    asked.remove("terminate_after");
    let body = with_parameters(json_body(&body)?, &asked)?;
    let (index, scope) = (index_or_all(index), scope_of(scope));
    must_exist(&logs, &index, Missing::of(&parameters), &scope).await?;
    logs.count(&index, body, &scope).await.map(Json)
}

/// Whether a query is understood, without asking it.
pub async fn validate(
    index: Index,
    scope: Option<Extension<Scope>>,
    Query(parameters): Parameters,
    uri: Uri,
    body: Bytes,
) -> Result<Json<Value>> {
    let known = [
        "q",
        "df",
        "default_operator",
        "explain",
        "rewrite",
        "all_shards",
        "lenient",
        "analyze_wildcard",
    ];
    parameters::only(&parameters, &uri, &known)?;
    let (index, scope) = (index_or_all(index), scope_of(scope));
    let understood = json_body(&body)
        .and_then(|body| with_parameters(body, &parameters))
        .and_then(|body| Request::parse_count(&index, &body, &scope));
    let mut answer = json!({
        "valid": understood.is_ok(), "_shards": {"total": 1, "successful": 1, "failed": 0},
    });
    if let Err(error) = understood
        && is_set(&parameters, "explain")
    {
        answer["explanations"] =
            json!([{"index": index, "valid": false, "error": error.to_string()}]);
    }
    Ok(Json(answer))
}

pub async fn refresh(State(logs): State<Engine>) -> Result<Json<Value>> {
    logs.flush().await?;
    Ok(Json(json!({"_shards": {"total": 1, "successful": 1, "failed": 0}})))
}

/// Several searches in one request: pairs of lines, a header and a body.
pub async fn multiple(
    State(logs): State<Engine>,
    index: Index,
    scope: Option<Extension<Scope>>,
    Query(parameters): Parameters,
    uri: Uri,
    body: Bytes,
) -> Result<Json<Value>> {
    let known = [
        "rest_total_hits_as_int",
        "max_concurrent_searches",
        "max_concurrent_shard_requests",
        "search_type",
        "typed_keys",
        "pre_filter_shard_size",
        "ccs_minimize_roundtrips",
        "routing",
    ];
    parameters::only(&parameters, &uri, &known)?;
    let (index, scope) = (index_or_all(index), scope_of(scope));
    let searches = pairs(&body, &index, Missing::of(&parameters))?;
    let as_number = is_set(&parameters, "rest_total_hits_as_int");
    let started = std::time::Instant::now();
    let mut responses = Vec::with_capacity(searches.len());
    for Search { index, may_miss, body } in searches {
        let found = match body {
            Ok(body) => match must_exist(&logs, &index, may_miss, &scope).await {
                Ok(()) => logs.search(&index, body, &scope).await,
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        };
        responses.push(match found {
            Ok(mut answer) => {
                if as_number {
                    total_as_number(&mut answer);
                }
                answer["status"] = 200.into();
                answer
            }
            Err(error) => super::errors::body(&error),
        });
    }
    let took = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(Json(json!({"took": took, "responses": responses})))
}

/// More searches in one request are a mistake or an attack.
const MAX_SEARCHES: usize = 100;

/// One of them: its header, and its body if it could be read.
struct Search {
    index: String,
    may_miss: Missing,
    body: Result<Value>,
}

fn pairs(body: &[u8], index: &str, may_miss: Missing) -> Result<Vec<Search>> {
    let lines: Vec<&[u8]> = body.split(|byte| *byte == b'\n').collect();
    // The body ends with a newline; an empty header line is allowed.
    let lines = if lines.last().is_some_and(|last| last.is_empty()) {
        &lines[..lines.len() - 1]
    } else {
        &lines[..]
    };
    if lines.is_empty() || lines.len() % 2 == 1 {
        return Err(Error::illegal("_msearch", "expected pairs of lines: a header and a body"));
    }
    if lines.len() / 2 > MAX_SEARCHES {
        return Err(Error::illegal("_msearch", format!("more than {MAX_SEARCHES} searches")));
    }
    let parse = |line: &[u8]| json_body(&Bytes::copy_from_slice(line));
    lines
        .chunks(2)
        .map(|pair| {
            let header = parse(pair[0])?;
            let index = header_index(&header, index)?;
            Ok(Search { index, may_miss: header_missing(&header, may_miss)?, body: parse(pair[1]) })
        })
        .collect()
}

fn header_index(header: &Value, otherwise: &str) -> Result<String> {
    const KNOWN: [&str; 12] = [
        "index",
        "indices",
        "search_type",
        "preference",
        "routing",
        "ignore_unavailable",
        "allow_no_indices",
        "expand_wildcards",
        "ignore_throttled",
        "request_cache",
        "ccs_minimize_roundtrips",
        "allow_partial_search_results",
    ];
    let Value::Object(header) = header else {
        return match header {
            Value::Null => Ok(otherwise.to_owned()),
            other => Err(Error::illegal(
                "_msearch",
                format!("a header must be an object, found {other}"),
            )),
        };
    };
    if let Some(unknown) = header.keys().find(|key| !KNOWN.contains(&key.as_str())) {
        return Err(Error::illegal(
            "_msearch",
            format!("key [{unknown}] is not supported in the metadata section"),
        ));
    }
    match header.get("index").or_else(|| header.get("indices")) {
        None | Some(Value::Null) => Ok(otherwise.to_owned()),
        Some(Value::String(name)) => Ok(name.clone()),
        Some(Value::Array(names)) => {
            Ok(names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","))
        }
        Some(other) => {
            Err(Error::illegal("_msearch", format!("[index] must be text, found {other}")))
        }
    }
}

/// Of a header, or else of the address.
fn header_missing(header: &Value, otherwise: Missing) -> Result<Missing> {
    if header.is_null() {
        return Ok(otherwise);
    }
    let options = Options::of(header, "_msearch")?;
    Ok(Missing {
        name: options.flag("ignore_unavailable")?.unwrap_or(otherwise.name),
        wildcard: options.flag("allow_no_indices")?.unwrap_or(otherwise.wildcard),
    })
}
