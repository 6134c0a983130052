//! The audit record.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use dais_identity::{AuditEntry, AuditQuery, Identity, Outbox, Reader};
use serde_json::json;
use tokio::sync::Notify;

use crate::databases::{Fixture, fixtures};

fn entry(user: &str, namespace: &str, name: &str) -> AuditEntry {
    AuditEntry {
        user: user.to_owned(),
        via: "session".to_owned(),
        verb: "create".to_owned(),
        group: "dais.io".to_owned(),
        resource: "trainingjobs".to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        status: 201,
        request_id: format!("r-{name}"),
        ..AuditEntry::default()
    }
}

async fn record(fixture: &Fixture, entries: Vec<AuditEntry>) {
    for entry in entries {
        fixture.identity.record_audit(entry).await.unwrap();
        fixture.pass(60);
    }
}

async fn names(identity: &Identity, query: AuditQuery) -> Vec<String> {
    let records = identity.audit(&query).await.unwrap();
    records.into_iter().map(|record| record.entry.name).collect()
}

#[tokio::test]
async fn records_are_kept_whole_and_found_by_each_filter() {
    for fixture in fixtures().await {
        let identity = &fixture.identity;
        let start = fixture.clock.now();
        let first = entry("ann", "vision", "a");
        record(
            &fixture,
            vec![first.clone(), entry("bob", "vision", "b"), entry("ann", "speech", "c")],
        )
        .await;

        let all = identity.audit(&AuditQuery::default()).await.unwrap();
        assert_eq!(
            all.iter().map(|record| record.at).collect::<Vec<_>>(),
            [start + 120_000, start + 60_000, start]
        );
        assert_eq!(all[2].entry, first);

        let text = |value: &str| Some(value.to_owned());
        for (query, wanted) in [
            (AuditQuery { user: text("ann"), ..Default::default() }, vec!["c", "a"]),
            (AuditQuery { namespace: text("vision"), ..Default::default() }, vec!["b", "a"]),
            (AuditQuery { name: text("b"), ..Default::default() }, vec!["b"]),
            (AuditQuery { verb: text("delete"), ..Default::default() }, vec![]),
            (AuditQuery { since: Some(start + 60_000), ..Default::default() }, vec!["c", "b"]),
            (AuditQuery { until: Some(start + 60_000), ..Default::default() }, vec!["a"]),
            (AuditQuery { user: text("' OR '1'='1"), ..Default::default() }, vec![]),
        ] {
            assert_eq!(names(identity, query.clone()).await, wanted, "{query:?}");
        }
    }
}

#[tokio::test]
async fn pages_join_even_when_the_clock_goes_back() {
    for fixture in fixtures().await {
        let identity = &fixture.identity;
        // All within one moment of a standing clock.
        for number in 0..10 {
            identity.record_audit(entry("ann", "vision", &number.to_string())).await.unwrap();
        }
        let mut seen = Vec::new();
        let mut before = None;
        loop {
            let query = AuditQuery { limit: Some(3), before: before.clone(), ..Default::default() };
            let page = identity.audit(&query).await.unwrap();
            let Some(last) = page.last() else {
                break;
            };
            before = Some(last.id.clone());
            seen.extend(page.into_iter().map(|record| record.entry.name));
        }
        assert_eq!(seen, ["9", "8", "7", "6", "5", "4", "3", "2", "1", "0"]);
    }
}

#[tokio::test]
async fn records_go_after_their_retention() {
    for fixture in fixtures().await {
        record(&fixture, vec![entry("ann", "vision", "old")]).await;
        fixture.clock.advance(fixture.options.audit_retention);
        record(&fixture, vec![entry("ann", "vision", "new")]).await;
        fixture.identity.sweep().await.unwrap();
        assert_eq!(names(&fixture.identity, AuditQuery::default()).await, ["new"]);
    }
}

/// Records that were committed elsewhere.
#[derive(Default)]
struct Elsewhere {
    notes: Mutex<Vec<(u64, Vec<u8>)>>,
    arrived: Notify,
    /// As when the program dies before it lets go of what it brought.
    forgets: AtomicBool,
}

#[async_trait]
impl Outbox for Elsewhere {
    async fn waiting(&self, most: usize) -> Result<Vec<(u64, Vec<u8>)>, String> {
        Ok(self.notes.lock().unwrap().iter().take(most).cloned().collect())
    }

    async fn forget(&self, through: u64) -> Result<(), String> {
        if !self.forgets.load(Ordering::SeqCst) {
            return Err("killed".to_owned());
        }
        self.notes.lock().unwrap().retain(|(number, _)| *number > through);
        Ok(())
    }

    async fn arrived(&self) {
        self.arrived.notified().await;
    }
}

#[tokio::test]
async fn what_was_committed_elsewhere_is_brought_once_whenever_the_program_dies() {
    for fixture in fixtures().await {
        let identity = &fixture.identity;
        let elsewhere = Arc::new(Elsewhere::default());
        for (number, name) in (1..).zip(["a", "b"]) {
            let note = identity.audit_note(entry("ann", "vision", name)).unwrap();
            elsewhere.notes.lock().unwrap().push((number, note));
        }
        elsewhere.notes.lock().unwrap().push((3, b"not a record".to_vec()));
        identity.collect_audit_from(elsewhere.clone()).await;
        assert!(identity.collect_audit().await.is_err(), "it died before it let go");
        elsewhere.forgets.store(true, Ordering::SeqCst);
        assert_eq!(names(identity, AuditQuery::default()).await, ["b", "a"]);
        assert!(elsewhere.notes.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_write_is_on_record_before_it_happens_and_says_how_it_ended() {
    for fixture in fixtures().await {
        let identity = &fixture.identity;
        let begun = identity.begin_audit(entry("ann", "vision", "a")).await.unwrap();
        let died = identity.begin_audit(entry("ann", "vision", "b")).await.unwrap();
        drop(died);
        begun.finish(|entry| entry.status = 200).await;
        let all = identity.audit(&AuditQuery::default()).await.unwrap();
        let seen: Vec<_> = all.iter().map(|one| (&*one.entry.name, one.entry.status)).collect();
        assert_eq!(seen, [("b", 0), ("a", 200)]);
        identity.close().await.unwrap();
        let refused = identity.begin_audit(entry("ann", "vision", "c")).await;
        assert!(refused.is_err(), "what cannot be put on record must not happen");
    }
}

#[tokio::test]
async fn a_reader_sees_their_projects_and_what_they_did() {
    for fixture in fixtures().await {
        record(
            &fixture,
            vec![entry("ann", "vision", "a"), entry("bob", "speech", "b"), entry("bob", "", "t")],
        )
        .await;
        let seen = async |user: &str, namespaces: &[&str]| {
            let namespaces = namespaces.iter().map(|&name| name.to_owned()).collect();
            let reader = Reader::Member { user: user.to_owned(), namespaces };
            names(&fixture.identity, AuditQuery { reader, ..Default::default() }).await
        };
        assert_eq!(seen("ann", &["vision"]).await, ["a"]);
        assert_eq!(seen("bob", &[]).await, ["t", "b"]);
        assert_eq!(seen("eve", &[]).await, Vec::<String>::new());
        assert_eq!(seen("eve", &["vision", "speech"]).await, ["b", "a"]);
    }
}

#[tokio::test]
async fn a_changed_secret_shows_that_it_changed_and_nowhere_its_value() {
    for fixture in fixtures().await {
        let identity = &fixture.identity;
        let secret = |value: &str| {
            json!({"kind": "Secret", "metadata": {"name": "db", "generation": 1},
                "data": {"password": value}})
        };
        let changes = identity.audit_changes(Some(&secret("b2xk")), Some(&secret("bmV3")));
        assert_eq!(changes.fields.len(), 1);
        assert_eq!(changes.fields[0].path, "data.password");
        assert_ne!(changes.fields[0].old, changes.fields[0].new);
        let entry = AuditEntry { changes, ..entry("ann", "vision", "db") };
        record(&fixture, vec![entry.clone()]).await;
        let found = identity
            .audit(&AuditQuery { text: Some("DATA.Pass".to_owned()), ..Default::default() })
            .await
            .unwrap();
        assert_eq!(found[0].entry, entry);
        let none = AuditQuery { text: Some("%".to_owned()), ..Default::default() };
        assert!(identity.audit(&none).await.unwrap().is_empty(), "no wildcard");
    }
}
