//! The recent events, kept in memory for those who watch.
//!
//! The writer appends after each commit; a watch reads on from its own
//! position. Nobody waits for anybody: a watch that falls behind the window
//! finds its position gone and reads history from the file instead.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::watch;

use crate::{Event, Revision};

/// A busy minute of a small cluster.
const EVENTS: usize = 2048;
/// Keeps a burst of large objects from holding memory for good.
const BYTES: usize = 8 << 20;

struct Window {
    events: VecDeque<Arc<Event>>,
    bytes: usize,
    /// Every event after this revision, up to `newest`, is in `events`.
    after: Revision,
    newest: Revision,
}

/// The reading side, shared by the store and its watches.
#[derive(Clone)]
pub(crate) struct Feed {
    window: Arc<RwLock<Window>>,
    newest: watch::Receiver<Revision>,
}

/// The writing side; when it is dropped, watches end.
pub(crate) struct Publisher {
    window: Arc<RwLock<Window>>,
    newest: watch::Sender<Revision>,
}

pub(crate) fn feed(newest: Revision) -> (Publisher, Feed) {
    let window =
        Arc::new(RwLock::new(Window { events: VecDeque::new(), bytes: 0, after: newest, newest }));
    let (sender, receiver) = watch::channel(newest);
    let publisher = Publisher { window: Arc::clone(&window), newest: sender };
    let feed = Feed { window, newest: receiver };
    (publisher, feed)
}

impl Publisher {
    /// Makes committed events visible, in revision order.
    pub(crate) fn publish(&self, events: Vec<Event>) {
        let Some(newest) = events.last().map(|event| event.revision) else {
            return;
        };
        {
            let mut window = self.window.write().unwrap_or_else(PoisonError::into_inner);
            for event in events {
                window.bytes += event.weight();
                window.events.push_back(Arc::new(event));
            }
            window.newest = newest;
            while window.events.len() > EVENTS || window.bytes > BYTES {
                let Some(dropped) = window.events.pop_front() else {
                    break;
                };
                window.bytes -= dropped.weight();
                window.after = dropped.revision;
            }
        }
        self.newest.send_replace(newest);
    }
}

impl Feed {
    pub(crate) fn newest(&self) -> Revision {
        *self.newest.borrow()
    }

    /// The events of a prefix after `position` and the revision that they
    /// reach to; `None` when the window no longer holds them all.
    pub(crate) fn read(
        &self,
        prefix: &str,
        position: Revision,
    ) -> Option<(Vec<Arc<Event>>, Revision)> {
        let window = self.window.read().unwrap_or_else(PoisonError::into_inner);
        if position < window.after {
            return None;
        }
        let start = window.events.partition_point(|event| event.revision <= position);
        let events = window
            .events
            .range(start..)
            .filter(|event| event.key.starts_with(prefix))
            .cloned()
            .collect();
        Some((events, window.newest))
    }

    /// Waits for a revision above `position`; `false` when the store closed.
    pub(crate) async fn wait(&mut self, position: Revision) -> bool {
        self.newest.wait_for(|newest| *newest > position).await.is_ok()
    }
}
