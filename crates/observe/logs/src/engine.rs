//! What answers and stores: our own store, or another Elasticsearch or OpenSearch. The
//! HTTP surface and the collector speak to this and know neither.

use std::time::Duration;

use serde_json::Value;

use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::foreign::Foreign;
use crate::intake::Intake;
use crate::scope::Scope;
use crate::store::Logs;

/// Cheap to clone.
#[derive(Clone)]
pub enum Engine {
    Own(Logs),
    Foreign(Foreign),
}

impl From<Logs> for Engine {
    fn from(logs: Logs) -> Self {
        Engine::Own(logs)
    }
}

impl From<Foreign> for Engine {
    fn from(foreign: Foreign) -> Self {
        Engine::Foreign(foreign)
    }
}

/// A document as it was found.
pub(crate) struct Found {
    pub index: String,
    pub sequence: u64,
    pub source: Value,
}

impl Engine {
    /// Takes lines in; their ids come back once they are stored.
    pub async fn ingest(&self, entries: Vec<Entry>) -> Result<Vec<String>> {
        self.intake().ingest(entries).await
    }

    /// Returns when everything taken in before can be searched.
    pub async fn flush(&self) -> Result<()> {
        self.intake().flush().await?;
        match self {
            Engine::Own(_) => Ok(()),
            Engine::Foreign(foreign) => foreign.refresh().await,
        }
    }

    /// Returns when what was taken in before is where a search of this engine looks. Another
    /// engine is not waited for: it may be away, and its searches see its newest by themselves.
    pub(crate) async fn settle(&self) -> Result<()> {
        match self {
            Engine::Own(_) => self.flush().await,
            Engine::Foreign(_) => Ok(()),
        }
    }

    /// Stores what is there and stops taking. Waits: call it where blocking is allowed.
    pub fn close(&self) {
        match self {
            Engine::Own(logs) => logs.close(),
            Engine::Foreign(foreign) => foreign.close(),
        }
    }

    pub(crate) fn intake(&self) -> &Intake {
        match self {
            Engine::Own(logs) => logs.intake(),
            Engine::Foreign(foreign) => foreign.intake(),
        }
    }

    pub(crate) async fn search(&self, indices: &str, body: Value, scope: &Scope) -> Result<Value> {
        match self {
            Engine::Foreign(foreign) => foreign.search(indices, &body, scope).await,
            Engine::Own(logs) => {
                let (logs, indices, scope) = (logs.clone(), indices.to_owned(), scope.clone());
                blocking(move || logs.search(&indices, &body, &scope)).await
            }
        }
    }

    pub(crate) async fn count(&self, indices: &str, body: Value, scope: &Scope) -> Result<Value> {
        match self {
            Engine::Foreign(foreign) => foreign.count(indices, &body, scope).await,
            Engine::Own(logs) => {
                let (logs, indices, scope) = (logs.clone(), indices.to_owned(), scope.clone());
                blocking(move || logs.count(&indices, &body, &scope)).await
            }
        }
    }

    /// Whether the scope may see any line of these indices.
    pub(crate) async fn has_line(&self, indices: &str, scope: &Scope) -> Result<bool> {
        match self {
            Engine::Foreign(foreign) => foreign.has_line(indices, scope).await,
            Engine::Own(logs) => {
                let (logs, indices, scope) = (logs.clone(), indices.to_owned(), scope.clone());
                blocking(move || logs.has_line(&indices, &scope)).await
            }
        }
    }

    pub(crate) async fn open_scroll(
        &self,
        indices: &str,
        body: Value,
        keep: Duration,
        scope: &Scope,
    ) -> Result<Value> {
        match self {
            Engine::Foreign(foreign) => foreign.open_scroll(indices, &body, keep, scope).await,
            Engine::Own(logs) => {
                let (logs, indices, scope) = (logs.clone(), indices.to_owned(), scope.clone());
                blocking(move || logs.open_scroll(&indices, &body, keep, &scope)).await
            }
        }
    }

    pub(crate) async fn scroll(
        &self,
        id: &str,
        keep: Option<Duration>,
        scope: &Scope,
    ) -> Result<Value> {
        match self {
            Engine::Foreign(foreign) => foreign.scroll(id, keep, scope).await,
            Engine::Own(logs) => {
                let (logs, id, scope) = (logs.clone(), id.to_owned(), scope.clone());
                blocking(move || logs.scroll(&id, keep, &scope)).await
            }
        }
    }

    pub(crate) async fn open_pit(
        &self,
        indices: &str,
        keep: Duration,
        scope: &Scope,
    ) -> Result<String> {
        match self {
            Engine::Own(logs) => logs.open_pit(indices, keep, scope),
            Engine::Foreign(foreign) => foreign.open_pit(indices, keep, scope).await,
        }
    }

    /// Ends a point in time of this scope; `false` when there is none.
    pub(crate) async fn close_pit(&self, id: &str, scope: &Scope) -> Result<bool> {
        match self {
            Engine::Own(logs) => Ok(logs.contexts().close(id, scope)),
            Engine::Foreign(foreign) => foreign.close_pit(id, scope).await,
        }
    }

    /// Ends scrolls of this scope and says how many there were; `_all` is all of them.
    pub(crate) async fn close_scrolls(&self, ids: &[String], scope: &Scope) -> Result<usize> {
        match self {
            Engine::Foreign(foreign) => foreign.close_scrolls(ids, scope).await,
            Engine::Own(logs) if ids.iter().any(|id| id == "_all") => {
                Ok(logs.contexts().close_scrolls(scope))
            }
            Engine::Own(logs) => {
                Ok(ids.iter().filter(|id| logs.contexts().close(id, scope)).count())
            }
        }
    }

    /// One document by its id.
    pub(crate) async fn document(&self, indices: &str, id: &str, scope: &Scope) -> Result<Found> {
        match self {
            Engine::Foreign(foreign) => foreign.document(indices, id, scope).await,
            Engine::Own(logs) => {
                let (logs, indices) = (logs.clone(), indices.to_owned());
                let (id, scope) = (id.to_owned(), scope.clone());
                let hit = blocking(move || logs.document(&indices, &id, &scope)).await?;
                let Entry { index, sequence, source, .. } = hit.entry;
                Ok(Found { index, sequence, source: Value::Object(source) })
            }
        }
    }
}

/// Searches read files, so they run where blocking is allowed.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Error::Closed)?
}
