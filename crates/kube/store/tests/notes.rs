//! Notes are committed with their writes and stay until they are let go.

#![allow(clippy::unwrap_used)] // A test that cannot go on has failed.

use bytes::Bytes;
use dais_store::{Error, Expect, Store};

fn text(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

async fn waiting(store: &Store) -> Vec<Bytes> {
    store.notes(100).await.unwrap().into_iter().map(|note| note.text).collect()
}

#[tokio::test]
async fn a_note_is_there_exactly_when_its_write_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("objects.db");
    let store = Store::open(&path).unwrap();
    store.put_noted("a", text("1"), (Expect::Absent, Some(text("made a")))).await.unwrap();
    store.noted().await;
    let refused = store.put_noted("a", text("2"), (Expect::Absent, Some(text("again")))).await;
    assert!(matches!(refused, Err(Error::Exists { .. })));
    store.put("b", text("1"), Expect::Absent).await.unwrap();
    store.delete_noted("a", (Expect::Any, Some(text("deleted a")))).await.unwrap();
    assert_eq!(waiting(&store).await, [text("made a"), text("deleted a")]);
    drop(store);

    // The writer's thread lets go of the file a moment after the last handle.
    let store = loop {
        match Store::open(&path) {
            Err(Error::InUse { .. }) => std::thread::yield_now(),
            opened => break opened.unwrap(),
        }
    };
    let notes = store.notes(1).await.unwrap();
    assert_eq!(notes[0].text, text("made a"));
    store.forget_notes(notes[0].number).await.unwrap();
    assert_eq!(waiting(&store).await, [text("deleted a")]);
    store.forget_notes(u64::MAX).await.unwrap();
    store.put_noted("c", text("1"), (Expect::Any, Some(text("made c")))).await.unwrap();
    let after = store.notes(1).await.unwrap();
    assert!(after[0].number > notes[0].number + 1, "no number is given twice");
}

#[tokio::test]
async fn a_file_of_format_1_gets_its_notes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("objects.db");
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.execute_batch(
        "CREATE TABLE log (revision INTEGER PRIMARY KEY, key TEXT NOT NULL,
            created INTEGER NOT NULL, previous INTEGER, value BLOB);
         CREATE INDEX log_by_key ON log (key, revision);
         CREATE TABLE current (key TEXT PRIMARY KEY, revision INTEGER NOT NULL) WITHOUT ROWID;
         CREATE TABLE history (oldest INTEGER NOT NULL);
         INSERT INTO history (oldest) VALUES (1);
         INSERT INTO log VALUES (2, 'a', 2, NULL, CAST('1' AS BLOB));
         INSERT INTO current VALUES ('a', 2);
         PRAGMA application_id = 1684105587; PRAGMA user_version = 1;",
    )
    .unwrap();
    drop(raw);
    let store = Store::open(&path).unwrap();
    assert_eq!(store.get("a").await.unwrap().unwrap().value, text("1"));
    store.put_noted("b", text("1"), (Expect::Absent, Some(text("made b")))).await.unwrap();
    assert_eq!(waiting(&store).await, [text("made b")]);
}
