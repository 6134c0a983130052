//! The way in: batches of lines to the one thread that stores them, and how far that
//! thread has come with each log file. The same for our own store and for another
//! engine, so that collectors and senders know neither.

use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::position::{Advance, Positions};

/// Batches waiting for the thread; a full queue holds the senders back.
pub(crate) const QUEUE: usize = 4;

pub(crate) enum Message {
    Lines(Batch),
    /// Commit now; the answer comes when it is done.
    Flush(oneshot::Sender<Result<()>>),
}

#[derive(Default)]
pub(crate) struct Batch {
    pub entries: Vec<Entry>,
    pub advances: Vec<Advance>,
    /// The count of [`Committed`] under which positions were read; lines without
    /// positions carry none and are never refused.
    pub generation: Option<u64>,
    /// The documents' ids, in order, once the death of the program loses them no more.
    pub accepted: Option<oneshot::Sender<Result<Vec<String>>>>,
}

/// The last committed positions, and how often uncommitted lines had to be given up. A
/// sender of lines with positions starts over from these when the count changes.
pub(crate) type Committed = Arc<Mutex<(u64, Positions)>>;

/// Cheap to clone; closed for all clones at once.
#[derive(Clone)]
pub(crate) struct Intake {
    queue: Arc<Mutex<Option<SyncSender<Message>>>>,
    committed: Committed,
}

/// Whoever sends them, lines have so many fields and no more.
fn bounded(message: Message) -> Message {
    match message {
        Message::Lines(batch) => {
            let entries = batch.entries.into_iter().map(Entry::bounded).collect();
            Message::Lines(Batch { entries, ..batch })
        }
        other => other,
    }
}

impl Intake {
    pub fn new(queue: SyncSender<Message>, committed: Committed) -> Intake {
        Intake { queue: Arc::new(Mutex::new(Some(queue))), committed }
    }

    pub fn committed(&self) -> (u64, Positions) {
        self.committed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The positions to start over from, when others than those of `generation` count.
    pub fn newer_than(&self, generation: u64) -> Option<(u64, Positions)> {
        let committed = self.committed.lock().unwrap_or_else(PoisonError::into_inner);
        (committed.0 != generation).then(|| committed.clone())
    }

    /// Takes lines in; their ids come back once no death of this program loses them.
    pub async fn ingest(&self, entries: Vec<Entry>) -> Result<Vec<String>> {
        let (accepted, ids) = oneshot::channel();
        self.send_async(Message::Lines(Batch {
            entries,
            accepted: Some(accepted),
            ..Batch::default()
        }))
        .await?;
        ids.await.map_err(|_| Error::Closed)?
    }

    /// Returns when everything taken in before is stored.
    pub async fn flush(&self) -> Result<()> {
        let (done, committed) = oneshot::channel();
        self.send_async(Message::Flush(done)).await?;
        committed.await.map_err(|_| Error::Closed)?
    }

    /// Waits while the thread is behind.
    pub fn send(&self, message: Message) -> Result<()> {
        let message = bounded(message);
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone();
        queue.ok_or(Error::Closed)?.send(message).map_err(|_| Error::Closed)
    }

    /// Sends without blocking the runtime when the thread is behind.
    async fn send_async(&self, message: Message) -> Result<()> {
        let message = bounded(message);
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let queue = queue.ok_or(Error::Closed)?;
        match queue.try_send(message) {
            Ok(()) => Ok(()),
            Err(TrySendError::Disconnected(_)) => Err(Error::Closed),
            Err(TrySendError::Full(message)) => {
                let sent = tokio::task::spawn_blocking(move || queue.send(message)).await;
                matches!(sent, Ok(Ok(()))).then_some(()).ok_or(Error::Closed)
            }
        }
    }

    /// Nothing more is taken; the thread ends with what it has.
    pub fn close(&self) {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}
