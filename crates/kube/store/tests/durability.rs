//! What must survive: a kill, a full disk, a wrong file, a copy while running.

#![allow(clippy::unwrap_used)] // A test that cannot go on has failed.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bytes::Bytes;
use dais_store::{Error, Expect, ListOptions, Options, Store};

const CHILD: &str = "DAIS_STORE_TEST_CHILD";

/// Not a test of its own: what the next test starts and kills. Writes numbers
/// from several tasks and prints each once it is acknowledged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_that_writes_until_it_is_killed() {
    let Some(path) = std::env::var_os(CHILD) else {
        return;
    };
    let store = Store::open(Path::new(&path)).unwrap();
    let from = store.revision();
    let tasks = (0..8).map(|task| {
        let store = store.clone();
        tokio::spawn(async move {
            for number in 0.. {
                let key = format!("/{from}/{task}/{number}");
                store.put(&key, Bytes::from(key.clone()), Expect::Absent).await.unwrap();
                // Straight to the pipe: the harness keeps `println!` to itself. In one
                // write, so that the kill cannot leave half a line.
                std::io::stderr().write_all(format!("ack {key}\n").as_bytes()).unwrap();
            }
        })
    });
    futures::future::join_all(tasks).await;
}

#[tokio::test]
async fn every_acknowledged_write_survives_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("objects.db");
    let mut acknowledged = Vec::new();
    for round in 1..=3 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_that_writes_until_it_is_killed", "--nocapture"])
            .env(CHILD, &path)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        for line in lines.map_while(Result::ok) {
            if let Some(key) = line.strip_prefix("ack ") {
                acknowledged.push(key.to_owned());
            }
            if acknowledged.len() == 150 * round {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(acknowledged.len() >= 150 * round, "the child died by itself");

        let store = Store::open(&path).unwrap();
        for key in &acknowledged {
            let record = store.get(key).await.unwrap().unwrap_or_else(|| panic!("lost {key}"));
            assert_eq!(record.value, key.as_bytes());
        }
        drop(store);
        wait_until_free(&path);
    }
}

fn wait_until_free(path: &Path) {
    for _ in 0..1000 {
        match Store::open(path) {
            Err(Error::InUse { .. }) => std::thread::sleep(std::time::Duration::from_millis(5)),
            Err(error) => panic!("{error}"),
            // Opening proves that the old one is gone; this one goes at once,
            // too, but its thread may need a moment: ask for the lock itself.
            Ok(_) => break,
        }
    }
    let lock = std::fs::File::open(path.with_extension("db.lock")).unwrap();
    lock.lock().unwrap();
}

async fn fill(store: &Store) -> (Vec<String>, Error) {
    let mut kept = Vec::new();
    for number in 0..100_000 {
        let key = format!("/full/{number:05}");
        match store.put(&key, Bytes::from(vec![b'x'; 20_000]), Expect::Absent).await {
            Ok(_) => kept.push(key),
            Err(error) => return (kept, error),
        }
    }
    panic!("the disk never filled");
}

async fn check_full(store: &Store, path: &Path) {
    let (kept, error) = fill(store).await;
    assert!(matches!(&error, Error::DiskFull { path: named } if named == path), "{error:?}");
    assert!(error.to_string().contains("free space"));
    assert!(!kept.is_empty());

    let page = store.list("/full/", ListOptions::default()).await.unwrap();
    let listed: Vec<_> = page.records.into_iter().map(|record| record.key).collect();
    assert_eq!(listed, kept, "nothing half-written, nothing lost");
    assert_eq!(page.revision, store.revision());
}

#[tokio::test]
async fn a_full_file_refuses_writes_and_serves_reads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("objects.db");
    let options = Options { max_pages: Some(60), ..Default::default() };
    let store = Store::open_with(&path, options).unwrap();
    check_full(&store, &path).await;

    // In one batch with a write that cannot be kept, a small one still is.
    let big = store.put("/big", Bytes::from(vec![b'x'; 100_000]), Expect::Any);
    let small = store.put("/small", Bytes::from("s"), Expect::Any);
    let (big, small) = futures::future::join(big, small).await;
    assert!(matches!(big, Err(Error::DiskFull { .. })));
    small.unwrap();
}

/// A real full disk; needs the right to mount, so it is skipped without.
#[tokio::test]
async fn a_full_disk_refuses_writes_and_serves_reads() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = Tmpfs::mount(folder.path(), "2m") else {
        eprintln!("skipped: cannot mount a tmpfs");
        return;
    };
    let path = disk.0.join("objects.db");
    let filler = disk.0.join("filler");
    std::fs::write(&filler, vec![0; 700_000]).unwrap();
    let store = Store::open(&path).unwrap();
    check_full(&store, &path).await;

    std::fs::remove_file(&filler).unwrap();
    store.put("/after", Bytes::from("room again"), Expect::Absent).await.unwrap();
    drop(store);
    wait_until_free(&path);
}

struct Tmpfs(PathBuf);

impl Tmpfs {
    fn mount(at: &Path, size: &str) -> Option<Self> {
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(at)
            .stderr(Stdio::null())
            .status();
        mounted.is_ok_and(|status| status.success()).then(|| Self(at.to_owned()))
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[tokio::test]
async fn a_backup_is_whole_while_writes_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("objects.db")).unwrap();
    let copy = folder.path().join("copy.db");
    for number in 0..50 {
        store.put(&format!("/before/{number}"), Bytes::from("b"), Expect::Any).await.unwrap();
    }
    let at_least = store.revision();
    let writes = async {
        for number in 0..50 {
            store.put(&format!("/during/{number}"), Bytes::from("d"), Expect::Any).await.unwrap();
        }
    };
    let (backup, ()) = futures::future::join(store.backup(&copy), writes).await;
    backup.unwrap();

    let restored = Store::open(&copy).unwrap();
    let at = restored.revision();
    assert!(at >= at_least);
    let options = || ListOptions { at: Some(at), ..Default::default() };
    let original = store.list("/", options()).await.unwrap();
    let copied = restored.list("/", options()).await.unwrap();
    assert_eq!(original.records, copied.records);
    assert!(restored.watch("/", 1).is_ok(), "history travels with the copy");
    let again = store.backup(&copy).await;
    assert!(again.is_ok(), "an old copy is replaced: {again:?}");
}

#[tokio::test]
async fn a_newer_file_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("objects.db");
    drop(Store::open(&path).unwrap());
    wait_until_free(&path);
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.pragma_update(None, "user_version", 7).unwrap();
    drop(raw);
    let before = std::fs::read(&path).unwrap();

    let error = Store::open(&path).err().unwrap();
    assert!(matches!(error, Error::NewerVersion { found: 7, supported: 2, .. }));
    assert!(error.to_string().contains('7') && error.to_string().contains('2'));
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn other_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text.db");
    std::fs::write(&text, "not a database, but long enough to look like one\n".repeat(100))
        .unwrap();
    assert!(matches!(Store::open(&text).err(), Some(Error::NotAStore { .. })));

    let foreign = folder.path().join("foreign.db");
    let raw = rusqlite::Connection::open(&foreign).unwrap();
    raw.execute_batch("CREATE TABLE theirs (x)").unwrap();
    drop(raw);
    assert!(matches!(Store::open(&foreign).err(), Some(Error::NotAStore { .. })));
}

#[tokio::test]
async fn a_second_opening_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("objects.db");
    let _open = Store::open(&path).unwrap();
    assert!(matches!(Store::open(&path).err(), Some(Error::InUse { .. })));
}
