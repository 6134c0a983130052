//! The record of every write: who did what to which object, and how it ended.
//!
//! Entries go through a queue to one task that writes all that wait in one
//! transaction, so a request does not wait for its record. A clean stop writes
//! everything; a kill can lose the records of its last few milliseconds. When
//! the database is down so long that the queue is full, records go to the log.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{AnyPool, Row};
use tokio::sync::{mpsc, oneshot};

use crate::error::Attempt;
use crate::secret::random_id;
use crate::{Clock, Error, Identity, Result};

/// Some megabytes of records: minutes of a database that does not answer.
const QUEUE: usize = 16_384;
const BATCH: usize = 256;
const MOST: i64 = 1000;
/// How long a failed batch waits for the database to come back.
const RETRY: Duration = Duration::from_secs(1);

/// One write, as whoever served it saw it. Empty text where something does
/// not apply.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AuditEntry {
    /// Who was authenticated.
    pub user: String,
    /// Whom they acted as, where they impersonated somebody.
    pub acting_as: String,
    /// As [`crate::Via`] prints.
    pub via: String,
    pub verb: String,
    pub group: String,
    /// With the subresource, if any: `pods` or `pods/status`.
    pub resource: String,
    pub namespace: String,
    pub name: String,
    /// The HTTP status that it ended with.
    pub status: u16,
    pub request_id: String,
}

/// A kept entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditRecord {
    /// Sorts by time; what `before` takes.
    pub id: String,
    /// Milliseconds since 1970.
    pub at: i64,
    #[serde(flatten)]
    pub entry: AuditEntry,
}

/// Which records to read; what is left out does not matter.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct AuditQuery {
    pub user: Option<String>,
    pub verb: Option<String>,
    pub group: Option<String>,
    pub resource: Option<String>,
    pub namespace: Option<String>,
    pub name: Option<String>,
    /// From this moment on, in milliseconds since 1970.
    pub since: Option<i64>,
    /// Before this moment.
    pub until: Option<i64>,
    /// Only records before this id: the last one of the page before.
    pub before: Option<String>,
    /// At most so many, up to 1000; 100 unless given.
    pub limit: Option<i64>,
}

enum Message {
    Entry(Box<AuditRecord>),
    Flush(oneshot::Sender<()>),
}

/// The sending end of the queue.
pub(crate) struct Journal {
    sender: mpsc::Sender<Message>,
    clock: Clock,
    /// The last id's time in microseconds; ids never go back, so paging by
    /// them is sound even when the clock does.
    last: AtomicI64,
}

impl Journal {
    pub(crate) fn start(pool: AnyPool, clock: Clock) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE);
        tokio::spawn(write(pool, receiver));
        Self { sender, clock, last: AtomicI64::new(0) }
    }

    fn record(&self, entry: AuditEntry) -> Result<AuditRecord> {
        let at = self.clock.now();
        let micros = at.saturating_mul(1000);
        let last = self
            .last
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |last| Some(micros.max(last + 1)))
            .unwrap_or_else(|last| last);
        let id = format!("{:016x}{}", micros.max(last + 1), &random_id()?[..8]);
        Ok(AuditRecord { id, at, entry })
    }
}

async fn write(pool: AnyPool, mut messages: mpsc::Receiver<Message>) {
    let mut waiting = Vec::new();
    while messages.recv_many(&mut waiting, BATCH).await > 0 {
        let mut records = Vec::new();
        let mut flushes = Vec::new();
        for message in waiting.drain(..) {
            match message {
                Message::Entry(record) => records.push(*record),
                Message::Flush(done) => flushes.push(done),
            }
        }
        while let Err(error) = insert(&pool, &records).await {
            if pool.is_closed() {
                return;
            }
            tracing::error!(%error, records = records.len(), "audit records not written yet");
            tokio::time::sleep(RETRY).await;
        }
        for done in flushes {
            // The asker may have gone.
            let _ = done.send(());
        }
    }
}

async fn insert(pool: &AnyPool, records: &[AuditRecord]) -> Result<()> {
    if records.is_empty() {
        return Ok(());
    }
    let mut transaction = pool.begin().await.attempt("begin")?;
    for AuditRecord { id, at, entry } in records {
        sqlx::query(
            "INSERT INTO identity_audit (id, at, user_name, acting_as, via, verb, api_group,
             resource, namespace, name, status, request_id)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        )
        .bind(id)
        .bind(*at)
        .bind(&entry.user)
        .bind(&entry.acting_as)
        .bind(&entry.via)
        .bind(&entry.verb)
        .bind(&entry.group)
        .bind(&entry.resource)
        .bind(&entry.namespace)
        .bind(&entry.name)
        .bind(i64::from(entry.status))
        .bind(&entry.request_id)
        .execute(&mut *transaction)
        .await
        .attempt("write audit records")?;
    }
    transaction.commit().await.attempt("write audit records")
}

impl Identity {
    /// Queues an entry; never waits.
    pub fn record_audit(&self, entry: AuditEntry) -> Result<()> {
        let record = self.journal().record(entry)?;
        let sent = self.journal().sender.try_send(Message::Entry(Box::new(record)));
        if let Err(mpsc::error::TrySendError::Full(Message::Entry(record))) = sent {
            tracing::error!(record = ?record, "audit queue is full, the record is kept here only");
        }
        Ok(())
    }

    /// Waits until everything appended so far is on disk.
    pub async fn flush_audit(&self) -> Result<()> {
        let (done, finished) = oneshot::channel();
        let sent = self.journal().sender.send(Message::Flush(done)).await;
        sent.map_err(|_| Error::Closed)?;
        finished.await.map_err(|_| Error::Closed)
    }

    /// The records that match, newest first.
    pub async fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditRecord>> {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let rows = sqlx::query(
            "SELECT id, at, user_name, acting_as, via, verb, api_group, resource, namespace, name,
             status, request_id FROM identity_audit
             WHERE ($1 = '' OR user_name = $1) AND ($2 = '' OR verb = $2)
             AND ($3 = '' OR api_group = $3) AND ($4 = '' OR resource = $4)
             AND ($5 = '' OR namespace = $5) AND ($6 = '' OR name = $6)
             AND ($7 = '' OR id < $7) AND at >= $8 AND at < $9
             ORDER BY id DESC LIMIT $10",
        )
        .bind(text(&query.user))
        .bind(text(&query.verb))
        .bind(text(&query.group))
        .bind(text(&query.resource))
        .bind(text(&query.namespace))
        .bind(text(&query.name))
        .bind(text(&query.before))
        .bind(query.since.unwrap_or(0))
        .bind(query.until.unwrap_or(i64::MAX))
        .bind(query.limit.unwrap_or(100).clamp(1, MOST))
        .fetch_all(self.pool())
        .await
        .attempt("read audit records")?;
        rows.iter().map(|row| record(row).attempt("read audit records")).collect()
    }

    /// Deletes the records of before so long ago.
    pub(crate) async fn expire_audit(&self, retention: Duration) -> Result<()> {
        sqlx::query("DELETE FROM identity_audit WHERE at < $1")
            .bind(self.clock().before(retention))
            .execute(self.pool())
            .await
            .attempt("remove old audit records")?;
        Ok(())
    }
}

fn record(row: &AnyRow) -> std::result::Result<AuditRecord, sqlx::Error> {
    Ok(AuditRecord {
        id: row.try_get(0)?,
        at: row.try_get(1)?,
        entry: AuditEntry {
            user: row.try_get(2)?,
            acting_as: row.try_get(3)?,
            via: row.try_get(4)?,
            verb: row.try_get(5)?,
            group: row.try_get(6)?,
            resource: row.try_get(7)?,
            namespace: row.try_get(8)?,
            name: row.try_get(9)?,
            status: u16::try_from(row.try_get::<i64, _>(10)?).unwrap_or_default(),
            request_id: row.try_get(11)?,
        },
    })
}
