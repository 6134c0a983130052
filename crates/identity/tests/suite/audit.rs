//! The audit record.

use dais_identity::{AuditEntry, AuditQuery, Identity};

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
        fixture.identity.record_audit(entry).unwrap();
        fixture.pass(60);
    }
    fixture.identity.flush_audit().await.unwrap();
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
            identity.record_audit(entry("ann", "vision", &number.to_string())).unwrap();
        }
        identity.flush_audit().await.unwrap();
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

#[tokio::test]
async fn closing_writes_what_waits() {
    for fixture in fixtures().await {
        for number in 0..50 {
            fixture.identity.record_audit(entry("ann", "vision", &number.to_string())).unwrap();
        }
        fixture.identity.close().await.unwrap();
        let again = Identity::open(fixture.options.clone()).await.unwrap().identity;
        assert_eq!(names(&again, AuditQuery::default()).await.len(), 50);
    }
}
