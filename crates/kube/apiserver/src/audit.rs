//! One record for every write, given to whoever keeps them.

use serde::Serialize;

/// What somebody tried to change, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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

/// Keeps audit events. Must not block: it is called on the request's path.
pub trait AuditSink: Send + Sync + 'static {
    fn record(&self, event: AuditEvent);
}

/// Writes audit events to the log.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogAudit;

impl AuditSink for LogAudit {
    fn record(&self, event: AuditEvent) {
        tracing::info!(
            target: "audit",
            request_id = event.request_id,
            user = event.user,
            impersonated = event.impersonated_user,
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
}
