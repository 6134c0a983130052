//! `GET /_tail`: lines as they arrive, as server-sent events. Ours; Elasticsearch
//! has no such thing.
//!
//! Parameters: `q` (query string) and `query` (a JSON query) as in a search; any
//! keyword field by name (`app=digits`, several with commas); `index`; `lines`, how
//! many earlier lines come first (default 100); `since`, date math for the earliest
//! of them. Each event is one line: its id is the order of arrival, its data
//! `{"_id", "_index", "_source"}`. After a reconnect `Last-Event-ID` continues
//! without a gap. A reader that is too slow gets an event `lagged` with `missed`.
//!
//! Another engine tells nobody of what arrives: it is asked every second ([`polled`]).

mod polled;

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Extension, Query, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::stream::{self, BoxStream, Stream, StreamExt};
use serde_json::{Value, json};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::scope_of;
use crate::clause::matches::Matcher;
use crate::engine::{Engine, blocking};
use crate::entry::{Entry, KEYWORDS};
use crate::error::{Error, Result};
use crate::scope::Scope;
use crate::search::request::Request;
use crate::store::Logs;

const HISTORY: usize = 100;
const MAX_HISTORY: usize = 10_000;
/// Proxies close connections that are silent for a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

type Events = BoxStream<'static, std::result::Result<Event, Infallible>>;

/// What is asked for: which lines, and how many earlier ones.
struct Wanted {
    index: String,
    conditions: Vec<Value>,
    scope: Scope,
    since: Option<String>,
    /// The number of the last line that the reader has.
    resumed: Option<u64>,
    lines: usize,
}

pub async fn tail(
    State(engine): State<Engine>,
    scope: Option<Extension<Scope>>,
    Query(parameters): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = std::result::Result<Event, Infallible>>>> {
    let resumed = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse::<u64>().ok());
    let wanted = Wanted {
        index: parameters.get("index").map_or("_all", String::as_str).to_owned(),
        conditions: conditions(&parameters)?,
        scope: scope_of(scope),
        since: parameters.get("since").cloned(),
        resumed,
        lines: history(&parameters, resumed.is_some())?,
    };
    let events = match engine {
        Engine::Own(logs) => arriving(logs, wanted).await?,
        Engine::Foreign(foreign) => polled::events(foreign, wanted).await?,
    };
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

/// How many earlier lines come first.
fn history(parameters: &HashMap<String, String>, is_resumed: bool) -> Result<usize> {
    let Some(lines) = parameters.get("lines") else {
        return Ok(if is_resumed { MAX_HISTORY } else { HISTORY });
    };
    let number = lines.parse::<usize>().map_err(|_| {
        Error::illegal("lines", format!("[lines] must be a whole number, found [{lines}]"))
    })?;
    Ok(number.min(MAX_HISTORY))
}

async fn arriving(logs: Logs, wanted: Wanted) -> Result<Events> {
    let Wanted { index, conditions, scope, since, resumed, lines } = wanted;
    let live = Request::parse(&index, &body(conditions.clone(), None, None, 0), &scope)?;
    let matcher = Matcher::new(live.clause);

    // First listen, then look back: what arrives in between is in both and told apart by its number.
    let arriving = logs.subscribe();
    logs.flush().await?;
    let history = body(conditions, since.as_deref(), resumed, lines);
    let request = Request::parse(&index, &history, &scope)?;
    let mut hits = blocking(move || logs.answer(&request)).await?.hits;
    hits.reverse();

    let mut last = resumed;
    let mut earlier = Vec::with_capacity(hits.len());
    for hit in hits {
        last = last.max(Some(hit.entry.sequence));
        earlier.push(Ok(event(&hit.entry)));
    }
    Ok(stream::iter(earlier).chain(follow(arriving, matcher, last)).boxed())
}

/// Lines from now on that the matcher lets through.
fn follow(
    arriving: Receiver<Arc<Entry>>,
    matcher: Matcher,
    after: Option<u64>,
) -> impl Stream<Item = std::result::Result<Event, Infallible>> {
    stream::unfold((arriving, matcher), move |(mut arriving, matcher)| async move {
        loop {
            match arriving.recv().await {
                Ok(entry) => {
                    if after.is_none_or(|after| entry.sequence > after) && matcher.matches(&entry) {
                        return Some((Ok(event(&entry)), (arriving, matcher)));
                    }
                }
                Err(RecvError::Lagged(missed)) => {
                    let lagged = Event::default()
                        .event("lagged")
                        .data(json!({"missed": missed}).to_string());
                    return Some((Ok(lagged), (arriving, matcher)));
                }
                Err(RecvError::Closed) => return None,
            }
        }
    })
}

fn event(entry: &Entry) -> Event {
    let data = json!({"_id": entry.document_id(), "_index": entry.index, "_source": entry.source});
    Event::default().id(entry.sequence.to_string()).data(data.to_string())
}

fn conditions(parameters: &HashMap<String, String>) -> Result<Vec<Value>> {
    let mut conditions = Vec::new();
    if let Some(text) = parameters.get("q").filter(|text| !text.trim().is_empty()) {
        conditions.push(json!({"query_string": {"query": text, "default_operator": "and"}}));
    }
    if let Some(query) = parameters.get("query") {
        conditions.push(
            serde_json::from_str(query)
                .map_err(|error| Error::parsing("query", error.to_string()))?,
        );
    }
    for name in KEYWORDS {
        if let Some(values) = parameters.get(name) {
            conditions.push(json!({"terms": {name: values.split(',').collect::<Vec<_>>()}}));
        }
    }
    const OTHERS: [&str; 5] = ["q", "query", "index", "lines", "since"];
    let known = |name: &str| KEYWORDS.contains(&name) || OTHERS.contains(&name);
    match parameters.keys().find(|name| !known(name)) {
        Some(unknown) => {
            Err(Error::illegal(unknown, format!("unknown parameter [{unknown}] of _tail")))
        }
        None => Ok(conditions),
    }
}

fn body(mut filter: Vec<Value>, since: Option<&str>, resumed: Option<u64>, size: usize) -> Value {
    if let Some(since) = since {
        filter.push(json!({"range": {"@timestamp": {"gte": since}}}));
    }
    if let Some(resumed) = resumed {
        filter.push(json!({"range": {"_seq_no": {"gt": resumed}}}));
    }
    json!({"query": {"bool": {"filter": filter}}, "size": size, "sort": [{"_seq_no": "desc"}]})
}
