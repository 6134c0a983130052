//! Watches and concurrent writers: nothing lost, nothing twice, nobody waits.

#![allow(clippy::unwrap_used)] // A test that cannot go on has failed.

use bytes::Bytes;
use dais_store::{Error, Event, Expect, Options, Revision, Store, Watch};
use futures::{FutureExt, StreamExt};

fn open(folder: &tempfile::TempDir, history: u64) -> Store {
    let options = Options { history, ..Default::default() };
    Store::open_with(&folder.path().join("objects.db"), options).unwrap()
}

async fn put(store: &Store, key: &str, value: u64) -> Revision {
    let value = Bytes::from(value.to_string());
    store.put(key, value, Expect::Any).await.unwrap()
}

async fn next(watch: &mut Watch) -> Event {
    watch.next().await.expect("a live stream").expect("an event")
}

#[tokio::test]
async fn a_watch_tells_what_happened_and_what_was_before() {
    let store = Store::in_memory().unwrap();
    let mut watch = store.watch("/a/", store.revision()).unwrap();
    let made = put(&store, "/a/x", 1).await;
    put(&store, "/b/x", 9).await;
    let changed = put(&store, "/a/x", 2).await;
    let (deleted, _) = store.delete("/a/x", Expect::Any).await.unwrap();

    let event = next(&mut watch).await;
    assert_eq!((event.revision, event.previous), (made, None));
    let event = next(&mut watch).await;
    let previous = event.previous.unwrap();
    assert_eq!((event.revision, event.value), (changed, Some(Bytes::from("2"))));
    assert_eq!((previous.created, previous.modified), (made, made));
    let event = next(&mut watch).await;
    assert_eq!((event.revision, event.value), (deleted, None));
    assert_eq!(event.previous.unwrap().value, Bytes::from("2"));
    assert!(watch.next().now_or_never().is_none());
}

#[tokio::test]
async fn position_rises_with_writes_elsewhere() {
    let store = Store::in_memory().unwrap();
    let mut watch = store.watch("/a/", store.revision()).unwrap();
    let elsewhere = put(&store, "/b", 1).await;
    assert!(watch.next().now_or_never().is_none());
    assert_eq!(watch.position(), elsewhere);
}

/// Watches from every revision of the past, taken up while writers are at
/// work, all see the same sequence.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn replay_and_live_events_join_without_a_seam() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder, 10_000);
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let store = store.clone();
            tokio::spawn(async move {
                for number in 0..100 {
                    put(&store, &format!("/w/{writer}/{}", number % 7), number).await;
                }
            })
        })
        .collect();
    let mut watchers = Vec::new();
    for _ in 0..20 {
        let after = store.revision();
        let watch = store.watch("/w/", after).unwrap();
        watchers.push((after, tokio::spawn(watch.take(401 - after as usize).collect::<Vec<_>>())));
        put(&store, "/elsewhere", 0).await;
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let last = store.revision();
    let all: Vec<Event> = store
        .watch("/", 1)
        .unwrap()
        .take(last as usize - 1)
        .map(|event| event.unwrap())
        .collect()
        .await;
    assert!(all.iter().map(|event| event.revision).eq(2..=last));
    for (after, watcher) in watchers {
        let seen: Vec<Event> = watcher.await.unwrap().into_iter().map(Result::unwrap).collect();
        let wanted = all
            .iter()
            .filter(|event| event.revision > after && event.key.starts_with("/w/"))
            .take(seen.len());
        assert!(seen.iter().eq(wanted), "a watch after {after} differs");
    }
}

#[tokio::test]
async fn a_watch_resumes_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder, 100);
    let first = put(&store, "/a", 1).await;
    put(&store, "/a", 2).await;
    let mut open_watch = store.watch("/", store.revision()).unwrap();
    drop(store);
    assert!(open_watch.next().await.is_none(), "a watch ends with its store");
    drop(open_watch);

    let store = reopen(&folder).await;
    let mut watch = store.watch("/", first).unwrap();
    let event = next(&mut watch).await;
    assert_eq!((event.value, event.previous.unwrap().value), (Some("2".into()), "1".into()));
    let third = put(&store, "/a", 3).await;
    assert_eq!(next(&mut watch).await.revision, third);
}

/// The writer thread lets go of the file shortly after the last handle.
async fn reopen(folder: &tempfile::TempDir) -> Store {
    for _ in 0..1000 {
        match Store::open(&folder.path().join("objects.db")) {
            Err(Error::InUse { .. }) => {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await
            }
            other => return other.unwrap(),
        }
    }
    panic!("the file stayed locked");
}

/// More events than memory keeps, none of them read: the watch catches up from
/// the file while the window lasts, and says so when it does not.
#[tokio::test]
async fn a_slow_watch_catches_up_or_is_told_to_list_again() {
    for (history, lost) in [(10_000, false), (500, true)] {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder, history);
        let mut watch = store.watch("/", store.revision()).unwrap();
        let count = 3_000;
        let writes = (0..count).map(|number| put_owned(&store, number));
        futures::future::join_all(writes).await;
        if lost {
            let error = watch.next().await.unwrap().unwrap_err();
            assert!(matches!(error, Error::Compacted { oldest } if oldest > 2_000));
            assert!(watch.next().await.is_none());
            let refused = store.watch("/", 2).err().unwrap();
            assert!(matches!(refused, Error::Compacted { .. }));
        } else {
            for revision in 2..2 + count {
                assert_eq!(next(&mut watch).await.revision, revision);
            }
        }
    }
}

async fn put_owned(store: &Store, number: u64) {
    put(store, &format!("/k/{}", number % 50), number).await;
}

#[tokio::test]
async fn a_watch_of_the_future_is_refused() {
    let store = Store::in_memory().unwrap();
    assert!(matches!(store.watch("/", 2).err(), Some(Error::NotYet { asked: 2, newest: 1 })));
}

/// Read, add one, write back if unchanged, from many tasks: with lost updates
/// the sum would be short.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn optimistic_writers_lose_no_update() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder, 10_000);
    put(&store, "/counter", 0).await;
    let tasks: Vec<_> = (0..8).map(|_| tokio::spawn(add(store.clone(), 25))).collect();
    for task in tasks {
        task.await.unwrap();
    }
    let counter = store.get("/counter").await.unwrap().unwrap();
    assert_eq!(counter.value, Bytes::from("200"));
    assert_eq!(store.revision(), 202);
}

async fn add(store: Store, times: u64) {
    let mut done = 0;
    while done < times {
        let record = store.get("/counter").await.unwrap().unwrap();
        let value: u64 = std::str::from_utf8(&record.value).unwrap().parse().unwrap();
        let next = Bytes::from((value + 1).to_string());
        match store.put("/counter", next, Expect::At(record.modified)).await {
            Ok(_) => done += 1,
            Err(Error::Conflict { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
}
