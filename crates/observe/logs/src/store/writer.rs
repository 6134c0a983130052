//! The one thread that changes the newest window: it numbers lines, writes them
//! into the journal, hands them to the tails, commits, and opens new windows.
//!
//! When the index cannot be written (a full disk), nothing more is accepted. What
//! was accepted is still in the journal; collectors read their lines again when the
//! generation goes up. The writer tries anew until it works.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use tantivy::IndexWriter;
use tokio::sync::oneshot;

use super::journal::Journal;
use super::window::{Committed, Window};
use super::{Shared, window_path};
use crate::clause::lower::lower;
use crate::clause::{Clause, Field, Scalar};
use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::intake::{Batch, Message};
use crate::position::apply;
use crate::time;

/// An index writer without work for this long is closed; its threads and buffers go.
const IDLE: Duration = Duration::from_secs(30);
/// Between attempts while the disk refuses.
const RETRY: Duration = Duration::from_secs(1);
/// A larger journal is committed before its time: it is read as a whole after a crash.
const MAX_JOURNAL: u64 = 64 << 20;
/// A window is closed when a workspace fills this part of its own limit in it …
const PARTS: u64 = 4;
/// … but not below this: windows cost files and threads.
const MIN_PART: u64 = 8 << 20;

pub(crate) struct Writer {
    shared: Arc<Shared>,
    window: Arc<Window>,
    index: Option<IndexWriter>,
    journal: Journal,
    /// What the next commit will say.
    pending: Committed,
    /// Lines with smaller numbers are durable in the index.
    committed_below: u64,
    generation: u64,
    /// When the oldest uncommitted line came.
    dirty_since: Option<Instant>,
    waiting: Vec<oneshot::Sender<Result<()>>>,
    /// Why nothing can be stored, and when to try again.
    trouble: Option<(String, Instant)>,
}

impl Writer {
    pub fn new(shared: Arc<Shared>, committed: Committed) -> Result<Writer> {
        let newest = shared.windows().last().cloned();
        let window = match newest {
            Some(window) => window,
            None => new_window(&shared, 1)?,
        };
        let (journal, left) = Journal::open(&shared.config.directory)?;
        let mut writer = Writer {
            shared,
            window,
            index: None,
            journal,
            committed_below: committed.next_sequence,
            pending: committed,
            generation: 0,
            dirty_since: None,
            waiting: Vec::new(),
            trouble: None,
        };
        if !left.is_empty() {
            writer.recover();
        }
        Ok(writer)
    }

    /// Runs until all senders are gone, then commits a last time.
    pub fn run(mut self, messages: &Receiver<Message>) {
        loop {
            match messages.recv_timeout(self.next_deadline()) {
                Ok(message) => self.take(message),
                Err(RecvTimeoutError::Timeout) => self.idle(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.trouble.as_ref().is_some_and(|(_, until)| *until <= Instant::now()) {
                self.recover();
            }
            let is_due = |since: Instant| since.elapsed() >= self.shared.config.commit_every;
            if self.dirty_since.is_some_and(is_due) || self.journal.length() > MAX_JOURNAL {
                self.commit_or_give_up();
            }
        }
        self.commit_or_give_up();
    }

    fn next_deadline(&self) -> Duration {
        match (&self.trouble, self.dirty_since, &self.index) {
            (Some((_, until)), _, _) => until.saturating_duration_since(Instant::now()),
            (None, Some(since), _) => {
                self.shared.config.commit_every.saturating_sub(since.elapsed())
            }
            (None, None, Some(_)) => IDLE,
            (None, None, None) => Duration::MAX,
        }
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Lines(batch) => self.lines(batch),
            Message::Flush(done) => {
                self.waiting.push(done);
                self.commit_or_give_up();
            }
        }
    }

    fn idle(&mut self) {
        if self.trouble.is_none() && self.dirty_since.is_none() && self.index.take().is_some() {
            tracing::debug!("closed the idle log writer");
        }
    }

    fn lines(&mut self, mut batch: Batch) {
        if let Some((reason, until)) = &self.trouble {
            if let Some(accepted) = batch.accepted {
                // The sender may have gone away.
                let _ = accepted.send(Err(Error::Full(reason.clone())));
                return;
            }
            // A collector would only read the same lines again: it is held back.
            std::thread::sleep(until.saturating_duration_since(Instant::now()));
            self.recover();
        }
        if self.trouble.is_some()
            || batch.generation.is_some_and(|generation| generation != self.generation)
        {
            return;
        }
        let first = self.pending.next_sequence;
        self.say_workspaces(&mut batch);
        for entry in &mut batch.entries {
            entry.sequence = self.pending.next_sequence;
            self.pending.next_sequence += 1;
        }
        if let Some(accepted) = batch.accepted.take() {
            if let Err(error) = self.journal.append(&batch.entries) {
                self.pending.next_sequence = first;
                tracing::warn!(%error, "log lines refused; is the disk full?");
                let _ = accepted.send(Err(Error::Full(error.to_string())));
                return;
            }
            let _ = accepted.send(Ok(batch.entries.iter().map(Entry::document_id).collect()));
        }
        if let Err(error) = self.add(batch) {
            self.give_up(&error);
        }
    }

    /// What others send says the workspace of its namespace; collected lines keep their
    /// pod's when the namespace has none.
    fn say_workspaces(&self, batch: &mut Batch) {
        let known = self.shared.workspaces.read().unwrap_or_else(PoisonError::into_inner);
        if known.is_empty() {
            return;
        }
        let is_sent = batch.accepted.is_some();
        for source in batch.entries.iter_mut().map(|entry| &mut entry.source) {
            let namespace = source.get("namespace").and_then(Value::as_str);
            match namespace.and_then(|namespace| known.get(namespace)) {
                Some(workspace) => {
                    source.insert("workspace".into(), workspace.as_str().into());
                }
                None if is_sent => {
                    source.shift_remove("workspace");
                }
                None => {}
            }
        }
    }

    fn add(&mut self, batch: Batch) -> Result<()> {
        self.roll_if_full()?;
        for entry in batch.entries {
            self.index_entry(&entry)?;
            if self.shared.tail.receiver_count() > 0 {
                // Without a tail nobody receives, which is no error.
                let _ = self.shared.tail.send(Arc::new(entry));
            }
        }
        apply(&mut self.pending.positions, batch.advances);
        self.dirty_since.get_or_insert_with(Instant::now);
        Ok(())
    }

    fn index_entry(&mut self, entry: &Entry) -> Result<()> {
        if self.index.is_none() {
            self.index = Some(self.window.writer()?);
        }
        let Some(index) = &self.index else { return Err(Error::Closed) };
        if let Some(id) = &entry.id {
            // The same id again replaces the document, as in Elasticsearch; but nobody
            // replaces what lies in a namespace that is not the new document's.
            let same = lower(&same_document(id, entry), &self.window.fields);
            index.delete_query(same).map_err(self.window.fault("replacing a line"))?;
        }
        let (document, bytes) = self.window.fields.document(entry);
        index.add_document(document).map_err(self.window.fault("adding a line"))?;
        let workspace = entry.source.get("workspace").and_then(Value::as_str).unwrap_or_default();
        let pending = &mut self.pending;
        if !pending.shares.contains_key(workspace) {
            pending.shares.insert(workspace.to_owned(), Default::default());
        }
        if let Some(share) = pending.shares.get_mut(workspace) {
            share.lines += 1;
            share.bytes += bytes as u64;
        }
        let (oldest, newest) = pending.span.unwrap_or((entry.timestamp, entry.timestamp));
        pending.span = Some((oldest.min(entry.timestamp), newest.max(entry.timestamp)));
        pending.opened.get_or_insert_with(time::now);
        Ok(())
    }

    fn commit_or_give_up(&mut self) {
        if let Some((reason, _)) = &self.trouble {
            for done in self.waiting.drain(..) {
                let _ = done.send(Err(Error::Full(reason.clone())));
            }
            return;
        }
        if let Err(error) = self.commit() {
            self.give_up(&error);
            return;
        }
        for done in self.waiting.drain(..) {
            let _ = done.send(Ok(()));
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
        self.committed_below = self.pending.next_sequence;
        self.shared.committed.lock().unwrap_or_else(PoisonError::into_inner).1 =
            self.pending.positions.clone();
        self.journal.clear()
    }

    /// Back to the last commit; nothing is accepted until `recover` succeeds.
    fn give_up(&mut self, error: &Error) {
        tracing::error!(
            error = error as &dyn std::error::Error,
            "log lines cannot be written; accepted ones are kept, others refused. Is the disk full?"
        );
        let cause = std::error::Error::source(error).map_or(error.to_string(), ToString::to_string);
        for done in self.waiting.drain(..) {
            let _ = done.send(Err(Error::Full(cause.clone())));
        }
        self.trouble = Some((cause, Instant::now() + RETRY));
        self.index = None;
        self.dirty_since = None;
        self.generation += 1;
        let mut committed = self.shared.committed.lock().unwrap_or_else(PoisonError::into_inner);
        committed.0 = self.generation;
        self.pending = Committed {
            positions: committed.1.clone(),
            // Numbers that were told to senders are not given away again.
            next_sequence: self.pending.next_sequence,
            ..self.window.committed().unwrap_or_default()
        };
    }

    /// Puts what the journal holds into the index again.
    fn recover(&mut self) {
        self.trouble = None;
        if let Err(error) = self.replay() {
            self.give_up(&error);
        }
    }

    fn replay(&mut self) -> Result<()> {
        // A crash between a commit and the journal's end leaves lines in both.
        let below = self.committed_below;
        let left = self.journal.entries()?;
        let left: Vec<Entry> = left.into_iter().filter(|entry| entry.sequence >= below).collect();
        for entry in &left {
            self.index_entry(entry)?;
            self.pending.next_sequence = self.pending.next_sequence.max(entry.sequence + 1);
        }
        tracing::info!(lines = left.len(), "put accepted log lines into the index again");
        self.dirty_since = Some(Instant::now());
        self.commit()
    }

    fn roll_if_full(&mut self) -> Result<()> {
        let Some(opened) = self.pending.opened else { return Ok(()) };
        let config = &self.shared.config;
        let age = Duration::from_nanos(u64::try_from(time::now() - opened).unwrap_or(0));
        let is_full = age >= config.window
            || self.window.documents() >= config.window_lines
            || self.is_large_for_a_workspace();
        if !is_full {
            return Ok(());
        }
        self.commit()?;
        let next = new_window(&self.shared, self.window.number + 1)?;
        self.index = None;
        self.pending = Committed {
            span: None,
            opened: None,
            shares: Default::default(),
            ..self.pending.clone()
        };
        // The positions move over before any line does, so that the older window may go.
        let mut index = next.writer()?;
        next.commit(&mut index, &self.pending)?;
        self.index = Some(index);
        self.window = next;
        Ok(())
    }

    /// Lines can only be dropped from closed windows.
    fn is_large_for_a_workspace(&self) -> bool {
        let keeps = self.shared.keeps.read().unwrap_or_else(PoisonError::into_inner);
        keeps.iter().any(|(workspace, keep)| {
            let held = self.pending.shares.get(workspace).map_or(0, |share| share.bytes);
            keep.bytes.is_some_and(|limit| held >= (limit / PARTS).max(MIN_PART))
        })
    }
}

fn same_document(id: &str, entry: &Entry) -> Clause {
    let text = |text: &str| vec![Scalar::Text(text.to_owned())];
    let field = Field::Keyword("namespace");
    let mut must = vec![Clause::Term { field: Field::Id, values: text(id) }];
    let mut must_not = Vec::new();
    match entry.source.get("namespace").and_then(Value::as_str) {
        Some(namespace) => must.push(Clause::Term { field, values: text(namespace) }),
        None => must_not.push(Clause::Exists { field }),
    }
    Clause::Bool { must, should: vec![], must_not, minimum: 0 }
}

fn new_window(shared: &Shared, number: u64) -> Result<Arc<Window>> {
    let path = window_path(&shared.config.directory.join("windows"), number);
    let window = Arc::new(Window::open(&path, number)?);
    shared.windows.write().unwrap_or_else(PoisonError::into_inner).push(window.clone());
    Ok(window)
}
