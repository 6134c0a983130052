//! The one thread that changes the index: it numbers lines, hands them to the
//! tails, commits, opens new windows and drops old ones.
//!
//! When the index cannot be written (a full disk), what was not committed is given
//! up, the generation goes up so that collectors read those lines again, and the
//! writer tries anew until it works.

use std::fs;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use tantivy::{IndexWriter, Term};
use tokio::sync::oneshot;

use super::window::{Committed, Window};
use super::{Batch, GONE, Message, Shared, window_path};
use crate::error::{Error, Result};
use crate::position::apply;
use crate::time;

/// An index writer without work for this long is closed; its threads and buffers go.
const IDLE: Duration = Duration::from_secs(30);
const RETENTION_EVERY: Duration = Duration::from_secs(60);
/// Between attempts while the disk refuses.
const RETRY: Duration = Duration::from_secs(1);

pub(crate) struct Writer {
    shared: Arc<Shared>,
    window: Arc<Window>,
    index: Option<IndexWriter>,
    /// What the next commit will say.
    pending: Committed,
    generation: u64,
    /// When the oldest uncommitted line came.
    dirty_since: Option<Instant>,
    waiting: Vec<oneshot::Sender<()>>,
    last_retention: Instant,
}

impl Writer {
    pub fn new(shared: Arc<Shared>, committed: Committed) -> Result<Writer> {
        let newest = shared.windows().last().cloned();
        let window = match newest {
            Some(window) => window,
            None => new_window(&shared, 1)?,
        };
        Ok(Writer {
            shared,
            window,
            index: None,
            pending: committed,
            generation: 0,
            dirty_since: None,
            waiting: Vec::new(),
            last_retention: Instant::now(),
        })
    }

    /// Runs until all senders are gone, then commits a last time.
    pub fn run(mut self, messages: &Receiver<Message>) {
        loop {
            match messages.recv_timeout(self.next_deadline()) {
                Ok(message) => self.take(message),
                Err(RecvTimeoutError::Timeout) => self.idle(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if self
                .dirty_since
                .is_some_and(|since| since.elapsed() >= self.shared.config.commit_every)
            {
                self.commit_or_give_up();
            }
            self.retain();
        }
        self.commit_or_give_up();
    }

    fn next_deadline(&self) -> Duration {
        match (self.dirty_since, &self.index) {
            (Some(since), _) => self.shared.config.commit_every.saturating_sub(since.elapsed()),
            (None, Some(_)) => IDLE,
            (None, None) => RETENTION_EVERY,
        }
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Lines(batch) => {
                if let Err(error) = self.add(batch) {
                    self.give_up(&error);
                }
            }
            Message::Flush(done) => {
                self.waiting.push(done);
                self.commit_or_give_up();
            }
        }
    }

    fn idle(&mut self) {
        if self.dirty_since.is_none() && self.index.take().is_some() {
            tracing::debug!("closed the idle log writer");
        }
    }

    fn add(&mut self, batch: Batch) -> Result<()> {
        if batch.generation.is_some_and(|generation| generation != self.generation) {
            return Ok(());
        }
        self.roll_if_full()?;
        if self.index.is_none() {
            self.index = Some(self.window.writer()?);
        }
        let Some(index) = &self.index else { return Err(Error::Closed) };
        let mut ids = Vec::with_capacity(batch.entries.len());
        for mut entry in batch.entries {
            entry.sequence = self.pending.next_sequence;
            self.pending.next_sequence += 1;
            if let Some(id) = &entry.id {
                // The same id again replaces the document, as in Elasticsearch.
                index.delete_term(Term::from_field_text(self.window.fields.id, id));
            }
            index
                .add_document(self.window.fields.document(&entry))
                .map_err(self.window.fault("adding a line"))?;
            let (oldest, newest) = self.pending.span.unwrap_or((entry.timestamp, entry.timestamp));
            self.pending.span = Some((oldest.min(entry.timestamp), newest.max(entry.timestamp)));
            self.pending.opened.get_or_insert_with(time::now);
            ids.push(entry.document_id());
            if self.shared.tail.receiver_count() > 0 {
                // Without a tail nobody receives, which is no error.
                let _ = self.shared.tail.send(Arc::new(entry));
            }
        }
        apply(&mut self.pending.positions, batch.advances);
        self.dirty_since.get_or_insert_with(Instant::now);
        if let Some(accepted) = batch.accepted {
            // The sender may have gone away; its lines stay.
            let _ = accepted.send(ids);
        }
        Ok(())
    }

    fn commit_or_give_up(&mut self) {
        if let Err(error) = self.commit() {
            self.give_up(&error);
            return;
        }
        for done in self.waiting.drain(..) {
            let _ = done.send(());
        }
    }

    fn commit(&mut self) -> Result<()> {
        if self.dirty_since.is_none() {
            return Ok(());
        }
        if self.index.is_none() {
            self.index = Some(self.window.writer()?);
        }
        let Some(index) = &mut self.index else { return Err(Error::Closed) };
        self.window.commit(index, &self.pending)?;
        self.dirty_since = None;
        let mut committed = self.shared.committed.lock().unwrap_or_else(PoisonError::into_inner);
        committed.1 = self.pending.positions.clone();
        Ok(())
    }

    /// Back to the last commit. Waiting flushes learn it by their sender's end.
    fn give_up(&mut self, error: &Error) {
        tracing::error!(
            error = error as &dyn std::error::Error,
            "log lines not written; lines of containers are read again, others are lost. Is the disk full?"
        );
        self.index = None;
        self.waiting.clear();
        self.dirty_since = None;
        self.generation += 1;
        let mut committed = self.shared.committed.lock().unwrap_or_else(PoisonError::into_inner);
        committed.0 = self.generation;
        self.pending = Committed {
            positions: committed.1.clone(),
            ..self.window.committed().unwrap_or_default()
        };
        drop(committed);
        std::thread::sleep(RETRY);
    }

    fn roll_if_full(&mut self) -> Result<()> {
        let Some(opened) = self.pending.opened else { return Ok(()) };
        let config = &self.shared.config;
        let age = Duration::from_nanos(u64::try_from(time::now() - opened).unwrap_or(0));
        if age < config.window && self.window.documents() < config.window_lines {
            return Ok(());
        }
        self.commit()?;
        let next = new_window(&self.shared, self.window.number + 1)?;
        self.index = None;
        self.pending = Committed { span: None, opened: None, ..self.pending.clone() };
        // The positions move over before any line does, so that the older window may go.
        let mut index = next.writer()?;
        next.commit(&mut index, &self.pending)?;
        self.index = Some(index);
        self.window = next;
        Ok(())
    }

    fn retain(&mut self) {
        if self.last_retention.elapsed() < RETENTION_EVERY {
            return;
        }
        self.last_retention = Instant::now();
        let config = &self.shared.config;
        let horizon =
            time::now().saturating_sub(i64::try_from(config.keep.as_nanos()).unwrap_or(i64::MAX));
        let windows = self.shared.windows();
        let mut total: u64 = windows.iter().map(|window| window.bytes()).sum();
        for window in windows.iter().filter(|window| window.number != self.window.number) {
            let expired = window.span().is_none_or(|(_, newest)| newest < horizon);
            if !expired && total <= config.keep_bytes {
                continue;
            }
            total = total.saturating_sub(window.bytes());
            if let Err(error) = remove_window(&self.shared, window) {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    window = window.number,
                    "cannot drop an old log window"
                );
            }
        }
    }
}

fn new_window(shared: &Shared, number: u64) -> Result<Arc<Window>> {
    let path = window_path(&shared.config.directory.join("windows"), number);
    let window = Arc::new(Window::open(&path, number)?);
    shared.windows.write().unwrap_or_else(PoisonError::into_inner).push(window.clone());
    Ok(window)
}

fn remove_window(shared: &Shared, window: &Window) -> Result<()> {
    shared
        .windows
        .write()
        .unwrap_or_else(PoisonError::into_inner)
        .retain(|kept| kept.number != window.number);
    let gone = shared.config.directory.join("windows").join(format!("{GONE}{}", window.number));
    let fault = |source| Error::Directory { path: window.path.clone(), source };
    fs::rename(&window.path, &gone).map_err(fault)?;
    fs::remove_dir_all(&gone).map_err(fault)
}
