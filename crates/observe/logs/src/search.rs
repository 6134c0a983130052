//! Answers a search over all windows: which lines, how many, in which order, and
//! what they add up to.

pub mod aggregation;
mod budget;
pub mod columns;
pub mod contexts;
pub mod highlight;
pub mod order;
pub mod request;
mod run;
mod source;
pub mod view;

use std::time::Instant;

use serde_json::{Map, Value, json};
use tantivy::collector::Count;
use tantivy::query::{EnableScoring, Query};
use tantivy::schema::Value as _;
use tantivy::{DocAddress, DocSet, Searcher, TERMINATED, TantivyDocument};

use crate::clause::lower::lower;
use crate::clause::{Clause, Field};
use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::scope::Scope;
use crate::store::Logs;
pub use budget::Limits;
use order::SortValue;
use request::Request;
use view::View;

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
    pub timed_out: bool,
    pub terminated_early: bool,
}

impl Logs {
    /// Answers an Elasticsearch search body, narrowed to a scope and to index names.
    /// Reads files: call it where blocking is allowed.
    pub fn search(&self, indices: &str, body: &Value, scope: &Scope) -> Result<Value> {
        let started = Instant::now();
        if let Some(pit) = body.get("pit") {
            return self.search_pit(indices, pit, body, scope);
        }
        let request = Request::parse(indices, body, scope)?;
        let answer = self.answer(&request)?;
        Ok(render(&request, answer, started))
    }

    /// How many lines match, in the shape of `_count`.
    pub fn count(&self, indices: &str, body: &Value, scope: &Scope) -> Result<Value> {
        let request = Request::parse_count(indices, body, scope)?;
        let mut total = 0;
        for (_, window, searcher) in View::now(self).within(request.clause.time_span()) {
            let query = lower(&request.clause, &window.fields);
            total += searcher.search(&query, &Count).map_err(window.fault("counting lines"))?;
        }
        Ok(json!({"count": total, "_shards": SHARDS.clone()}))
    }

    /// Whether the scope may see any line of these indices. Looks for one, however many
    /// there are.
    pub(crate) fn has_line(&self, indices: &str, scope: &Scope) -> Result<bool> {
        let request = Request::parse_count(indices, &json!({}), scope)?;
        for (_, window, searcher) in View::now(self).within(request.clause.time_span()) {
            let query = lower(&request.clause, &window.fields);
            if has_match(query.as_ref(), searcher).map_err(window.fault("looking for a line"))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    pub(crate) fn answer(&self, request: &Request) -> Result<Answer> {
        self.answer_in(request, &View::now(self))
    }

    fn answer_in(&self, request: &Request, view: &View) -> Result<Answer> {
        let outcome = run::run(request, view, &self.shared().config.limits)?;
        let page = outcome.best.into_iter().skip(request.from).take(request.size);
        let hits = page.map(|found| {
            let entry = load_entry(&view.parts[found.part].1, found.address)?;
            Ok(Hit { entry, sort: found.keys })
        });
        let hits = hits.collect::<Result<_>>()?;
        let plan = &request.aggregations;
        let aggregations = (!plan.is_empty())
            .then(|| aggregation::render::render(plan, outcome.states))
            .transpose()?;
        let (timed_out, terminated_early) = (outcome.timed_out, outcome.terminated_early);
        Ok(Answer { total: outcome.total, hits, aggregations, timed_out, terminated_early })
    }

    /// One document by its id.
    pub fn document(&self, indices: &str, id: &str, scope: &Scope) -> Result<Hit> {
        let body = json!({"query": {"ids": {"values": [id]}}, "size": 1});
        let mut answer = self.answer(&Request::parse(indices, &body, scope)?)?;
        answer.hits.pop().ok_or_else(|| Error::NotFound(id.to_owned()))
    }
}

fn has_match(query: &dyn Query, searcher: &Searcher) -> tantivy::Result<bool> {
    let weight = query.weight(EnableScoring::disabled_from_searcher(searcher))?;
    for segment in searcher.segment_readers() {
        let mut scorer = weight.scorer(segment, 1.0)?;
        while scorer.doc() != TERMINATED {
            if segment.alive_bitset().is_none_or(|alive| alive.is_alive(scorer.doc())) {
                return Ok(true);
            }
            scorer.advance();
        }
    }
    Ok(false)
}

/// One shard that never fails: what every answer says.
static SHARDS: std::sync::LazyLock<Value> =
    std::sync::LazyLock::new(|| json!({"total": 1, "successful": 1, "skipped": 0, "failed": 0}));

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
    let hits: Vec<Value> = answer.hits.into_iter().map(|hit| render_hit(request, hit)).collect();
    let mut found = Map::new();
    if request.track_total {
        found.insert("total".into(), json!({"value": answer.total, "relation": "eq"}));
    }
    found.insert("max_score".into(), Value::Null);
    found.insert("hits".into(), hits.into());
    let took = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let mut response = json!({
        "took": took, "timed_out": answer.timed_out, "_shards": SHARDS.clone(), "hits": found,
    });
    if answer.terminated_early {
        response["terminated_early"] = true.into();
    }
    if let Some(aggregations) = answer.aggregations {
        response["aggregations"] = aggregations;
    }
    response
}

fn render_hit(request: &Request, hit: Hit) -> Value {
    let mut rendered = json!({
        "_index": hit.entry.index,
        "_id": hit.entry.document_id(),
        "_score": null,
    });
    if let Some(marked) = request.highlight.as_ref().and_then(|marks| marks.of(&hit.entry)) {
        rendered["highlight"] = marked.into();
    }
    if !request.fields.is_empty() {
        rendered["fields"] = source::fields(&hit.entry, &request.fields).into();
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
