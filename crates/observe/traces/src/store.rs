//! Spans in SQLite: one writer thread that commits what a moment brought, a
//! connection for reading, and an end for what is old.
//!
//! Spans are acknowledged when they are queued and on disk (fsync) within
//! `COMMIT_EVERY`; a crash loses at most that.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension, params};

use crate::error::{Error, Result};
use crate::span::Span;

const COMMIT_EVERY: Duration = Duration::from_millis(250);
const RETENTION_EVERY: Duration = Duration::from_secs(60);
/// Batches waiting for the writer. Spans that find it full are dropped and counted:
/// a request is worth more than its trace.
const QUEUE: usize = 256;
/// Rows removed at a time, so that the writer is never away for long.
const REMOVED_AT_ONCE: usize = 20_000;

const SCHEMA_VERSION: i64 = 1;
const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS span (
    trace_id BLOB NOT NULL,
    span_id BLOB NOT NULL,
    parent BLOB,
    service TEXT NOT NULL,
    operation TEXT NOT NULL,
    kind TEXT NOT NULL,
    namespace TEXT,
    start INTEGER NOT NULL,
    duration INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (trace_id, span_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS span_by_start ON span (start);
CREATE INDEX IF NOT EXISTS span_by_service ON span (service, start);
CREATE INDEX IF NOT EXISTS span_by_namespace ON span (namespace, start);
";

/// Where and for how long spans are kept.
#[derive(Debug, Clone)]
pub struct Config {
    /// The database file.
    pub path: PathBuf,
    pub keep: Duration,
    /// The oldest go while there are more than this.
    pub keep_spans: u64,
}

impl Config {
    /// Seven days or five million spans, in `traces.db` of the directory.
    pub fn new(directory: impl AsRef<Path>) -> Self {
        Config {
            path: directory.as_ref().join("traces.db"),
            keep: Duration::from_secs(7 * 86_400),
            keep_spans: 5_000_000,
        }
    }
}

/// The store. Cheap to clone; commits and closes with the last clone.
#[derive(Clone)]
pub struct Traces {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    reader: Mutex<Connection>,
    queue: Option<SyncSender<Message>>,
    thread: Option<JoinHandle<()>>,
}

enum Message {
    Spans(Vec<Span>),
    Flush(tokio::sync::oneshot::Sender<()>),
}

impl Traces {
    pub fn open(config: Config) -> Result<Traces> {
        if let Some(directory) = config.path.parent() {
            std::fs::create_dir_all(directory)
                .map_err(|source| Error::Directory { path: directory.to_owned(), source })?;
        }
        let fault = |source| Error::Store { doing: "open", path: config.path.clone(), source };
        let writer = open_writer(&config.path).map_err(fault)?;
        let reader = Connection::open(&config.path).map_err(fault)?;
        reader
            .execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -1024;")
            .map_err(fault)?;
        let (queue, messages) = sync_channel(QUEUE);
        let path = config.path.clone();
        let thread = std::thread::Builder::new()
            .name("traces-writer".into())
            .spawn(move || {
                Writer { connection: writer, config, last_retention: Instant::now() }.run(&messages)
            })
            .map_err(|source| Error::Directory { path: path.clone(), source })?;
        Ok(Traces {
            inner: Arc::new(Inner {
                path,
                reader: Mutex::new(reader),
                queue: Some(queue),
                thread: Some(thread),
            }),
        })
    }

    /// Takes spans in. Never blocks; when the writer is far behind they are dropped.
    pub fn ingest(&self, spans: Vec<Span>) {
        let Some(queue) = &self.inner.queue else { return };
        if let Err(TrySendError::Full(Message::Spans(spans))) =
            queue.try_send(Message::Spans(spans))
        {
            tracing::warn!(spans = spans.len(), "trace store is behind; spans dropped");
        }
    }

    /// Returns when everything taken in before is on disk and can be found.
    pub async fn flush(&self) -> Result<()> {
        let (done, committed) = tokio::sync::oneshot::channel();
        let queue = self.inner.queue.clone().ok_or(Error::Closed)?;
        let sent = tokio::task::spawn_blocking(move || queue.send(Message::Flush(done))).await;
        sent.map_err(|_| Error::Closed)?.map_err(|_| Error::Closed)?;
        committed.await.map_err(|_| Error::Closed)
    }

    /// Runs a query. Reads files: call it where blocking is allowed.
    pub(crate) fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T> {
        let connection = self.inner.reader.lock().unwrap_or_else(PoisonError::into_inner);
        read(&connection).map_err(|source| Error::Store {
            doing: "read",
            path: self.inner.path.clone(),
            source,
        })
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            // The writer commits before it ends; its panic was reported when it happened.
            let _ = thread.join();
        }
    }
}

fn open_writer(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -1024;",
    )?;
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if version > SCHEMA_VERSION {
        return Err(rusqlite::Error::ToSqlConversionFailure(
            format!("it is of version {version} and this program knows {SCHEMA_VERSION}; use the newer program").into(),
        ));
    }
    connection.execute_batch(SCHEMA)?;
    connection.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    Ok(connection)
}

struct Writer {
    connection: Connection,
    config: Config,
    last_retention: Instant,
}

impl Writer {
    fn run(mut self, messages: &Receiver<Message>) {
        loop {
            match messages.recv_timeout(RETENTION_EVERY) {
                Ok(first) => self.take(first, messages),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if self.last_retention.elapsed() >= RETENTION_EVERY {
                self.last_retention = Instant::now();
                let now = jiff::Timestamp::now().as_nanosecond();
                report(self.retain(i64::try_from(now).unwrap_or(i64::MAX)));
            }
        }
    }

    /// Gathers what a moment brings into one commit; a flush ends the moment.
    fn take(&mut self, first: Message, messages: &Receiver<Message>) {
        let until = Instant::now() + COMMIT_EVERY;
        let (mut spans, mut waiting) = (Vec::new(), None);
        let mut next = Some(first);
        while let Some(message) = next {
            match message {
                Message::Spans(more) => spans.extend(more),
                Message::Flush(done) => {
                    waiting = Some(done);
                    break;
                }
            }
            next = messages.recv_timeout(until.saturating_duration_since(Instant::now())).ok();
        }
        let stored = self.store(&spans);
        let is_stored = stored.is_ok();
        report(stored);
        if let Some(done) = waiting.filter(|_| is_stored) {
            // Whoever waited may have gone.
            let _ = done.send(());
        }
    }

    fn store(&mut self, spans: &[Span]) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;
        {
            let mut insert = transaction.prepare_cached(
                "INSERT OR REPLACE INTO span (trace_id, span_id, parent, service, operation, kind, namespace, start, duration, body)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?;
            for span in spans {
                let body = serde_json::to_string(span).expect("a span is plain JSON");
                insert.execute(params![
                    span.trace_id.as_slice(),
                    span.span_id.as_slice(),
                    span.parent.as_ref().map(|parent| parent.as_slice()),
                    span.service(),
                    span.name,
                    span.kind.name(),
                    span.namespace(),
                    span.start,
                    span.duration,
                    body,
                ])?;
            }
        }
        transaction.commit()
    }

    fn retain(&self, now: i64) -> rusqlite::Result<()> {
        let mut horizon =
            now.saturating_sub(i64::try_from(self.config.keep.as_nanos()).unwrap_or(i64::MAX));
        let oldest_allowed = i64::try_from(self.config.keep_spans).unwrap_or(i64::MAX);
        let beyond: Option<i64> = self
            .connection
            .query_row(
                "SELECT start FROM span ORDER BY start DESC LIMIT 1 OFFSET ?1",
                [oldest_allowed],
                |row| row.get(0),
            )
            .optional()?;
        if let Some(beyond) = beyond {
            horizon = horizon.max(beyond.saturating_add(1));
        }
        loop {
            let removed = self.connection.execute(
                "DELETE FROM span WHERE (trace_id, span_id) IN
                 (SELECT trace_id, span_id FROM span WHERE start < ?1 LIMIT ?2)",
                params![horizon, REMOVED_AT_ONCE as i64],
            )?;
            if removed < REMOVED_AT_ONCE {
                return Ok(());
            }
        }
    }
}

fn report(result: rusqlite::Result<()>) {
    if let Err(error) = result {
        tracing::error!(%error, "spans not written; is the disk full?");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_old_and_the_surplus_go() {
        let directory = tempfile::tempdir().unwrap();
        let config = Config {
            keep: Duration::from_nanos(100),
            keep_spans: 3,
            ..Config::new(directory.path())
        };
        let connection = open_writer(&config.path).unwrap();
        let mut writer = Writer { connection, config, last_retention: Instant::now() };
        let span = |number: u8| Span {
            span_id: [number; 8],
            start: i64::from(number) * 10,
            ..Span::default()
        };
        writer.store(&(1..=20).map(span).collect::<Vec<_>>()).unwrap();
        let starts = |writer: &Writer| -> Vec<i64> {
            let mut select =
                writer.connection.prepare("SELECT start FROM span ORDER BY start").unwrap();
            select.query_map([], |row| row.get(0)).unwrap().map(|row| row.unwrap()).collect()
        };
        writer.retain(200).unwrap();
        assert_eq!(starts(&writer), [180, 190, 200]);
        writer.retain(290).unwrap();
        assert_eq!(starts(&writer), [190, 200]);
    }

    #[test]
    fn a_newer_database_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let config = Config::new(directory.path());
        open_writer(&config.path)
            .unwrap()
            .pragma_update(None, "user_version", SCHEMA_VERSION + 1)
            .unwrap();
        let error = Traces::open(config).err().unwrap();
        assert!(format!("{error:?}").contains("newer program"));
    }
}
