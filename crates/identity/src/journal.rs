//! Writes audit records: all that wait in one transaction, each answered once it is
//! on disk.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use async_trait::async_trait;
use sqlx::AnyPool;
use tokio::sync::{mpsc, oneshot};

use crate::audit::AuditRecord;
use crate::error::Attempt;
use crate::identity::Inner;
use crate::secret::random_id;
use crate::{AuditEntry, Clock, Error, Identity, Result};

/// Who finds it full waits; that is a database slower than its writers.
const QUEUE: usize = 1024;
const BATCH: usize = 256;
/// How long a collection that failed waits for the next try.
const RETRY: Duration = Duration::from_secs(1);

/// Where records wait that were committed elsewhere, with the writes they tell of.
#[async_trait]
pub trait Outbox: Send + Sync + 'static {
    /// The oldest, under the numbers that order them.
    async fn waiting(&self, most: usize) -> std::result::Result<Vec<(u64, Vec<u8>)>, String>;

    /// Lets those up to a number go; they are kept here now.
    async fn forget(&self, through: u64) -> std::result::Result<(), String>;

    /// Returns when there are more.
    async fn arrived(&self);
}

struct Message {
    record: AuditRecord,
    kept: oneshot::Sender<Result<()>>,
}

/// The sending end of the queue.
pub(crate) struct Journal {
    sender: mpsc::Sender<Message>,
    pool: AnyPool,
    clock: Clock,
    /// The last id's time in microseconds; ids never go back, so paging by
    /// them is sound even when the clock does.
    last: AtomicI64,
    /// Held while records are collected, so that none is brought twice at once.
    outbox: tokio::sync::Mutex<Option<Arc<dyn Outbox>>>,
}

impl Journal {
    pub(crate) fn start(pool: AnyPool, clock: Clock) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE);
        tokio::spawn(write(pool.clone(), receiver));
        let (last, outbox) = (AtomicI64::new(0), tokio::sync::Mutex::default());
        Self { sender, pool, clock, last, outbox }
    }

    /// Gives an entry its place in the order of all.
    pub(crate) fn number(&self, entry: AuditEntry) -> Result<AuditRecord> {
        let at = self.clock.now();
        let micros = at.saturating_mul(1000);
        let last = self
            .last
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |last| Some(micros.max(last + 1)))
            .unwrap_or_else(|last| last);
        let id = format!("{:016x}{}", micros.max(last + 1), &random_id()?[..8]);
        Ok(AuditRecord { id, at, entry })
    }

    /// Writes a record, or anew what is known of it; on disk when this returns.
    pub(crate) async fn keep(&self, record: AuditRecord) -> Result<()> {
        let (kept, answer) = oneshot::channel();
        self.sender.send(Message { record, kept }).await.map_err(|_| Error::Closed)?;
        answer.await.unwrap_or(Err(Error::Closed))
    }

    async fn collect(&self) -> Result<()> {
        let outbox = self.outbox.lock().await;
        let Some(outbox) = outbox.as_ref() else { return Ok(()) };
        loop {
            let waiting = outbox.waiting(BATCH).await.map_err(Error::Outbox)?;
            let Some((last, _)) = waiting.last() else { return Ok(()) };
            let last = *last;
            let records: Vec<AuditRecord> = waiting
                .iter()
                .filter_map(|(number, note)| {
                    let read = serde_json::from_slice(note);
                    let text = || String::from_utf8_lossy(note).into_owned();
                    // Only another program's notes can be unreadable; they go to the log.
                    read.inspect_err(|_| tracing::error!(number, note = text(), "no audit record"))
                        .ok()
                })
                .collect();
            insert(&self.pool, records.iter()).await?;
            outbox.forget(last).await.map_err(Error::Outbox)?;
        }
    }
}

async fn write(pool: AnyPool, mut messages: mpsc::Receiver<Message>) {
    let mut waiting = Vec::new();
    while messages.recv_many(&mut waiting, BATCH).await > 0 {
        let written = insert(&pool, waiting.iter().map(|message| &message.record)).await;
        if let Err(error) = &written {
            tracing::error!(%error, records = waiting.len(), "audit records not written");
        }
        for message in waiting.drain(..) {
            // The asker may have gone.
            let _ = message.kept.send(written.clone());
        }
    }
}

/// A record that is there already (begun, or collected before a crash) is written over.
async fn insert(pool: &AnyPool, records: impl Iterator<Item = &AuditRecord>) -> Result<()> {
    let mut transaction = pool.begin().await.attempt("begin")?;
    for AuditRecord { id, at, entry } in records {
        sqlx::query(
            "INSERT INTO identity_audit (id, at, user_name, acting_as, via, verb, api_group,
             resource, namespace, name, status, request_id, source, agent, changes)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
             ON CONFLICT (id) DO UPDATE SET user_name = excluded.user_name, via = excluded.via,
             resource = excluded.resource, namespace = excluded.namespace,
             name = excluded.name, status = excluded.status, changes = excluded.changes",
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
        .bind(&entry.source)
        .bind(&entry.agent)
        .bind(serde_json::to_string(&entry.changes).unwrap_or_default())
        .execute(&mut *transaction)
        .await
        .attempt("write audit records")?;
    }
    transaction.commit().await.attempt("write audit records")
}

impl Identity {
    /// Collects from this outbox from now on.
    pub async fn collect_audit_from(&self, outbox: Arc<dyn Outbox>) {
        *self.journal().outbox.lock().await = Some(outbox.clone());
        tokio::spawn(collect_for(self.weak(), outbox));
    }

    /// Brings what waits in the outbox now.
    pub async fn collect_audit(&self) -> Result<()> {
        self.journal().collect().await
    }
}

/// Collects until the last handle is gone.
async fn collect_for(identity: Weak<Inner>, outbox: Arc<dyn Outbox>) {
    loop {
        let Some(inner) = identity.upgrade() else { return };
        if let Err(error) = Identity::of(inner).collect_audit().await {
            if matches!(error, Error::Closed) {
                return;
            }
            tracing::error!(%error, "audit records wait beside their writes");
            tokio::time::sleep(RETRY).await;
            continue;
        }
        outbox.arrived().await;
    }
}
