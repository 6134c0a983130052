//! An upload that a restart interrupts goes on.

use std::fs;
use std::io::Write;
use std::time::{Duration, SystemTime};

use dais_data::Limits;
use serde_json::{Value, json};

use crate::server::{SQLITE, Server};

async fn again(server: &Server, limits: Limits) -> Server {
    Server::start_in(SQLITE, limits, server.directory.clone()).await
}

fn paths(shown: &Value) -> Vec<&str> {
    let files = shown["files"].as_array().expect("files").iter();
    files.map(|file| file["path"].as_str().expect("a path")).collect()
}

#[tokio::test]
async fn what_was_put_is_there_after_a_restart() {
    let limits = || Limits { project_bytes: Some(20), ..Limits::default() };
    let first = Server::start(SQLITE, limits()).await;
    first.version("other", &[("known", "known")]).await;
    let upload = first.begin().await;
    let file = |path: &str| format!("uploads/{upload}/files/{path}");
    first.call("PUT", &file("a b/1"), "one").await;
    first.call("PUT", &file("2"), "two").await;
    first.call("PUT", &file("2"), "zwei").await;
    first.call("PUT", &file("known"), "known").await;
    let (_, before) = first.call("GET", &format!("uploads/{upload}"), "").await;
    // A file that was being sent, and a line that was being written.
    let folder = first.directory.path().join("data/team/uploads").join(&upload);
    fs::write(folder.join("f".repeat(32)), "hal").expect("writes");
    let mut journal = fs::OpenOptions::new().append(true).open(folder.join("journal")).expect("is");
    journal.write_all(b"{\"path\":\"x\",\"dig").expect("writes");

    let second = again(&first, limits()).await;
    let (status, after) = second.call("GET", &format!("uploads/{upload}"), "").await;
    assert_eq!((status, &after), (200, &before));
    assert_eq!(paths(&after), ["2", "a b/1", "known"]);
    // What it holds counts: 5 that are stored, and 7.
    assert_eq!(second.call("GET", "usage", "").await.1["used"], 12);
    let (status, _) = second.call("PUT", &file("3"), "123456789").await;
    assert_eq!(status, 413);
    assert_eq!(second.call("PUT", &file("3"), "drei").await.0, 200);
    let commit = format!("uploads/{upload}/commit");
    let (status, made) = second.call("POST", &commit, r#"{"dataset":"d"}"#).await;
    assert_eq!((status, &made["files"]), (201, &json!(4)), "{made}");
    assert_eq!(second.call("GET", "usage", "").await.1["used"], 16);
    let third = again(&second, limits()).await;
    assert_eq!(third.call("GET", &format!("uploads/{upload}"), "").await.0, 404);
    for (path, content) in [("a%20b/1", "one"), ("2", "zwei"), ("known", "known"), ("3", "drei")] {
        let address = format!("datasets/d/versions/v1/files/{path}");
        assert_eq!(third.call("GET", &address, "").await.1, content, "{path}");
    }
}

#[tokio::test]
async fn a_file_that_did_not_survive_is_not_taken_for_whole() {
    let first = Server::start(SQLITE, Limits::default()).await;
    let upload = first.begin().await;
    for path in ["kept", "cut", "gone"] {
        first
            .call("PUT", &format!("uploads/{upload}/files/{path}"), format!("all of {path}"))
            .await;
    }
    let folder = first.directory.path().join("data/team/uploads").join(&upload);
    for entry in fs::read_dir(&folder).expect("lists") {
        let at = entry.expect("entry").path();
        match fs::read_to_string(&at).expect("reads").as_str() {
            "all of cut" => fs::write(at, "all").expect("cuts"),
            "all of gone" => fs::remove_file(at).expect("removes"),
            _ => {}
        }
    }
    let second = again(&first, Limits::default()).await;
    let (_, shown) = second.call("GET", &format!("uploads/{upload}"), "").await;
    assert_eq!(paths(&shown), ["kept"]);
}

#[tokio::test]
async fn a_commit_that_broke_off_is_done_again() {
    let first = Server::start(SQLITE, Limits::default()).await;
    let upload = first.begin().await;
    first.call("PUT", &format!("uploads/{upload}/files/a"), "moved already").await;
    // What the first half of a commit does: the file becomes content of the project.
    let digest = first.call("GET", &format!("uploads/{upload}"), "").await.1["files"][0]["digest"]
        .as_str()
        .expect("a digest")
        .trim_start_matches("sha256:")
        .to_owned();
    let project = first.directory.path().join("data/team");
    let shelf = project.join("blobs").join(&digest[..2]);
    fs::create_dir_all(&shelf).expect("makes");
    let folder = project.join("uploads").join(&upload);
    let staged = fs::read_dir(&folder).expect("lists").map(|entry| entry.expect("entry").path());
    let staged = staged.filter(|at| !at.ends_with("journal")).collect::<Vec<_>>();
    fs::rename(&staged[0], shelf.join(&digest)).expect("moves");
    let second = again(&first, Limits::default()).await;
    let commit = format!("uploads/{upload}/commit");
    let (status, made) = second.call("POST", &commit, r#"{"dataset":"d"}"#).await;
    assert_eq!(status, 201, "{made}");
    let (_, content) = second.call("GET", "datasets/d/versions/v1/files/a", "").await;
    assert_eq!(content, "moved already");
    assert_eq!(second.call("GET", "usage", "").await.1["used"], 13);
}

#[tokio::test]
async fn what_nobody_finished_is_not_taken_up() {
    let first = Server::start(SQLITE, Limits::default()).await;
    let upload = first.begin().await;
    let folder = first.directory.path().join("data/team/uploads").join(&upload);
    let journal = fs::File::open(folder.join("journal")).expect("is there");
    let long_ago = SystemTime::now() - Duration::from_secs(3600);
    journal.set_modified(long_ago).expect("sets");
    let limits = Limits { abandoned_after: Duration::from_secs(1800), ..Limits::default() };
    let second = again(&first, limits).await;
    assert_eq!(second.call("GET", &format!("uploads/{upload}"), "").await.0, 404);
    assert!(!folder.exists());
}
