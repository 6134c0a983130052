//! Damaged content is mended by sending it again.

use std::fs;

use dais_data::Limits;
use serde_json::json;

use crate::server::{SQLITE, Server};

const CONTENT: &str = "precious content";
const FILE: &str = "datasets/d/versions/v1/files/a";

async fn damaged() -> Server {
    let server = Server::start(SQLITE, Limits::default()).await;
    server.version("d", &[("a", CONTENT), ("sub/b", CONTENT), ("c", "whole")]).await;
    server
}

#[tokio::test]
async fn an_upload_of_the_same_content_mends_it() {
    let server = damaged().await;
    let tree = server.data.materialize_dataset("team", ("d", "v1"), "pod").await.expect("makes");
    server.damage(CONTENT.as_bytes());
    assert_eq!(server.call("GET", FILE, "").await.0, 500);
    let in_tree = |path: &str| fs::read_to_string(tree.join(path)).expect("reads");
    assert_ne!(in_tree("sub/b"), CONTENT, "they are one file");

    let (status, made) =
        server.version("d", &[("a", CONTENT), ("sub/b", CONTENT), ("c", "whole")]).await;
    assert_eq!((status, &made["version"]), (200, &json!("v1")), "{made}");
    let (status, content) = server.call("GET", FILE, "").await;
    assert_eq!((status, content), (200, json!(CONTENT)));
    assert_eq!((in_tree("a"), in_tree("sub/b")), (CONTENT.to_owned(), CONTENT.to_owned()));
    assert_eq!(server.call("GET", "usage", "").await.1["used"], CONTENT.len() + 5);
}

#[tokio::test]
async fn content_that_is_missing_is_brought_back() {
    let server = damaged().await;
    let digest = server.call("GET", "datasets/d/versions/v1", "").await.1["files"][0]["digest"]
        .as_str()
        .expect("a digest")
        .to_owned();
    let hex = digest.trim_start_matches("sha256:");
    let blobs = server.directory.path().join("data/team/blobs");
    fs::remove_file(blobs.join(&hex[..2]).join(hex)).expect("removes");
    let upload = server.begin().await;
    let reuse = json!({"files": [{"path": "a", "digest": digest, "size": CONTENT.len()}]});
    let address = format!("uploads/{upload}/reuse");
    let (_, answer) = server.call("POST", &address, reuse.to_string()).await;
    assert_eq!(answer, json!({"missing": ["a"]}), "it is to be sent again");
    assert_eq!(server.version("e", &[("a", CONTENT)]).await.0, 201);
    assert_eq!(server.call("GET", FILE, "").await.1, CONTENT);
}

#[tokio::test]
async fn what_is_known_to_be_damaged_is_not_reused() {
    let server = damaged().await;
    server.damage(CONTENT.as_bytes());
    assert_eq!(server.call("GET", FILE, "").await.0, 500);
    let files = &server.call("GET", "datasets/d/versions/v1", "").await.1["files"];
    let upload = server.begin().await;
    let address = format!("uploads/{upload}/reuse");
    let (_, answer) = server.call("POST", &address, json!({"files": files}).to_string()).await;
    assert_eq!(answer, json!({"missing": ["a", "sub/b"]}));
}
