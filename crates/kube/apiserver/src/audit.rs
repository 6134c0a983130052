//! One record for every write, given to whoever keeps them.
//!
//! A write that stores something asks its sink for a note, which is committed in
//! the same transaction as the object: no write without its record, no record
//! without its write, whenever the program dies. Writes that store nothing
//! (refused, unchanged) are told after the fact.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;

use crate::object;
use crate::registry::Resource;

/// What somebody tried to change, and how it ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditEvent {
    /// Also in the answer's `Audit-Id` header.
    pub request_id: String,
    /// RFC 3339.
    pub time: String,
    /// Who was authenticated.
    pub user: String,
    pub groups: Vec<String>,
    /// Who they acted as, where they impersonated somebody.
    pub impersonated_user: Option<String>,
    /// The address of the peer; empty for a request from within the program.
    pub source: String,
    /// What the client calls itself.
    pub user_agent: String,
    pub verb: String,
    pub group: String,
    pub version: String,
    pub resource: String,
    pub subresource: String,
    pub namespace: String,
    pub name: String,
    pub code: u16,
    pub dry_run: bool,
}

/// An object before and after a write, as it is served.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    pub old: Option<&'a Value>,
    pub new: Option<&'a Value>,
}

/// Keeps audit events.
#[async_trait]
pub trait AuditSink: Send + Sync + 'static {
    /// What to commit with a write; `None` where this write is not to be kept.
    /// Asked anew for every attempt; only that of a committed write counts. Must
    /// not block.
    fn note(&self, event: &AuditEvent, change: Change<'_>) -> Option<Bytes>;

    /// A write that stored nothing; returns once it is kept.
    ///
    /// # Errors
    /// Words for the client: what was done without storing (a token issued) is
    /// not handed out.
    async fn record(&self, event: AuditEvent) -> Result<(), String>;
}

/// Writes audit events to the log.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogAudit;

#[async_trait]
impl AuditSink for LogAudit {
    fn note(&self, event: &AuditEvent, _: Change<'_>) -> Option<Bytes> {
        write_down(event);
        None
    }

    async fn record(&self, event: AuditEvent) -> Result<(), String> {
        write_down(&event);
        Ok(())
    }
}

fn write_down(event: &AuditEvent) {
    tracing::info!(
        target: "audit",
        request_id = event.request_id,
        user = event.user,
        impersonated = event.impersonated_user,
        source = event.source,
        verb = event.verb,
        group = event.group,
        resource = event.resource,
        subresource = event.subresource,
        namespace = event.namespace,
        name = event.name,
        code = event.code,
        dry_run = event.dry_run,
        "write"
    );
}

/// The record of one request while it is served.
#[derive(Clone)]
pub(crate) struct Trail {
    pub event: AuditEvent,
    sink: Arc<dyn AuditSink>,
    /// Whether an object was written: its note is the record.
    noted: Arc<AtomicBool>,
}

impl Trail {
    pub fn new(event: AuditEvent, sink: Arc<dyn AuditSink>) -> Trail {
        Trail { event, sink, noted: Arc::default() }
    }

    /// The note of a write of one object, for its transaction.
    pub fn note(&self, resource: &Resource, change: Change<'_>) -> Option<Bytes> {
        let object = change.new.or(change.old)?;
        let mut event = self.event.clone();
        event.group.clone_from(&resource.group);
        event.version.clone_from(&resource.version);
        event.resource.clone_from(&resource.plural);
        event.name = object::name(object).to_owned();
        event.namespace = object::namespace(object).to_owned();
        event.code = if change.old.is_none() { 201 } else { 200 };
        self.sink.note(&event, change)
    }

    /// An object was written.
    pub fn done(&self) {
        self.noted.store(true, Ordering::Relaxed);
    }

    /// Tells of the request as a whole, unless what it wrote says it all.
    pub async fn finish(mut self, code: u16, name: Option<&str>) -> Result<(), String> {
        if self.noted.load(Ordering::Relaxed) && code < 400 {
            return Ok(());
        }
        self.event.code = code;
        if let Some(name) = name.filter(|_| self.event.name.is_empty()) {
            self.event.name = name.to_owned();
        }
        self.sink.record(self.event).await
    }
}
