//! The one thread that writes.
//!
//! Requests arrive through a channel. All that wait go into one transaction,
//! each judged on its own against the state that the ones before it left; after
//! COMMIT (one fsync for all) the events are published and everyone is answered.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{Notify, mpsc, oneshot};

use crate::feed::Publisher;
use crate::readers::{Shared, hold};
use crate::{Error, Event, Expect, Record, Result, Revision, notes, query};

/// Bounds the time that the first of a batch waits for the last.
const BATCH: usize = 256;

pub(crate) enum Request {
    Write(Write),
    Compact {
        before: Revision,
        reply: oneshot::Sender<Result<()>>,
    },
    /// Lets notes go.
    Forget {
        through: u64,
        reply: oneshot::Sender<Result<()>>,
    },
}

pub(crate) struct Write {
    pub key: String,
    /// `None` deletes.
    pub value: Option<Bytes>,
    pub expect: Expect,
    /// Committed with the write.
    pub note: Option<Bytes>,
    pub reply: oneshot::Sender<Result<Written>>,
}

/// What a committed write answers.
#[derive(Debug)]
pub(crate) struct Written {
    pub revision: Revision,
    pub previous: Option<Record>,
}

pub(crate) struct Writer {
    pub connection: Shared,
    pub path: PathBuf,
    pub requests: mpsc::Receiver<Request>,
    pub publisher: Publisher,
    pub newest: Revision,
    /// Shared with the store, which refuses old watches by it.
    pub oldest: Arc<AtomicU64>,
    /// How many revisions of history stay.
    pub history: u64,
    /// Told when notes are committed.
    pub noted: Arc<Notify>,
}

type Judged = Result<(Written, Event)>;

impl Writer {
    /// Serves until every sender is gone.
    pub(crate) fn run(mut self) {
        let mut batch = Vec::new();
        while let Some(request) = self.requests.blocking_recv() {
            let mut next = Some(request);
            while let Some(request) = next.take() {
                match request {
                    Request::Write(write) => batch.push(write),
                    Request::Compact { before, reply } => {
                        self.commit(std::mem::take(&mut batch));
                        // The asker may have gone; the compaction stands.
                        let _ = reply.send(self.compact(before));
                    }
                    Request::Forget { through, reply } => {
                        self.commit(std::mem::take(&mut batch));
                        // The asker may have gone; it asks again.
                        let _ = reply.send(self.forget(through));
                    }
                }
                if batch.len() < BATCH {
                    next = self.requests.try_recv().ok();
                }
            }
            self.commit(std::mem::take(&mut batch));
            self.trim();
        }
    }

    /// Commits a batch and answers it. If the whole cannot be committed (a full
    /// disk, say), each request gets a transaction of its own, so that a small
    /// one is not refused for the sake of a big neighbour.
    fn commit(&mut self, batch: Vec<Write>) {
        if batch.is_empty() {
            return;
        }
        match self.attempt(&batch) {
            Ok(judged) => self.conclude(batch, judged),
            Err(error) if batch.len() == 1 => {
                tracing::error!(path = %self.path.display(), %error, "write failed");
                for write in batch {
                    let _ = write.reply.send(Err(error.clone()));
                }
            }
            Err(_) => batch.into_iter().for_each(|write| self.commit(vec![write])),
        }
    }

    /// Publishes the events of a committed batch, then answers its requests:
    /// whoever hears that a write is done can already see it everywhere.
    fn conclude(&mut self, batch: Vec<Write>, judged: Vec<Judged>) {
        let mut events = Vec::with_capacity(judged.len());
        let mut answers = Vec::with_capacity(judged.len());
        for judgement in judged {
            answers.push(judgement.map(|(written, event)| {
                events.push(event);
                written
            }));
        }
        if let Some(last) = events.last() {
            self.newest = last.revision;
        }
        self.publisher.publish(events);
        let noted =
            batch.iter().zip(&answers).any(|(write, it)| write.note.is_some() && it.is_ok());
        if noted {
            self.noted.notify_one();
        }
        for (write, answer) in batch.into_iter().zip(answers) {
            // The asker may have gone; the write stands.
            let _ = write.reply.send(answer);
        }
    }

    fn attempt(&self, batch: &[Write]) -> Result<Vec<Judged>> {
        let mut connection = hold(&self.connection);
        self.transact(&mut connection, "write", |db| {
            let mut newest = self.newest;
            let mut judged = Vec::with_capacity(batch.len());
            for write in batch {
                let outcome = judge(db, write, newest + 1)?;
                newest += u64::from(outcome.is_ok());
                judged.push(outcome);
            }
            Ok(judged)
        })
    }

    fn transact<T>(
        &self,
        connection: &mut Connection,
        attempt: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T> {
        let run = |connection: &mut Connection| {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let outcome = work(&transaction)?;
            transaction.commit()?;
            Ok(outcome)
        };
        run(connection).map_err(|source| Error::sqlite(attempt, &self.path, source))
    }

    /// Keeps the history window. A tenth of slack makes it rare.
    fn trim(&mut self) {
        let oldest = self.oldest.load(Ordering::Acquire);
        if self.newest - oldest <= self.history + self.history / 10 {
            return;
        }
        if let Err(error) = self.compact(self.newest - self.history) {
            tracing::warn!(path = %self.path.display(), %error, "history not trimmed");
        }
    }

    fn forget(&self, through: u64) -> Result<()> {
        let mut connection = hold(&self.connection);
        self.transact(&mut connection, "let notes go", |db| notes::forget(db, through))
    }

    fn compact(&mut self, before: Revision) -> Result<()> {
        let from = self.oldest.load(Ordering::Acquire);
        let to = before.min(self.newest);
        if to <= from {
            return Ok(());
        }
        let mut connection = hold(&self.connection);
        self.transact(&mut connection, "trim history", |db| query::compact(db, from, to))?;
        self.oldest.store(to, Ordering::Release);
        Ok(())
    }
}

/// Decides one write against the present state and, if it may, writes it.
/// The outer error is the database's and spoils the transaction; the inner one
/// is this request's alone and has written nothing.
fn judge(db: &Connection, write: &Write, revision: Revision) -> rusqlite::Result<Judged> {
    let previous = query::get(db, &write.key)?;
    if let Err(error) = check(write, previous.as_ref()) {
        return Ok(Err(error));
    }
    match (&write.value, &previous) {
        (Some(value), previous) => query::put(db, &write.key, value, revision, previous.as_ref())?,
        (None, Some(previous)) => query::delete(db, previous, revision)?,
        (None, None) => {
            return Ok(Err(Error::NotFound { key: write.key.clone() }));
        }
    }
    if let Some(note) = &write.note {
        notes::write(db, note)?;
    }
    let event = Event {
        key: write.key.clone(),
        revision,
        value: write.value.clone(),
        previous: previous.clone(),
    };
    Ok(Ok((Written { revision, previous }, event)))
}

fn check(write: &Write, present: Option<&Record>) -> Result<()> {
    let key = || write.key.clone();
    match (write.expect, present) {
        (Expect::Any, _) | (Expect::Absent, None) => Ok(()),
        (Expect::Absent, Some(record)) => {
            Err(Error::Exists { key: key(), modified: record.modified })
        }
        (Expect::At(_), None) => Err(Error::NotFound { key: key() }),
        (Expect::At(expected), Some(record)) if record.modified == expected => Ok(()),
        (Expect::At(expected), Some(record)) => {
            Err(Error::Conflict { key: key(), expected, actual: record.modified })
        }
    }
}
