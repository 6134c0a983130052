//! The store's door: spans go in by a queue to one writer thread, questions look at
//! what the writer has put on the [`Shelf`].
//!
//! Spans are acknowledged when they are queued and on disk (fsync) within a quarter
//! of a second; a crash loses at most that.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::error::{Error, Result, file};
use crate::export::Exporter;
use crate::metrics::{Metrics, Reason};
use crate::sampling::Sampling;
use crate::shelf::{Shelf, Source};
use crate::span::Span;
use crate::writer::{Message, Writer};

/// Batches waiting for the writer.
const QUEUE: usize = 256;
/// Spans in them, some 30 MB: two seconds of what a slow core takes in. What finds the
/// queue full is refused: an exporter tries again, a gateway does without.
const QUEUED_SPANS: usize = 65_536;

/// Where and for how long spans are kept.
#[derive(Debug, Clone)]
pub struct Config {
    pub directory: PathBuf,
    /// Spans that are older go, some hours later than that: blocks go whole.
    pub keep: Duration,
    /// The oldest blocks go while the others still hold this many.
    pub keep_spans: u64,
    pub sampling: Sampling,
    /// Where spans go besides.
    pub exporter: Option<Exporter>,
}

impl Config {
    /// Seven days or five million spans, and every trace.
    pub fn new(directory: impl AsRef<Path>) -> Self {
        Config {
            directory: directory.as_ref().to_owned(),
            keep: Duration::from_secs(7 * 86_400),
            keep_spans: 5_000_000,
            sampling: Sampling::default(),
            exporter: None,
        }
    }
}

/// The store. Cheap to clone; writes and closes with the last clone.
#[derive(Clone)]
pub struct Traces {
    inner: Arc<Inner>,
}

struct Inner {
    shelf: Arc<RwLock<Shelf>>,
    sampling: Sampling,
    exporter: Option<Exporter>,
    metrics: Metrics,
    queued: Arc<AtomicUsize>,
    queue: Option<SyncSender<Message>>,
    thread: Option<JoinHandle<()>>,
}

impl Traces {
    pub fn open(config: Config) -> Result<Traces> {
        let (directory, sampling) = (config.directory.clone(), config.sampling.clone());
        let exporter = config.exporter.clone();
        let writer = Writer::open(config)?;
        let (shelf, metrics) = (writer.shelf().clone(), writer.metrics().clone());
        let queued = Arc::new(AtomicUsize::new(0));
        let (queue, messages) = sync_channel(QUEUE);
        let taken = queued.clone();
        let thread = std::thread::Builder::new()
            .name("traces-writer".into())
            .spawn(move || writer.run(&messages, &taken))
            .map_err(file("start the writer", &directory))?;
        let (queue, thread) = (Some(queue), Some(thread));
        let inner = Inner { shelf, sampling, exporter, metrics, queued, queue, thread };
        Ok(Traces { inner: Arc::new(inner) })
    }

    /// Takes spans in, all of them or none. Never blocks.
    ///
    /// # Errors
    /// [`Error::Behind`] when too many wait for the writer, or for another collector.
    pub fn ingest(&self, spans: Vec<Span>) -> Result<()> {
        if let Some(exporter) = &self.inner.exporter {
            exporter.offer(spans.clone())?;
        }
        let queue = self.inner.queue.as_ref().ok_or(Error::Closed)?;
        let count = spans.len();
        let is_full = self.inner.queued.fetch_add(count, Ordering::Relaxed) >= QUEUED_SPANS;
        let sent = match is_full {
            true => Err(Error::Behind),
            false => queue.try_send(Message::Spans(spans)).map_err(|error| match error {
                TrySendError::Full(_) => Error::Behind,
                TrySendError::Disconnected(_) => Error::Closed,
            }),
        };
        if sent.is_err() {
            self.inner.metrics.dropped(Reason::QueueFull, count);
            self.inner.queued.fetch_sub(count, Ordering::Relaxed);
        }
        sent
    }

    /// How traces are sampled.
    pub fn sampling(&self) -> &Sampling {
        &self.inner.sampling
    }

    /// What became of the spans that came.
    pub fn metrics(&self) -> &Metrics {
        &self.inner.metrics
    }

    /// Returns when everything taken in before, and not held back by tail sampling, is on
    /// disk and can be found.
    ///
    /// # Errors
    /// [`Error::NotWritten`] while the disk takes nothing; the spans stay in memory, as
    /// far as they fit, and are written once it does.
    pub async fn flush(&self) -> Result<()> {
        let (done, written) = tokio::sync::oneshot::channel();
        let queue = self.inner.queue.clone().ok_or(Error::Closed)?;
        let sent = tokio::task::spawn_blocking(move || queue.send(Message::Flush(done))).await;
        sent.map_err(|_| Error::Closed)?.map_err(|_| Error::Closed)?;
        written.await.map_err(|_| Error::NotWritten)
    }

    /// What there is now, in the order in which it was taken in.
    pub(crate) fn sources(&self) -> Vec<Source> {
        self.inner.shelf.read().unwrap_or_else(PoisonError::into_inner).sources()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            // The writer writes before it ends; its panic was reported when it happened.
            let _ = thread.join();
        }
    }
}
