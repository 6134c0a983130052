use std::fs;
use std::time::Duration;

use dais_data::Limits;
use serde_json::json;

use crate::server::{SQLITE, Server};

/// Files of an upload, beside its journal.
fn staged(server: &Server, upload: &str) -> usize {
    fs::read_dir(server.directory.path().join("data/team/uploads").join(upload))
        .map_or(0, |files| files.count() - 1)
}

#[tokio::test]
async fn a_wrong_checksum_and_a_broken_upload_store_nothing() {
    let server = Server::start(SQLITE, Limits::default()).await;
    let upload = server.begin().await;
    let put = |sum: String| {
        let request = server.request("PUT", &format!("team/uploads/{upload}/files/f"));
        request.header("x-checksum-sha256", sum).body("hello").send()
    };
    let right = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    assert_eq!(put("0".repeat(64)).await.expect("answers").status(), 400);
    assert_eq!(put("nonsense".into()).await.expect("answers").status(), 400);
    assert_eq!(staged(&server, &upload), 0);
    let broken = futures::stream::iter([Ok("half"), Err(std::io::Error::other("gone"))]);
    let request = server.request("PUT", &format!("team/uploads/{upload}/files/g"));
    assert!(request.body(reqwest::Body::wrap_stream(broken)).send().await.is_err());
    assert_eq!(put(right.into()).await.expect("answers").status(), 200);
    let (_, shown) = server.call("GET", &format!("uploads/{upload}"), "").await;
    assert_eq!(
        shown,
        json!({ "files": [{ "path": "f", "digest": format!("sha256:{right}"), "size": 5 }], "partial": [] })
    );
}

#[tokio::test]
async fn an_upload_can_be_mended_after_a_refused_commit() {
    let server = Server::start(SQLITE, Limits::default()).await;
    let upload = server.begin().await;
    let commit = format!("uploads/{upload}/commit");
    let (status, answer) = server.call("POST", &commit, r#"{"dataset":"d"}"#).await;
    assert_eq!(status, 400, "{answer}");
    server.call("PUT", &format!("uploads/{upload}/files/a"), "1").await;
    for (body, words) in
        [("{}", "dataset"), ("", "body"), (r#"{"dataset":"Not A Name"}"#, "lower-case")]
    {
        let (status, answer) = server.call("POST", &commit, body).await;
        assert_eq!(status, 400, "{answer}");
        assert!(answer.to_string().contains(words), "{answer}");
    }
    server.call("PUT", &format!("uploads/{upload}/files/a/b"), "2").await;
    let (status, answer) = server.call("POST", &commit, r#"{"dataset":"d"}"#).await;
    assert!(status == 400 && answer.to_string().contains("'a' is a file"), "{answer}");
    let (status, _) = server.call("DELETE", &format!("uploads/{upload}"), "").await;
    assert_eq!(status, 204);
    assert_eq!(server.call("POST", &commit, r#"{"dataset":"d"}"#).await.0, 404);
    for path in ["..%2f..%2fx", "a%00b", "%2e%2e/x", "a//b"] {
        let upload = server.begin().await;
        let (status, answer) =
            server.call("PUT", &format!("uploads/{upload}/files/{path}"), "x").await;
        assert!(status == 400 || status == 404, "{path}: {answer}");
    }
}

#[tokio::test]
async fn a_quota_stops_an_upload_and_forgets_what_was_given_up() {
    let server =
        Server::start(SQLITE, Limits { project_bytes: Some(10), ..Limits::default() }).await;
    server.version("d", &[("a", "12345")]).await;
    let upload = server.begin().await;
    let (status, answer) = server.call("PUT", &format!("uploads/{upload}/files/b"), "123456").await;
    assert_eq!((status, &answer["code"]), (413, &json!("quota_exceeded")), "{answer}");
    let words = answer["message"].as_str().expect("words");
    assert!(words.contains("may hold 10 bytes") && words.contains("has 5,"), "{words}");
    assert!(words.contains("takes 6 more"), "{words}");
    let (_, usage) = server.call("GET", "usage", "").await;
    assert_eq!(usage, json!({"used": 5, "limit": 10}));
    assert_eq!(staged(&server, &upload), 0);
    // What the project has already costs nothing more, and what is replaced or given up is free again.
    for content in ["12345", "abcde", "fghij"] {
        let (status, answer) =
            server.call("PUT", &format!("uploads/{upload}/files/b"), content).await;
        assert!(status == 200 || content == "fghij", "{content}: {answer}");
    }
    server.call("DELETE", &format!("uploads/{upload}"), "").await;
    let (status, _) = server.version("d", &[("c", "vwxyz")]).await;
    assert_eq!(status, 201);
    let reopened = Server::start_in(
        SQLITE,
        Limits { project_bytes: Some(10), ..Limits::default() },
        server.directory.clone(),
    )
    .await;
    let upload = reopened.begin().await;
    let (status, _) = reopened.call("PUT", &format!("uploads/{upload}/files/x"), "!").await;
    assert_eq!(status, 413);
}

#[tokio::test]
async fn the_same_content_counts_once() {
    let server =
        Server::start(SQLITE, Limits { project_bytes: Some(12), ..Limits::default() }).await;
    let (status, _) = server.version("d", &[("a", "12345"), ("b", "12345")]).await;
    assert_eq!(status, 201);
    assert_eq!(server.call("GET", "usage", "").await.1["used"], 5);
    let (status, answer) = server.version("e", &[("c", "12345"), ("d", "1234567")]).await;
    assert_eq!(status, 201, "{answer}");
    assert_eq!(server.call("GET", "usage", "").await.1["used"], 12);
    server.data.forget("team", "e").await.expect("forgets");
    assert_eq!(server.call("GET", "usage", "").await.1["used"], 5);
}

#[tokio::test]
async fn an_abandoned_upload_is_removed() {
    let server = Server::start(
        SQLITE,
        Limits { abandoned_after: Duration::from_millis(50), ..Limits::default() },
    )
    .await;
    let upload = server.begin().await;
    let staged = server.directory.path().join("data/team/uploads").join(&upload);
    assert!(staged.exists());
    for _ in 0..500 {
        // It is gone for clients first, then from the disk.
        if server.call("GET", &format!("uploads/{upload}"), "").await.0 == 404 && !staged.exists() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the upload is still there");
}

#[tokio::test]
async fn readers_cannot_write() {
    let server = Server::start(SQLITE, Limits::default()).await;
    for (method, path) in [
        ("POST", "uploads"),
        ("PUT", "uploads/u/files/f"),
        ("POST", "uploads/u/reuse"),
        ("POST", "uploads/u/commit"),
        ("DELETE", "uploads/u"),
        ("PUT", "code"),
    ] {
        let request = server.request(method, &format!("team/{path}")).header("x-read-only", "1");
        assert_eq!(request.send().await.expect("answers").status(), 403, "{method} {path}");
    }
}
