//! The one thread that changes the store: it gathers the spans that are kept in the head,
//! writes them ahead, seals full heads and removes old blocks.
//!
//! Guarantees: what [`Message::Flush`] was answered for survives a crash at any point,
//! once. A block takes the number of its write-ahead file, so a file that outlived
//! its block's sealing is known by its name.

mod recovery;
mod sampling;
#[cfg(test)]
mod tests;

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use crate::block::{Block, seal};
use crate::directory::Directory;
use crate::error::Result;
use crate::head::{Head, now};
use crate::metrics::{Metrics, Reason};
use crate::sampling::Tail;
use crate::shelf::Shelf;
use crate::span::Span;
use crate::store::Config;
use crate::wal::Wal;

const WRITE_EVERY: Duration = Duration::from_millis(250);
const RETENTION_EVERY: Duration = Duration::from_secs(60);
/// Spans encoded at a time, under a millisecond: questions wait for it.
const AT_ONCE: usize = 512;
/// A head that gathers for longer than this part of `keep` is sealed however small, so
/// that its spans can grow old: a block a day by default.
const HEADS_IN_KEEP: u32 = 7;

pub enum Message {
    Spans(Vec<Span>),
    Flush(tokio::sync::oneshot::Sender<()>),
}

pub struct Writer {
    shelf: Arc<RwLock<Shelf>>,
    directory: Directory,
    config: Config,
    wal: Option<Wal>,
    /// Bytes of the head's body that are in the write-ahead file.
    written: usize,
    /// Spans that found a full head which could not be sealed.
    dropped: usize,
    last_retention: Instant,
    tail: Option<Tail>,
    /// What tail sampling's times count from.
    began: Instant,
    metrics: Metrics,
}

impl Writer {
    pub fn shelf(&self) -> &Arc<RwLock<Shelf>> {
        &self.shelf
    }

    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Until all senders are gone. `queued` counts the spans that wait.
    pub fn run(mut self, messages: &Receiver<Message>, queued: &AtomicUsize) {
        loop {
            match messages.recv_timeout(self.patience()) {
                Ok(first) => self.take(first, messages, queued),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return self.settle(),
            }
            self.give_up();
            if self.last_retention.elapsed() >= RETENTION_EVERY {
                self.last_retention = Instant::now();
                self.retain(now());
            }
        }
    }

    /// Gathers what a moment brings into one write; a flush ends the moment.
    fn take(&mut self, first: Message, messages: &Receiver<Message>, queued: &AtomicUsize) {
        let until = Instant::now() + WRITE_EVERY;
        let mut waiting = None;
        let mut next = Some(first);
        while let Some(message) = next {
            match message {
                Message::Spans(spans) => {
                    queued.fetch_sub(spans.len(), Ordering::Relaxed);
                    self.sample(spans);
                }
                Message::Flush(done) => {
                    waiting = Some(done);
                    break;
                }
            }
            next = messages.recv_timeout(until.saturating_duration_since(Instant::now())).ok();
        }
        if self.read().head.is_full() {
            report(self.seal());
        }
        let dropped = std::mem::take(&mut self.dropped);
        if dropped > 0 {
            self.metrics.dropped(Reason::Disk, dropped);
            tracing::warn!(spans = dropped, "a full head cannot be written; spans dropped");
        }
        let is_written = report(self.write());
        if let Some(done) = waiting.filter(|_| is_written) {
            // Whoever waited may have gone.
            let _ = done.send(());
        }
    }

    pub fn push(&mut self, spans: &[Span]) {
        for spans in spans.chunks(AT_ONCE) {
            if self.read().head.is_full() {
                self.dropped += spans.len();
                continue;
            }
            let number = self.next_number();
            let mut shelf = self.change();
            if shelf.head.is_empty() {
                shelf.head = Head::new(number);
            }
            spans.iter().for_each(|span| shelf.head.push(span));
            self.metrics.stored(spans.len());
            let is_full = shelf.head.is_full();
            drop(shelf);
            if is_full {
                report(self.seal());
            }
        }
    }

    /// Writes ahead what the head got since the last time.
    pub fn write(&mut self) -> Result<()> {
        let shelf = self.shelf.clone();
        let shelf = shelf.read().unwrap_or_else(PoisonError::into_inner);
        let head = shelf.head.contents();
        let pending = &head.body[self.written..];
        if pending.is_empty() {
            return Ok(());
        }
        let wal = match &mut self.wal {
            Some(wal) => wal,
            none => {
                let wal = Wal::create(&self.directory.wal(head.number))?;
                self.directory.sync()?;
                none.insert(wal)
            }
        };
        wal.append(pending)?;
        self.written = head.body.len();
        Ok(())
    }

    /// Makes the head a block.
    pub fn seal(&mut self) -> Result<()> {
        let (number, bytes) = {
            let shelf = self.read();
            (shelf.head.contents().number, seal(shelf.head.contents()))
        };
        let path = self.directory.block(number);
        self.directory.put(&path, &bytes)?;
        let block = Block::open(&path, number)?;
        {
            let mut shelf = self.change();
            shelf.head = Head::default();
            shelf.blocks.push(Arc::new(block));
        }
        self.written = 0;
        if self.wal.take().is_some() {
            remove(&self.directory.wal(number));
        }
        self.retain(now());
        Ok(())
    }

    fn retain(&mut self, now: i64) {
        let nanos = |time: Duration| i64::try_from(time.as_nanos()).unwrap_or(i64::MAX);
        let horizon = now.saturating_sub(nanos(self.config.keep));
        let is_stale = {
            let shelf = self.read();
            let age = now.saturating_sub(shelf.head.contents().number);
            !shelf.head.is_empty() && age > nanos(self.config.keep / HEADS_IN_KEEP)
        };
        if is_stale {
            report(self.seal());
        }
        let keep_spans = self.config.keep_spans;
        let mut gone = Vec::new();
        {
            let mut shelf = self.change();
            let blocks: u64 = shelf.blocks.iter().map(|block| block.spans).sum();
            let mut surplus = (blocks + shelf.head.contents().spans).saturating_sub(keep_spans);
            shelf.blocks.retain(|block| {
                let is_kept = block.latest >= horizon && block.spans > surplus;
                if is_kept {
                    // Newer ones stay, be they small enough to go.
                    surplus = 0;
                } else {
                    surplus = surplus.saturating_sub(block.spans);
                    gone.push(block.clone());
                }
                is_kept
            });
        }
        gone.iter().for_each(|block| remove(block.path()));
    }

    /// The time, and more than any number before.
    fn next_number(&self) -> i64 {
        self.read().blocks.last().map_or(0, |block| block.number + 1).max(now())
    }

    fn read(&self) -> RwLockReadGuard<'_, Shelf> {
        self.shelf.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self) -> RwLockWriteGuard<'_, Shelf> {
        self.shelf.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn remove(path: &std::path::Path) {
    if let Err(error) = fs::remove_file(path) {
        tracing::error!(path = %path.display(), %error, "old file of the trace store not removed");
    }
}

fn report(result: Result<()>) -> bool {
    if let Err(error) = &result {
        let error = error as &dyn std::error::Error;
        tracing::error!(error, "spans not written; is the disk full?");
    }
    result.is_ok()
}
