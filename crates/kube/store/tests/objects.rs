//! What a single caller sees: values, revisions, preconditions, pages. Every
//! test runs on a file and in memory.

#![allow(clippy::unwrap_used)] // A test that cannot go on has failed.

use std::path::Path;

use bytes::Bytes;
use dais_store::{Error, Expect, ListOptions, Page, Store};

fn stores(folder: &Path) -> [Store; 2] {
    [Store::open(&folder.join("objects.db")).unwrap(), Store::in_memory().unwrap()]
}

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

fn keys(page: &Page) -> Vec<&str> {
    page.records.iter().map(|record| record.key.as_str()).collect()
}

#[tokio::test]
async fn a_value_is_read_back_with_its_revisions() {
    let folder = tempfile::tempdir().unwrap();
    for store in stores(folder.path()) {
        assert_eq!(store.revision(), 1);
        assert_eq!(store.get("/a").await.unwrap(), None);

        let first = store.put("/a", bytes("one"), Expect::Absent).await.unwrap();
        let second = store.put("/a", bytes(""), Expect::At(first)).await.unwrap();
        assert_eq!((first, second, store.revision()), (2, 3, 3));

        let record = store.get("/a").await.unwrap().unwrap();
        assert_eq!(record.value, bytes(""));
        assert_eq!((record.created, record.modified), (first, second));

        let (gone, last) = store.delete("/a", Expect::At(second)).await.unwrap();
        assert_eq!((gone, last), (4, record));
        assert_eq!(store.get("/a").await.unwrap(), None);

        let again = store.put("/a", bytes("two"), Expect::Absent).await.unwrap();
        let record = store.get("/a").await.unwrap().unwrap();
        assert_eq!((record.created, record.modified), (again, again));
    }
}

#[tokio::test]
async fn a_write_whose_precondition_fails_says_why_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for store in stores(folder.path()) {
        let at = store.put("/a", bytes("one"), Expect::Any).await.unwrap();

        let exists = store.put("/a", bytes("x"), Expect::Absent).await.unwrap_err();
        assert!(matches!(exists, Error::Exists { modified, .. } if modified == at));
        let conflict = store.put("/a", bytes("x"), Expect::At(at + 7)).await.unwrap_err();
        assert!(matches!(conflict, Error::Conflict { expected, actual, .. }
            if expected == at + 7 && actual == at));
        let stale = store.delete("/a", Expect::At(at - 1)).await.unwrap_err();
        assert!(matches!(stale, Error::Conflict { .. }));
        for missing in [
            store.put("/b", bytes("x"), Expect::At(at)).await.unwrap_err(),
            store.delete("/b", Expect::Any).await.unwrap_err(),
        ] {
            assert!(matches!(missing, Error::NotFound { key } if key == "/b"));
        }

        assert_eq!(store.revision(), at);
        assert_eq!(store.get("/a").await.unwrap().unwrap().value, bytes("one"));
    }
}

#[tokio::test]
async fn a_list_holds_exactly_the_prefix_in_key_order() {
    let folder = tempfile::tempdir().unwrap();
    for store in stores(folder.path()) {
        for key in ["/pods/b", "/pods/a", "/podsx/a", "/pods/", "/pod", "/pods/ü", "/q"] {
            store.put(key, bytes(key), Expect::Absent).await.unwrap();
        }
        let page = store.list("/pods/", ListOptions::default()).await.unwrap();
        assert_eq!(keys(&page), ["/pods/", "/pods/a", "/pods/b", "/pods/ü"]);
        assert_eq!((page.revision, page.remaining), (store.revision(), 0));

        let all = store.list("", ListOptions::default()).await.unwrap();
        assert_eq!(all.records.len(), 7);
    }
}

#[tokio::test]
async fn pages_at_one_revision_ignore_later_writes() {
    let folder = tempfile::tempdir().unwrap();
    for store in stores(folder.path()) {
        for number in 0..5 {
            let key = format!("/x/{number}");
            store.put(&key, bytes("old"), Expect::Absent).await.unwrap();
        }
        let limit = Some(2);
        let first = store.list("/x/", ListOptions { limit, ..Default::default() }).await.unwrap();
        assert_eq!((keys(&first), first.remaining), (vec!["/x/0", "/x/1"], 3));

        store.delete("/x/2", Expect::Any).await.unwrap();
        store.put("/x/3", bytes("new"), Expect::Any).await.unwrap();
        store.put("/x/11", bytes("new"), Expect::Absent).await.unwrap();

        let options = |after: &str| ListOptions {
            start_after: Some(after.to_owned()),
            limit,
            at: Some(first.revision),
        };
        let second = store.list("/x/", options("/x/1")).await.unwrap();
        assert_eq!((keys(&second), second.remaining), (vec!["/x/2", "/x/3"], 1));
        assert!(second.records.iter().all(|record| record.value == bytes("old")));
        assert_eq!(second.revision, first.revision);
        let third = store.list("/x/", options("/x/3")).await.unwrap();
        assert_eq!((keys(&third), third.remaining), (vec!["/x/4"], 0));

        let now = store.list("/x/", ListOptions::default()).await.unwrap();
        assert_eq!(keys(&now), ["/x/0", "/x/1", "/x/11", "/x/3", "/x/4"]);
    }
}

#[tokio::test]
async fn compaction_keeps_the_present_and_the_window_and_refuses_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    for store in stores(folder.path()) {
        for value in ["1", "2", "3"] {
            store.put("/a", bytes(value), Expect::Any).await.unwrap();
        }
        store.put("/gone", bytes("x"), Expect::Any).await.unwrap();
        let (before, _) = store.delete("/gone", Expect::Any).await.unwrap();
        store.put("/b", bytes("4"), Expect::Any).await.unwrap();
        store.compact(before).await.unwrap();

        let at = |at| ListOptions { at: Some(at), ..Default::default() };
        let refused = store.list("/", at(before - 1)).await.unwrap_err();
        assert!(matches!(refused, Error::Compacted { oldest } if oldest == before));
        assert_eq!(keys(&store.list("/", at(before)).await.unwrap()), ["/a"]);
        let unwritten = store.list("/", at(before + 9)).await.unwrap_err();
        assert!(matches!(unwritten, Error::NotYet { .. }));
        assert_eq!(store.get("/a").await.unwrap().unwrap().value, bytes("3"));

        // Beyond the newest: everything old goes, the revision stays.
        store.delete("/b", Expect::Any).await.unwrap();
        let newest = store.revision();
        store.compact(u64::MAX).await.unwrap();
        let page = store.list("/", ListOptions::default()).await.unwrap();
        assert_eq!((keys(&page), page.revision), (vec!["/a"], newest));
    }
}
