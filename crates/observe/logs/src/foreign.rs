//! An Elasticsearch or OpenSearch that is not ours, in place of our own store.
//!
//! ```text
//! question ─ names: inside our prefix ─ narrow: our subset, the caller's filter ─► engine
//! lines ──── intake ─ shipper: one bulk at a time, positions after the answer ───► engine
//! ```
//!
//! A question is understood by the same parser as one to our own store and then written
//! anew, so that only what is known passes. Ids of points in time and scrolls are sealed
//! for the scope that opened them.

mod bulk;
mod client;
mod names;
mod narrow;
mod seal;
mod shipper;
mod template;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};

use crate::engine::Found;
use crate::error::{Error, Result};
use crate::intake::Intake;
use crate::scope::Scope;
use client::Client;
pub use client::Credentials;
use seal::{Kind, Seal};

/// Where it is, with what one comes in, and which indices are ours.
#[derive(Debug, Clone)]
pub struct ForeignConfig {
    /// What stands before `/_search`.
    pub url: String,
    pub credentials: Credentials,
    /// Every index that is read or written begins with this.
    pub prefix: String,
    /// Where it is kept how far each log file has been sent.
    pub directory: PathBuf,
}

/// The engine. Cheap to clone; closes with `close` or when the last clone goes.
#[derive(Clone)]
pub struct Foreign(Arc<Inner>);

struct Inner {
    client: Client,
    prefix: String,
    seal: Seal,
    intake: Intake,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// An index that is not there yet has no lines.
const LENIENT: [(&str, &str); 2] = [("ignore_unavailable", "true"), ("allow_no_indices", "true")];

impl Foreign {
    /// Begins to send; the engine need not answer yet. Must be called within a tokio
    /// runtime.
    ///
    /// # Errors
    /// An address or prefix that is none, positions that cannot be read.
    pub fn open(config: ForeignConfig) -> Result<Foreign> {
        let ForeignConfig { url, credentials, prefix, directory } = config;
        names::check_prefix(&prefix)?;
        let client = Client::new(&url, credentials)?;
        let (intake, thread) = shipper::start(client.clone(), &prefix, &directory)?;
        let (seal, thread) = (Seal::new(), Mutex::new(Some(thread)));
        Ok(Foreign(Arc::new(Inner { client, prefix, seal, intake, thread })))
    }

    /// What it is, in words, when it answers.
    pub async fn check(&self) -> Result<String> {
        self.0.client.ping().await?;
        Foreign::words(&self.0.client).await
    }

    /// The same of one that is not opened.
    pub async fn probe(url: &str, credentials: Credentials) -> Result<String> {
        Foreign::words(&Client::new(url, credentials)?).await
    }

    async fn words(client: &Client) -> Result<String> {
        let about = client.about().await?;
        let kind = if about.is_opensearch { "OpenSearch" } else { "Elasticsearch" };
        Ok(format!("{kind} {}", about.version))
    }

    pub(crate) fn intake(&self) -> &Intake {
        &self.0.intake
    }

    /// Sends what is there and stops.
    pub(crate) fn close(&self) {
        self.0.close();
    }

    pub(crate) async fn search(&self, indices: &str, body: &Value, scope: &Scope) -> Result<Value> {
        let Some(pit) = body.get("pit") else {
            let path = format!("/{}/_search", self.names(indices)?);
            return self.ask(&path, &LENIENT, narrow::search(body, scope)?).await;
        };
        let (id, keep) = narrow::pit(pit, indices)?;
        let id = self.0.seal.open(Kind::Pit, scope, id)?;
        let mut asked = narrow::search(body, scope)?;
        asked["pit"] = json!({"id": id});
        if let Some(keep) = keep {
            asked["pit"]["keep_alive"] = keep.into();
        }
        let mut answer = self.ask("/_search", &[], asked).await?;
        self.seal(&mut answer, "pit_id", Kind::Pit, scope);
        Ok(answer)
    }

    pub(crate) async fn count(&self, indices: &str, body: &Value, scope: &Scope) -> Result<Value> {
        let path = format!("/{}/_count", self.names(indices)?);
        self.ask(&path, &LENIENT, narrow::count(body, scope)?).await
    }

    pub(crate) async fn has_line(&self, indices: &str, scope: &Scope) -> Result<bool> {
        let answer = self.search(indices, &json!({"size": 1, "terminate_after": 1}), scope).await?;
        Ok(answer["hits"]["hits"].as_array().is_some_and(|hits| !hits.is_empty()))
    }

    pub(crate) async fn open_scroll(
        &self,
        indices: &str,
        body: &Value,
        keep: Duration,
        scope: &Scope,
    ) -> Result<Value> {
        for key in ["from", "search_after", "pit"] {
            if body.get(key).is_some_and(|value| *value != json!(0)) {
                return Err(Error::illegal(key, format!("[{key}] cannot be used in a scroll")));
            }
        }
        let path = format!("/{}/_search", self.names(indices)?);
        let keep = length(keep);
        let parameters = [LENIENT[0], LENIENT[1], ("scroll", keep.as_str())];
        let mut asked = narrow::search(body, scope)?;
        if let Some(asked) = asked.as_object_mut() {
            asked.remove("from");
        }
        let mut answer = self.ask(&path, &parameters, asked).await?;
        self.seal(&mut answer, "_scroll_id", Kind::Scroll, scope);
        Ok(answer)
    }

    pub(crate) async fn scroll(
        &self,
        id: &str,
        keep: Option<Duration>,
        scope: &Scope,
    ) -> Result<Value> {
        let mut asked = json!({"scroll_id": self.0.seal.open(Kind::Scroll, scope, id)?});
        if let Some(keep) = keep {
            asked["scroll"] = length(keep).into();
        }
        let mut answer = self.ask("/_search/scroll", &[], asked).await?;
        self.seal(&mut answer, "_scroll_id", Kind::Scroll, scope);
        Ok(answer)
    }

    /// # Errors
    /// Among others for `_all`, which would end the scrolls of everybody.
    pub(crate) async fn close_scrolls(&self, ids: &[String], scope: &Scope) -> Result<usize> {
        if ids.iter().any(|id| id == "_all") {
            let reason = "[_all] would end the scrolls of others too; name your own";
            return Err(Error::illegal("scroll_id", reason));
        }
        let open = |id: &String| self.0.seal.open(Kind::Scroll, scope, id).ok();
        let ids: Vec<String> = ids.iter().filter_map(open).collect();
        if ids.is_empty() {
            return Ok(0);
        }
        let body = json!({"scroll_id": ids});
        self.freed(Method::DELETE, "/_search/scroll", body).await
    }

    pub(crate) async fn open_pit(
        &self,
        indices: &str,
        keep: Duration,
        scope: &Scope,
    ) -> Result<String> {
        let names = self.names(indices)?;
        let keep = length(keep);
        let parameters = [("keep_alive", keep.as_str()), LENIENT[0]];
        // OpenSearch has the same under other names.
        let (path, key) = match self.0.client.about().await?.is_opensearch {
            true => (format!("/{names}/_search/point_in_time"), "pit_id"),
            false => (format!("/{names}/_pit"), "id"),
        };
        let answer = self.0.client.call(Method::POST, &path, &parameters, None).await?;
        let id = answer[key].as_str().ok_or_else(|| {
            Error::Unreachable(format!("it opened a point in time and told no [{key}]"))
        })?;
        Ok(self.0.seal.close(Kind::Pit, scope, id))
    }

    pub(crate) async fn close_pit(&self, id: &str, scope: &Scope) -> Result<bool> {
        let Ok(id) = self.0.seal.open(Kind::Pit, scope, id) else { return Ok(false) };
        let (path, body) = match self.0.client.about().await?.is_opensearch {
            true => ("/_search/point_in_time", json!({"pit_id": [id]})),
            false => ("/_pit", json!({"id": id})),
        };
        Ok(self.freed(Method::DELETE, path, body).await? > 0)
    }

    pub(crate) async fn refresh(&self) -> Result<()> {
        let path = format!("/{}*/_refresh", self.0.prefix);
        self.0.client.call(Method::POST, &path, &LENIENT, None).await.map(drop)
    }

    /// A document by the id that its sender gave it, or that a search told.
    pub(crate) async fn document(&self, indices: &str, id: &str, scope: &Scope) -> Result<Found> {
        let namespaces = scope.namespaces.iter().flatten();
        let within = namespaces.map(|namespace| bulk::id_within(namespace, id));
        let ids: Vec<String> = std::iter::once(id.to_owned()).chain(within).collect();
        let body =
            json!({"query": {"ids": {"values": ids}}, "size": 1, "seq_no_primary_term": true});
        let mut answer = self.search(indices, &body, scope).await?;
        let mut hit = answer.pointer_mut("/hits/hits/0").map(Value::take).unwrap_or_default();
        let missing = || Error::NotFound(id.to_owned());
        let index = hit["_index"].as_str().ok_or_else(missing)?.to_owned();
        let sequence = hit["_seq_no"].as_u64().unwrap_or_default();
        let source = hit.get_mut("_source").map(Value::take).unwrap_or_default();
        Ok(Found { index, sequence, source })
    }

    fn names(&self, indices: &str) -> Result<String> {
        names::resolve(&self.0.prefix, indices)
    }

    async fn ask(&self, path: &str, parameters: &[(&str, &str)], body: Value) -> Result<Value> {
        self.0.client.call(Method::POST, path, parameters, Some(&body)).await
    }

    async fn freed(&self, method: Method, path: &str, body: Value) -> Result<usize> {
        match self.0.client.call(method, path, &[], Some(&body)).await {
            Ok(answer) => {
                let freed = answer["num_freed"].as_u64();
                let listed = answer["pits"].as_array().map(|pits| pits.len() as u64);
                Ok(usize::try_from(freed.or(listed).unwrap_or(1)).unwrap_or(0))
            }
            Err(Error::NoContext(_)) => Ok(0),
            Err(error) => Err(error),
        }
    }

    fn seal(&self, answer: &mut Value, key: &str, kind: Kind, scope: &Scope) {
        if let Some(id) = answer[key].as_str() {
            answer[key] = self.0.seal.close(kind, scope, id).into();
        }
    }
}

impl Inner {
    fn close(&self) {
        self.intake.close();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("log shipper panicked");
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}

fn length(keep: Duration) -> String {
    format!("{}ms", keep.as_millis())
}
