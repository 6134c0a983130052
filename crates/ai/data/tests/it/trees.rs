use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use dais_data::{Error, Limits};

use crate::server::{SQLITE, Server};

async fn server() -> Server {
    Server::start(SQLITE, Limits::default()).await
}

#[tokio::test]
async fn a_version_becomes_a_read_only_directory_once() {
    let server = server().await;
    server.version("d", &[("a/b/c.txt", "hello"), ("top", "x"), ("same", "x")]).await;
    let tree = server
        .data
        .materialize_dataset("team", ("d", "latest"), "pod")
        .await
        .expect("materializes");
    assert_eq!(fs::read_to_string(tree.join("a/b/c.txt")).expect("reads"), "hello");
    assert_eq!(fs::read_to_string(tree.join("same")).expect("reads"), "x");
    for (path, mode) in [("", 0o555), ("a", 0o555), ("a/b", 0o555), ("top", 0o444)] {
        let found = fs::metadata(tree.join(path)).expect("is there");
        assert_eq!(found.permissions().mode() & 0o777, mode, "{path}");
    }
    assert!(fs::metadata(tree.join("top")).expect("is there").nlink() > 1, "linked, not copied");
    for above in tree.ancestors().skip(1).take(3) {
        let mode = fs::metadata(above).expect("is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o711, "{}", above.display());
    }
    let again =
        server.data.materialize_dataset("team", ("d", "v1"), "pod").await.expect("materializes");
    assert_eq!(again, tree);
    let absent = server.data.materialize_dataset("team", ("d", "v2"), "pod").await;
    assert!(matches!(absent, Err(Error::NotFound { .. })));
    let foreign = server.data.materialize_dataset("other", ("d", "v1"), "pod").await;
    assert!(matches!(foreign, Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn many_at_once_get_the_same_directory() {
    let server = server().await;
    server.version("d", &[("a", "1"), ("b/c", "2")]).await;
    let all = futures::future::join_all(
        (0..8).map(|_| server.data.materialize_dataset("team", ("d", "v1"), "pod")),
    )
    .await;
    let trees: std::collections::HashSet<_> =
        all.into_iter().map(|tree| tree.expect("materializes")).collect();
    assert_eq!(trees.len(), 1);
    let parent = trees.iter().next().expect("one").parent().expect("has one").to_owned();
    assert_eq!(fs::read_dir(parent).expect("lists").count(), 1, "nothing half-made is left");
}

#[tokio::test]
async fn damaged_content_is_not_handed_out() {
    let server = server().await;
    server.version("d", &[("a", "precious")]).await;
    let blobs = server.directory.path().join("data/team/blobs");
    let find = |content: &str| {
        let files = fs::read_dir(&blobs)
            .expect("lists")
            .flat_map(|d| fs::read_dir(d.expect("entry").path()).expect("lists"));
        let mut paths = files.map(|file| file.expect("entry").path());
        paths
            .find(|path| fs::read_to_string(path).is_ok_and(|text| text == content))
            .expect("the blob")
    };
    let blob = find("precious");
    fs::set_permissions(&blob, fs::Permissions::from_mode(0o644)).expect("opens up");
    fs::write(&blob, "Precious").expect("damages");
    let error =
        server.data.materialize_dataset("team", ("d", "v1"), "pod").await.expect_err("refuses");
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
    let trees = server.directory.path().join("data/team/trees");
    assert_eq!(fs::read_dir(trees).expect("lists").count(), 0);
}

#[tokio::test]
async fn a_restart_keeps_versions_and_clears_what_was_half_made() {
    let first = server().await;
    first.version("d", &[("a", "1")]).await;
    let uploads = first.directory.path().join("data/team/uploads");
    fs::create_dir_all(uploads.join("of-a-bundle")).expect("makes");
    let half = first.directory.path().join("data/team/trees/.building-x");
    fs::create_dir_all(&half).expect("makes");
    let second = Server::start_in(SQLITE, Limits::default(), first.directory.clone()).await;
    assert_eq!(fs::read_dir(&uploads).expect("lists").count(), 0);
    assert!(!half.exists());
    assert_eq!(second.data.versions("team", "d").await.expect("lists").len(), 1);
}

#[tokio::test]
async fn forgetting_a_dataset_frees_what_only_it_named() {
    let limits = Limits { project_bytes: Some(16), ..Limits::default() };
    let server = Server::start(SQLITE, limits).await;
    server.version("gone", &[("a", "shared"), ("b", "only")]).await;
    server.version("stays", &[("a", "shared")]).await;
    let upload = server.begin().await;
    server.call("PUT", &format!("uploads/{upload}/files/f"), "only").await;
    let doomed =
        server.data.materialize_dataset("team", ("gone", "v1"), "pod").await.expect("materializes");
    let kept = server
        .data
        .materialize_dataset("team", ("stays", "v1"), "pod")
        .await
        .expect("materializes");
    server.data.forget("team", "gone").await.expect("forgets");
    server.data.forget("team", "gone").await.expect("forgets again");
    // What work has mounted stays until that has ended.
    assert!(doomed.exists() && kept.exists());
    server.data.release("somebody else").await.expect("releases nothing");
    assert!(doomed.exists());
    server.data.release("pod").await.expect("releases");
    assert!(!doomed.exists() && kept.exists());
    assert!(server.data.versions("team", "gone").await.expect("lists").is_empty());
    // What an open upload names is still there; once that is given up, it goes too.
    let (status, answer) =
        server.call("POST", &format!("uploads/{upload}/commit"), r#"{"dataset":"new"}"#).await;
    assert_eq!(status, 201, "{answer}");
    server.data.forget("team", "new").await.expect("forgets");
    let blobs = fs::read_dir(server.directory.path().join("data/team/blobs")).expect("lists");
    let files =
        blobs.flat_map(|shelf| fs::read_dir(shelf.expect("entry").path()).expect("lists")).count();
    assert_eq!(files, 2, "one file and one manifest");
    let (status, answer) = server.version("next", &[("c", "ten bytes!")]).await;
    assert_eq!(status, 201, "the quota is free again: {answer}");
    assert!(server.data.materialize_dataset("team", ("stays", "v1"), "pod").await.is_ok());
}

#[tokio::test]
async fn what_nobody_has_mounted_goes_with_its_dataset_and_holds_outlive_the_process() {
    let first = server().await;
    for dataset in ["a", "b", "c"] {
        first.version(dataset, &[("file", dataset)]).await;
    }
    let tree = async |server: &Server, dataset: &str, holder: &str| {
        let made = server.data.materialize_dataset("team", (dataset, "v1"), holder).await;
        made.expect("materializes")
    };
    let (a, b, c) = (
        tree(&first, "a", "gone").await,
        tree(&first, "b", "stays").await,
        tree(&first, "c", "done").await,
    );
    tree(&first, "a", "stays").await;
    first.data.release("done").await.expect("releases");
    assert!(c.exists(), "its version is there");
    let second = Server::start_in(SQLITE, Limits::default(), first.directory.clone()).await;
    for dataset in ["a", "b", "c"] {
        second.data.forget("team", dataset).await.expect("forgets");
    }
    assert!(a.exists() && b.exists() && !c.exists());
    second.data.keep_holds(&["stays".to_owned()].into()).await.expect("releases");
    assert!(a.exists() && b.exists(), "another holds it");
    second.data.keep_holds(&Default::default()).await.expect("releases");
    assert!(!a.exists() && !b.exists());
}
