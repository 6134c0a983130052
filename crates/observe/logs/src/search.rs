//! Answers a search over all windows: which lines, how many, in which order, and
//! what they add up to.

pub mod aggregation;
pub mod highlight;
pub mod order;
pub mod request;

use std::time::Instant;

use serde_json::{Map, Value, json};
use tantivy::collector::Count;
use tantivy::schema::Value as _;
use tantivy::{DocAddress, Searcher, TantivyDocument};

use crate::clause::lower::lower;
use crate::clause::{Clause, Field};
use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::scope::Scope;
use crate::store::Logs;
use order::{Order, Ordered, SortValue};
use request::Request;

/// One line of an answer.
#[derive(Debug, Clone)]
pub struct Hit {
    pub entry: Entry,
    pub sort: Vec<SortValue>,
}

/// The answer before it is dressed as JSON.
pub struct Answer {
    pub total: u64,
    pub hits: Vec<Hit>,
    pub aggregations: Option<Value>,
}

impl Logs {
    /// Answers an Elasticsearch search body, narrowed to a scope and to index names.
    /// Reads files: call it where blocking is allowed.
    pub fn search(&self, indices: &str, body: &Value, scope: &Scope) -> Result<Value> {
        let started = Instant::now();
        let request = Request::parse(indices, body, scope)?;
        let answer = self.answer(&request)?;
        Ok(render(&request, answer, started))
    }

    /// How many lines match, in the shape of `_count`.
    pub fn count(&self, indices: &str, body: &Value, scope: &Scope) -> Result<Value> {
        let request = Request::parse_count(indices, body, scope)?;
        let mut total = 0;
        for window in self.windows_of(&request.clause) {
            let query = lower(&request.clause, &window.fields);
            total +=
                window.searcher().search(&query, &Count).map_err(window.fault("counting lines"))?;
        }
        Ok(
            json!({"count": total, "_shards": {"total": 1, "successful": 1, "skipped": 0, "failed": 0}}),
        )
    }

    pub(crate) fn answer(&self, request: &Request) -> Result<Answer> {
        let limit = request.from + request.size;
        let aggregations = request.aggregations.as_ref().map(aggregation::Plan::new).transpose()?;
        let mut collected = None;
        let mut total = 0;
        let mut top: Vec<(Ordered, Searcher)> = Vec::new();
        for window in self.windows_of(&request.clause) {
            let searcher = window.searcher();
            if searcher.segment_readers().is_empty() {
                continue;
            }
            let query = lower(&request.clause, &window.fields);
            let order =
                Order { keys: request.sort.clone(), after: request.search_after.clone(), limit };
            let found = match &aggregations {
                None => searcher.search(&query, &order),
                Some(plan) => {
                    searcher.search(&query, &(order, plan.collector())).map(|(found, partial)| {
                        plan.merge(&mut collected, partial);
                        found
                    })
                }
            };
            let found =
                found.map_err(|error| aggregation::as_request_error(error, &window.path))?;
            total += found.total;
            top.extend(found.top.into_iter().map(|hit| (hit, searcher.clone())));
        }
        top.sort_by(|(left, _), (right, _)| order::compare(&request.sort, &left.keys, &right.keys));
        let page = top.into_iter().skip(request.from).take(request.size);
        let hits = page.map(|(hit, searcher)| load(&searcher, hit)).collect::<Result<_>>()?;
        let aggregations = aggregations.map(|plan| plan.finish(collected)).transpose()?;
        Ok(Answer { total, hits, aggregations })
    }

    /// The windows in which the clause can match, newest first.
    fn windows_of(&self, clause: &Clause) -> Vec<std::sync::Arc<crate::store::window::Window>> {
        let (from, to) = clause.time_span();
        let mut windows = self.shared().windows();
        windows.retain(|window| {
            window.span().is_none_or(|(oldest, newest)| oldest <= to && newest >= from)
        });
        windows.reverse();
        windows
    }

    /// One document by its id.
    pub fn document(&self, indices: &str, id: &str, scope: &Scope) -> Result<Hit> {
        let body = json!({"query": {"ids": {"values": [id]}}, "size": 1});
        let mut answer = self.answer(&Request::parse(indices, &body, scope)?)?;
        answer.hits.pop().ok_or_else(|| Error::NotFound(id.to_owned()))
    }
}

fn load(searcher: &Searcher, hit: Ordered) -> Result<Hit> {
    let entry = load_entry(searcher, hit.address)?;
    Ok(Hit { entry, sort: hit.keys })
}

fn load_entry(searcher: &Searcher, address: DocAddress) -> Result<Entry> {
    let fault = |source| Error::Index { path: Default::default(), doing: "reading a line", source };
    let document: TantivyDocument = searcher.doc(address).map_err(fault)?;
    let schema = searcher.schema();
    let stored =
        |name: &str| schema.get_field(name).ok().and_then(|field| document.get_first(field));
    let text =
        |name: &str| stored(name).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
    let source: Map<String, Value> = serde_json::from_str(&text("_source")).unwrap_or_default();
    let timestamp = source.get("@timestamp").and_then(crate::time::parse_value).unwrap_or_default();
    Ok(Entry {
        sequence: stored("_seq_no").and_then(|value| value.as_u64()).unwrap_or_default(),
        id: Some(text("_id")),
        index: text("_index"),
        timestamp,
        source,
    })
}

fn render(request: &Request, answer: Answer, started: Instant) -> Value {
    let mut words = Vec::new();
    request.clause.message_words(&mut words);
    let hits: Vec<Value> =
        answer.hits.into_iter().map(|hit| render_hit(request, hit, &words)).collect();
    let mut found = json!({"max_score": null, "hits": hits});
    if request.track_total {
        found["total"] = json!({"value": answer.total, "relation": "eq"});
    }
    let took = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let mut response = json!({
        "took": took,
        "timed_out": false,
        "_shards": {"total": 1, "successful": 1, "skipped": 0, "failed": 0},
        "hits": found,
    });
    if let Some(aggregations) = answer.aggregations {
        response["aggregations"] = aggregations;
    }
    response
}

fn render_hit(request: &Request, hit: Hit, words: &[String]) -> Value {
    let mut rendered = json!({
        "_index": hit.entry.index,
        "_id": hit.entry.document_id(),
        "_score": null,
    });
    if request.highlight
        && let Some(fragment) = highlight::highlight(hit.entry.message(), words)
    {
        rendered["highlight"] = json!({"message": [fragment]});
    }
    if let Some(source) = request.source.apply(hit.entry.source) {
        rendered["_source"] = Value::Object(source);
    }
    if request.sort_given {
        let keys = request.sort.iter().zip(hit.sort).take(request.sort_shown);
        rendered["sort"] = keys.map(|(key, value)| value.render(key)).collect();
    }
    rendered
}

/// The condition that an index pattern (`logs-*,-logs-old`) sets on lines.
pub(crate) fn index_clause(pattern: &str) -> Option<Clause> {
    let (mut any, mut none) = (vec![], vec![]);
    for name in pattern.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let (into, name) = match name.strip_prefix('-') {
            Some(excluded) => (&mut none, excluded),
            None => (&mut any, name),
        };
        into.push(match name {
            "_all" | "*" => Clause::All,
            name if name.contains('*') => {
                Clause::Pattern { field: Field::Index, regex: crate::clause::wildcard_regex(name) }
            }
            name => Clause::Term {
                field: Field::Index,
                values: vec![crate::clause::Scalar::Text(name.into())],
            },
        });
    }
    if any.iter().all(|clause| *clause == Clause::All) && none.is_empty() {
        return None;
    }
    let minimum = usize::from(!any.is_empty());
    Some(Clause::Bool { must: vec![], should: any, must_not: none, minimum })
}
