//! A stream of committed events, in revision order, without gaps or repeats.
//!
//! A watch is a position. It reads what lies after it: from the feed while the
//! feed still holds it, else from the file's history, else it ends with
//! `Compacted`. Replay and live events are the same walk, so there is no seam
//! between them to lose or repeat an event at.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures::Stream;
use futures::future::BoxFuture;

use crate::feed::Feed;
use crate::query::{self, At};
use crate::readers::Readers;
use crate::{Error, Event, Result, Revision};

/// How many events of history a watch reads at a time.
const STRETCH: usize = 500;

/// A stream of the events of a prefix. It ends after an error, and when the
/// store is closed.
pub struct Watch {
    source: Arc<Source>,
    pending: VecDeque<Arc<Event>>,
    /// All events up to here have left the stream.
    position: Revision,
    /// All events up to here are in `pending` or have left.
    fetched: Revision,
    fetch: Option<BoxFuture<'static, Result<Option<Batch>>>>,
    ended: bool,
}

struct Source {
    prefix: String,
    feed: Feed,
    readers: Arc<Readers>,
}

struct Batch {
    events: Vec<Arc<Event>>,
    until: Revision,
}

impl Watch {
    pub(crate) fn new(prefix: &str, after: Revision, feed: Feed, readers: Arc<Readers>) -> Self {
        Self {
            source: Arc::new(Source { prefix: prefix.to_owned(), feed, readers }),
            pending: VecDeque::new(),
            position: after,
            fetched: after,
            fetch: None,
            ended: false,
        }
    }

    /// Every event of the prefix up to this revision has been handed out: a
    /// new watch after it misses nothing. It rises with writes elsewhere, too,
    /// each time the stream is polled.
    pub fn position(&self) -> Revision {
        self.position
    }
}

impl Stream for Watch {
    type Item = Result<Event>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(event) = self.pending.pop_front() {
                self.position = if self.pending.is_empty() { self.fetched } else { event.revision };
                return Poll::Ready(Some(Ok(Arc::unwrap_or_clone(event))));
            }
            self.position = self.fetched;
            if self.ended {
                return Poll::Ready(None);
            }
            let next = (Arc::clone(&self.source), self.fetched);
            let fetch = self
                .fetch
                .get_or_insert_with(|| Box::pin(async move { next.0.after(next.1).await }));
            let fetched = ready!(fetch.as_mut().poll(context));
            self.fetch = None;
            match fetched {
                Ok(Some(batch)) => {
                    self.pending.extend(batch.events);
                    self.fetched = batch.until;
                }
                Ok(None) => self.ended = true,
                Err(error) => {
                    self.ended = true;
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
    }
}

impl Source {
    /// What follows `position`, waiting for a write if nothing does; `None`
    /// when the store closed.
    async fn after(&self, position: Revision) -> Result<Option<Batch>> {
        if !self.feed.clone().wait(position).await {
            return Ok(None);
        }
        if let Some((events, until)) = self.feed.read(&self.prefix, position) {
            return Ok(Some(Batch { events, until }));
        }
        let prefix = self.prefix.clone();
        let history = self
            .readers
            .ask("read history", move |db| query::events(db, &prefix, position, STRETCH))
            .await?;
        match history {
            At::Found(history) => Ok(Some(Batch {
                events: history.events.into_iter().map(Arc::new).collect(),
                until: history.until,
            })),
            At::Compacted { oldest } => Err(Error::Compacted { oldest }),
            At::NotYet { newest } => Err(Error::NotYet { asked: position, newest }),
        }
    }
}
