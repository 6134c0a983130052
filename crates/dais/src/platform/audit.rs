//! What is put on record of the writes that pass through the platform, and how much.
//!
//! ```text
//! Kubernetes API ── note ──▶ the objects' own commit ── outbox ──▶ identity's table
//! everything else ── begin ──▶ identity's table ── the write ── finish ──▶ it
//! ```
//!
//! People and their work are recorded with what they changed. The platform's own parts
//! are recorded by what they make, change and delete, without values, since those follow
//! from what somebody asked for; what they do all the time (statuses, leases, events) is
//! not: it would bury the rest.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use dais_apiserver::{AuditEvent, AuditSink, Change};
use dais_identity::{AuditEntry, Identity, Outbox};
use dais_store::Store;

/// How long records are kept.
pub const RETENTION: Duration = Duration::from_secs(365 * 24 * 3600);

const OWN_PARTS: &str = "system:dais:";
/// Questions, although they are POSTed.
const REVIEWS: [&str; 2] = ["authorization.k8s.io", "authentication.k8s.io"];
/// What the platform's parts write all the time.
const CHATTER: [&str; 6] =
    ["events", "leases", "endpoints", "endpointslices", "nodes", "resourcequotas"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Nothing,
    /// Who did what to which object.
    Metadata,
    /// With the old and new values.
    Values,
}

fn level(event: &AuditEvent) -> Level {
    let review = REVIEWS.contains(&event.group.as_str());
    // A write of an event is a report of something that has its own record.
    if event.dry_run || review || event.resource == "events" {
        return Level::Nothing;
    }
    if !event.user.starts_with(OWN_PARTS) {
        return Level::Values;
    }
    match CHATTER.contains(&event.resource.as_str()) || !event.subresource.is_empty() {
        true => Level::Nothing,
        false => Level::Metadata,
    }
}

/// The API server's records.
pub struct Journal(pub Identity);

#[async_trait]
impl AuditSink for Journal {
    fn note(&self, event: &AuditEvent, change: Change<'_>) -> Option<Bytes> {
        let mut entry = match level(event) {
            Level::Nothing => return None,
            Level::Metadata | Level::Values => entry(event.clone()),
        };
        if level(event) == Level::Values {
            entry.changes = self.0.audit_changes(change.old, change.new);
        }
        match self.0.audit_note(entry) {
            Ok(note) => Some(note.into()),
            // Only where the system has no random numbers left.
            Err(error) => {
                tracing::error!(%error, "audit record without an id");
                None
            }
        }
    }

    async fn record(&self, event: AuditEvent) -> Result<(), String> {
        if level(&event) != Level::Values {
            return Ok(());
        }
        self.0.record_audit(entry(event)).await.map_err(|error| {
            format!(
                "the audit record could not be written ({error}); try again when that is mended"
            )
        })
    }
}

fn entry(event: AuditEvent) -> AuditEntry {
    let resource = match event.subresource.as_str() {
        "" => event.resource,
        subresource => format!("{}/{subresource}", event.resource),
    };
    AuditEntry {
        user: event.user,
        acting_as: event.impersonated_user.unwrap_or_default(),
        via: "kubernetes".to_owned(),
        source: event.source,
        agent: event.user_agent,
        verb: event.verb,
        group: event.group,
        resource,
        namespace: event.namespace,
        name: event.name,
        status: event.code,
        request_id: event.request_id,
        ..AuditEntry::default()
    }
}

/// Where the API server's records wait: beside the objects.
pub struct Notes(pub Store);

#[async_trait]
impl Outbox for Notes {
    async fn waiting(&self, most: usize) -> Result<Vec<(u64, Vec<u8>)>, String> {
        let notes = self.0.notes(most).await.map_err(|error| error.to_string())?;
        Ok(notes.into_iter().map(|note| (note.number, note.text.to_vec())).collect())
    }

    async fn forget(&self, through: u64) -> Result<(), String> {
        self.0.forget_notes(through).await.map_err(|error| error.to_string())
    }

    async fn arrived(&self) {
        self.0.noted().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_recorded_whole_and_the_platform_does_not_bury_them() {
        let event = |user: &str, resource: &str, subresource: &str| AuditEvent {
            user: user.to_owned(),
            resource: resource.to_owned(),
            subresource: subresource.to_owned(),
            ..AuditEvent::default()
        };
        for (event, wanted) in [
            (event("ann", "secrets", ""), Level::Values),
            (event("ann", "pods", "eviction"), Level::Values),
            (event("ann", "events", ""), Level::Nothing),
            (event("system:serviceaccount:a:default", "configmaps", ""), Level::Values),
            (event("system:dais:node", "pods", "status"), Level::Nothing),
            (event("system:dais:node", "leases", ""), Level::Nothing),
            (event("system:dais:controllers", "pods", ""), Level::Metadata),
        ] {
            assert_eq!(level(&event), wanted, "{event:?}");
        }
        let review = AuditEvent { group: REVIEWS[0].to_owned(), ..event("ann", "x", "") };
        assert_eq!(level(&review), Level::Nothing);
        let dry = AuditEvent { dry_run: true, ..event("ann", "pods", "") };
        assert_eq!(level(&dry), Level::Nothing);
    }
}
