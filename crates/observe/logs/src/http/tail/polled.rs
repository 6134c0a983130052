//! A tail over an engine that tells nobody of what arrives: it is asked every second
//! for what is newer, and for the seconds before, since lines arrive out of order.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use axum::response::sse::Event;
use futures::stream::{self, StreamExt};
use serde_json::{Value, json};

use super::{Events, Wanted};
use crate::engine::Engine;
use crate::error::Result;
use crate::foreign::Foreign;
use crate::scope::Scope;
use crate::time;

const EVERY: Duration = Duration::from_secs(1);
/// A line may be found this long after its own time: it is collected, sent, and then
/// refreshed, which Elasticsearch does once a second.
const LATE: i64 = 15_000_000_000;
/// What is looked at in one turn; more than this in a second nobody reads.
const TURN: usize = 2000;
/// Where a reader comes back after a break.
const BREAK: i64 = 60_000_000_000;

pub async fn events(foreign: Foreign, wanted: Wanted) -> Result<Events> {
    let Wanted { index, conditions, scope, since, resumed, lines } = wanted;
    let engine = Engine::Foreign(foreign);
    let mut follower = Follower { engine, index, conditions, scope, seen: Seen::default() };
    let from = match (since, resumed) {
        (_, Some(_)) => Some(json!(time::format(time::now() - BREAK))),
        (Some(since), None) => Some(Value::from(since)),
        (None, None) => None,
    };
    // What the first turn will look at and is no history was there before: it is not
    // news. A mistake in the question is told here, before the stream begins.
    let began = time::now();
    let before = follower.ask(Some(time::format(began - LATE).into()), TURN, "desc").await?;
    let mut earlier = follower.ask(from, lines, "desc").await?;
    earlier.reverse();
    let first: Vec<Event> = earlier.iter().filter_map(|hit| follower.event(hit)).collect();
    for hit in &before {
        follower.seen.add(hit);
    }
    let later = stream::unfold((follower, began), |(mut follower, began)| async move {
        tokio::time::sleep(EVERY).await;
        let events = follower.turn(began).await;
        Some((stream::iter(events), (follower, began)))
    });
    Ok(stream::iter(first).chain(later.flatten()).map(Ok).boxed())
}

struct Follower {
    engine: Engine,
    index: String,
    conditions: Vec<Value>,
    scope: Scope,
    seen: Seen,
}

impl Follower {
    /// What one look finds anew. An engine that is away is asked again at the next turn.
    async fn turn(&mut self, began: i64) -> Vec<Event> {
        let from = time::format((time::now() - LATE).max(began - LATE));
        let mut hits = match self.ask(Some(from.into()), TURN, "desc").await {
            Ok(hits) => hits,
            Err(error) => {
                tracing::debug!(%error, "a live tail waits for the log engine");
                return vec![];
            }
        };
        let is_full = hits.len() == TURN;
        hits.reverse();
        let is_gap = is_full && hits.first().is_some_and(|oldest| !self.seen.has(oldest));
        let mut events: Vec<Event> = hits.iter().filter_map(|hit| self.event(hit)).collect();
        if is_gap {
            // How many there were more is not known.
            let lagged = json!({"missed": null}).to_string();
            events.insert(0, Event::default().event("lagged").data(lagged));
        }
        events
    }

    async fn ask(&self, from: Option<Value>, size: usize, order: &str) -> Result<Vec<Value>> {
        let mut filter = self.conditions.clone();
        if let Some(from) = from {
            filter.push(json!({"range": {"@timestamp": {"gte": from}}}));
        }
        let body = json!({
            "query": {"bool": {"filter": filter}}, "size": size, "track_total_hits": false,
            "sort": [{"@timestamp": {"order": order}}, {"_seq_no": {"order": order}}],
        });
        let mut answer = self.engine.search(&self.index, body, &self.scope).await?;
        match answer.pointer_mut("/hits/hits").map(Value::take) {
            Some(Value::Array(hits)) => Ok(hits),
            _ => Ok(vec![]),
        }
    }

    /// The event of a line that was not told yet.
    fn event(&mut self, hit: &Value) -> Option<Event> {
        if !self.seen.add(hit) {
            return None;
        }
        let data = json!({"_id": hit["_id"], "_index": hit["_index"], "_source": hit["_source"]});
        let number = hit["sort"][1].as_u64().unwrap_or_default();
        Some(Event::default().id(number.to_string()).data(data.to_string()))
    }
}

/// The documents that were told last.
#[derive(Default)]
struct Seen {
    known: HashSet<String>,
    order: VecDeque<String>,
}

impl Seen {
    fn key(hit: &Value) -> String {
        format!("{}/{}", hit["_index"].as_str().unwrap_or(""), hit["_id"].as_str().unwrap_or(""))
    }

    fn has(&self, hit: &Value) -> bool {
        self.known.contains(&Seen::key(hit))
    }

    fn add(&mut self, hit: &Value) -> bool {
        /// More than a turn holds, and the history before the first.
        const MOST: usize = 20_000;
        let key = Seen::key(hit);
        if !self.known.insert(key.clone()) {
            return false;
        }
        self.order.push_back(key);
        if self.order.len() > MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}
