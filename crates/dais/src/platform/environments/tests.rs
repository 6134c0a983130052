use std::io::Write;
use std::process::Command;

use super::*;

const HOLDER: &str = "5c1e";

fn holder() -> Holder {
    Holder { project: "a".to_owned(), name: "work".to_owned(), uid: HOLDER.to_owned() }
}

fn store() -> (tempfile::TempDir, EnvironmentStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = EnvironmentStore::new(folder.path().to_owned());
    (folder, store)
}

fn finished(store: &EnvironmentStore, pod: &str) -> PathBuf {
    let build = store.begin("a", "d1", pod).unwrap();
    let said = r#"{"python_version":"3.11.2","packages":[],"size_bytes":7}"#;
    fs::write(build.join(MANIFEST), said).unwrap();
    fs::write(build.join("module.py"), "built").unwrap();
    build
}

#[test]
fn a_manifest_that_is_no_file_is_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join(MANIFEST);
    std::os::unix::fs::symlink("/dev/zero", &at).unwrap();
    assert!(bounded(&at).is_err());
    fs::remove_file(&at).unwrap();
    fs::write(&at, vec![b' '; LARGEST_MANIFEST as usize + 1]).unwrap();
    assert!(bounded(&at).unwrap_err().to_string().contains("at most"));
    fs::write(&at, "{}").unwrap();
    assert_eq!(bounded(&at).unwrap(), "{}");
}

#[tokio::test]
async fn a_build_counts_once_it_is_sealed_and_in_its_own_project_only() {
    let (_folder, store) = store();
    finished(&store, "p1");
    assert!(store.built("a", "d1").await.unwrap().is_none());
    let sealed = store.seal("a", "d1", "p1").await.unwrap();
    assert!(sealed.sha256.len() == 64 && sealed.size_bytes > 7, "as it is, not as it says");
    assert_eq!(store.built("a", "d1").await.unwrap().unwrap(), sealed);
    assert!(store.built("b", "d1").await.unwrap().is_none());
    let all = store.all().await.unwrap();
    assert_eq!(all.into_iter().collect::<Vec<_>>(), [("a".to_owned(), "d1".to_owned())]);
    assert_eq!(store.remove("a", "d1").await.unwrap(), Removal::Done);
    assert!(store.built("a", "d1").await.unwrap().is_none());
    assert!(store.built("..", "d1").await.is_err() && store.begin("a", "d1", "../x").is_err());
}

#[tokio::test]
async fn what_was_opened_before_sealing_writes_into_nothing() {
    let (folder, store) = store();
    let build = finished(&store, "p1");
    let open = |path: PathBuf| fs::File::options().append(true).open(path).unwrap();
    let mut opened = open(build.join("module.py"));
    let outside = folder.path().join("linked.py");
    fs::hard_link(build.join("module.py"), &outside).unwrap();
    store.seal("a", "d1", "p1").await.unwrap();
    let content = store.hold(("a", "d1"), &holder()).unwrap().unwrap();
    opened.write_all(b" and changed").unwrap();
    open(outside).write_all(b" and changed").unwrap();
    assert_eq!(fs::read_to_string(content.join("module.py")).unwrap(), "built");
    assert!(!build.exists(), "the builder's folder is gone");
}

#[tokio::test]
async fn pods_build_apart_and_the_first_to_end_counts() {
    let (_folder, store) = store();
    let (one, other) = (finished(&store, "p1"), finished(&store, "p2"));
    fs::write(other.join("module.py"), "other").unwrap();
    assert_eq!(fs::read_to_string(one.join("module.py")).unwrap(), "built");
    let first = store.seal("a", "d1", "p2").await.unwrap();
    assert_eq!(store.seal("a", "d1", "p1").await.unwrap(), first);
    let content = store.hold(("a", "d1"), &holder()).unwrap().unwrap();
    assert_eq!(fs::read_to_string(content.join("module.py")).unwrap(), "other");
}

#[tokio::test]
async fn a_build_that_is_refused_seals_nothing() {
    let (_folder, store) = store();
    let build = finished(&store, "p1");
    let socket = std::os::unix::net::UnixListener::bind(build.join("z.sock")).unwrap();
    let refused = store.seal("a", "d1", "p1").await.unwrap_err();
    assert!(matches!(refused, SealError::Refused(words) if words.contains("z.sock")));
    assert!(store.built("a", "d1").await.unwrap().is_none());
    assert_eq!(names(&store.folder("a", "d1").unwrap()).unwrap(), [BUILDS]);
    drop(socket);
    let missing = store.seal("a", "d1", "p2").await.unwrap_err();
    assert!(matches!(missing, SealError::Gone));
}

#[tokio::test]
async fn a_held_build_stays() {
    let (_folder, store) = store();
    assert_eq!(store.hold(("a", "d1"), &holder()).unwrap(), None);
    finished(&store, "p1");
    store.seal("a", "d1", "p1").await.unwrap();
    store.hold(("a", "d1"), &holder()).unwrap().unwrap();
    let held = Removal::Held { project: "a".to_owned(), pod: "work".to_owned() };
    assert_eq!(store.remove("a", "d1").await.unwrap(), held);
    assert!(store.built("a", "d1").await.unwrap().is_some());
    assert_eq!(store.pods().await.unwrap(), [HOLDER.to_owned()].into());
    store.release(HOLDER).await.unwrap();
    assert_eq!(store.remove("a", "d1").await.unwrap(), Removal::Done);
    assert_eq!(names(&store.root.join("a")).unwrap(), Vec::<String>::new());
}

/// Where the child of the next test seals.
const ROOT: &str = "DAIS_TEST_SEALS_BELOW";
const FILES: usize = 400;

/// This program once more, which is killed while it copies.
#[tokio::test]
async fn a_seal_that_is_killed_half_way_looks_like_none() {
    if let Some(root) = std::env::var_os(ROOT) {
        let _ = EnvironmentStore::new(root.into()).seal("a", "d1", "p1").await;
        return;
    }
    let mut halves = 0;
    for kill_at in [0, 1, FILES / 4, FILES / 2] {
        let (folder, store) = store();
        let build = finished(&store, "p1");
        for file in 0..FILES {
            fs::write(build.join(format!("f{file:04}")), vec![b'x'; 64 << 10]).unwrap();
        }
        let name = std::thread::current().name().unwrap().to_owned();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &name, "--nocapture"])
            .env(ROOT, folder.path())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let half = store.folder("a", "d1").unwrap().join(format!("{COPY}p1"));
        while child.try_wait().unwrap().is_none() {
            let copied = names(&half.join(CONTENT)).unwrap_or_default().len();
            if half.exists() && copied >= kill_at {
                child.kill().unwrap();
                child.wait().unwrap();
            }
        }
        // It may have been the faster one: then the build is whole.
        if store.built("a", "d1").await.unwrap().is_none() {
            halves += 1;
            assert!(store.hold(("a", "d1"), &holder()).unwrap().is_none());
            assert_eq!(store.pods().await.unwrap(), ["p1".to_owned()].into());
            store.seal("a", "d1", "p1").await.unwrap();
        }
        let content = store.hold(("a", "d1"), &holder()).unwrap().unwrap();
        assert_eq!(names(&content).unwrap().len(), FILES + 2);
        assert!(!half.exists());
    }
    assert!(halves > 0, "none was killed in time");
}

#[tokio::test]
async fn a_removal_that_ends_half_way_leaves_no_build() {
    let (_folder, store) = store();
    finished(&store, "p1");
    store.seal("a", "d1", "p1").await.unwrap();
    let folder = store.folder("a", "d1").unwrap();
    // As far as a removal may have come, and half of a copy of a pod that went.
    fs::rename(folder.join(BUILT), folder.join(GONE)).unwrap();
    fs::create_dir_all(folder.join(format!("{COPY}p9")).join(CONTENT)).unwrap();
    finished(&store, "p9");
    assert!(store.built("a", "d1").await.unwrap().is_none());
    store.forget("p9").await.unwrap();
    assert!(store.pods().await.unwrap().is_empty());
    assert_eq!(store.remove("a", "d1").await.unwrap(), Removal::Done);
    assert!(!folder.exists());
}
