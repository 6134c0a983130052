//! A search of the other Jaeger: once for each namespace, and put together.

use std::collections::{BTreeSet, HashSet};

use futures::stream::{self, StreamExt, TryStreamExt};
use serde_json::Value;

use super::client::Client;
use super::list;
use super::visible::{Wanted, part};
use crate::error::Result;
use crate::head::now;
use crate::http::parameters;
use crate::query::Query;
use crate::scope::Scope;
use crate::span::NAMESPACE;

/// Questions to the other Jaeger at the same time.
const AT_ONCE: usize = 8;

/// The answers in the order of the questions, or the first that failed.
pub async fn all<T>(questions: Vec<impl Future<Output = Result<T>>>) -> Result<Vec<T>> {
    stream::iter(questions).buffered(AT_ONCE).try_collect().await
}

/// What is passed on; everything else that Jaeger might know is left out.
const PASSED: [&str; 8] =
    ["service", "operation", "start", "end", "minDuration", "maxDuration", "limit", "lookback"];

pub struct Search {
    pairs: Vec<(String, String)>,
    query: Query,
}

impl Search {
    /// # Errors
    /// A parameter that cannot be read.
    pub fn read(pairs: Vec<(String, String)>) -> Result<Search> {
        let query = parameters::query(&pairs, now())?;
        let passed =
            |(name, value): &(String, String)| PASSED.contains(&name.as_str()) && !value.is_empty();
        Ok(Search { pairs: pairs.into_iter().filter(passed).collect(), query })
    }

    /// The visible parts of the traces that were asked for, newest first.
    pub async fn run(&self, client: &Client, scope: &Scope) -> Result<Vec<Value>> {
        let Some(allowed) = &scope.namespaces else {
            return Ok(list(client.get(&["traces"], &self.asked(None)).await?));
        };
        let mut questions = Vec::new();
        for namespace in self.namespaces(allowed) {
            let asked = self.asked(Some(namespace));
            questions.push(async move { client.get(&["traces"], &asked).await });
        }
        let answers = all(questions).await?;
        Ok(self.visible(answers, scope))
    }

    fn visible(&self, answers: Vec<Value>, scope: &Scope) -> Vec<Value> {
        let wanted = self.wanted();
        let mut known = HashSet::new();
        let found = answers.into_iter().flat_map(list).filter_map(|trace| part(trace, scope));
        let mut found: Vec<Value> = found
            .filter(|trace| wanted.is_in(trace) && known.insert(trace["traceID"].to_string()))
            .collect();
        found.sort_by_key(|trace| std::cmp::Reverse(start(trace)));
        found.truncate(self.query.limit);
        found
    }

    /// The namespaces that the caller may see, of those that it asks for.
    fn namespaces<'a>(&self, allowed: &'a BTreeSet<String>) -> Vec<&'a String> {
        let named: Vec<&String> = self
            .query
            .tags
            .iter()
            .filter(|(key, _)| key == NAMESPACE)
            .map(|(_, value)| value)
            .collect();
        allowed.iter().filter(|own| named.iter().all(|named| named == own)).collect()
    }

    /// The parameters, with all tags as one object that names no key twice.
    fn asked(&self, namespace: Option<&str>) -> Vec<(String, String)> {
        let mut tags: serde_json::Map<String, Value> = self
            .query
            .tags
            .iter()
            .map(|(key, value)| (key.clone(), value.as_str().into()))
            .collect();
        if let Some(namespace) = namespace {
            tags.insert(NAMESPACE.into(), namespace.into());
        }
        let mut asked = self.pairs.clone();
        if !tags.is_empty() {
            asked.push(("tags".into(), Value::Object(tags).to_string()));
        }
        asked
    }

    fn wanted(&self) -> Wanted {
        let microseconds = |nanoseconds: i64| nanoseconds / 1000;
        Wanted {
            service: self.query.service.clone(),
            operation: self.query.operation.clone(),
            tags: self.query.tags.clone(),
            shortest: self.query.shortest.map(microseconds),
            longest: self.query.longest.map(microseconds),
        }
    }
}

fn start(trace: &Value) -> i64 {
    let spans = trace["spans"].as_array().into_iter().flatten();
    spans.filter_map(|span| span["startTime"].as_i64()).min().unwrap_or_default()
}
