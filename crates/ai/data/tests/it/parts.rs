//! A file that comes in parts, and what is kept of it when a connection breaks.

use std::fs;
use std::io;
use std::time::Duration;

use dais_data::Limits;
use futures::{Stream, StreamExt, stream};
use serde_json::{Value, json};

use crate::server::{SQLITE, Server};

type Piece = io::Result<&'static str>;

async fn put(
    server: &Server,
    (upload, path): (&str, &str),
    range: &str,
    body: impl Into<reqwest::Body>,
) -> reqwest::Result<(u16, Value)> {
    let address = format!("team/uploads/{upload}/files/{path}");
    let request = server.request("PUT", &address).header("content-range", range);
    let answer = request.body(body).send().await?;
    Ok((answer.status().as_u16(), answer.json().await?))
}

fn streamed(pieces: impl Stream<Item = Piece> + Send + 'static) -> reqwest::Body {
    reqwest::Body::wrap_stream(pieces)
}

async fn partial(server: &Server, upload: &str) -> Value {
    let (status, shown) = server.call("GET", &format!("uploads/{upload}"), "").await;
    assert_eq!(status, 200, "{shown}");
    shown["partial"].clone()
}

/// Waits until so much of the only file that is being sent is there.
async fn until_received(server: &Server, upload: &str, bytes: u64) {
    for _ in 0..2000 {
        if partial(server, upload).await[0]["received"] == bytes {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{} has not {bytes} bytes", partial(server, upload).await);
}

async fn committed(server: &Server, upload: &str) -> (u16, Value) {
    server.call("POST", &format!("uploads/{upload}/commit"), r#"{"dataset":"d"}"#).await
}

#[tokio::test]
async fn parts_make_a_file() {
    let server = Server::start(SQLITE, Limits::default()).await;
    let upload = server.begin().await;
    let file = (upload.as_str(), "a%20b/large");
    let (status, answer) = put(&server, file, "bytes 0-3/10", "0123").await.expect("answers");
    assert_eq!((status, &answer), (202, &json!({"path": "a b/large", "received": 4, "size": 10})));
    assert_eq!(partial(&server, &upload).await, json!([answer]));
    assert_eq!(server.call("GET", "usage", "").await.1["used"], 4);
    let (status, refused) = committed(&server, &upload).await;
    assert_eq!((status, &refused["code"]), (409, &json!("incomplete")), "{refused}");
    // Elsewhere than where it ends: said, and nothing changed.
    for range in ["bytes 3-9/10", "bytes 5-9/10"] {
        let (status, refused) = put(&server, file, range, "0").await.expect("answers");
        assert_eq!((status, &refused["code"]), (409, &json!("out_of_place")), "{refused}");
    }
    let (status, whole) = put(&server, file, "bytes 4-9/10", "456789").await.expect("answers");
    assert_eq!((status, &whole["size"]), (200, &json!(10)), "{whole}");
    assert_eq!(partial(&server, &upload).await, json!([]));
    let (status, made) = committed(&server, &upload).await;
    assert_eq!((status, &made["bytes"]), (201, &json!(10)), "{made}");
    let (_, content) = server.call("GET", "datasets/d/versions/v1/files/a%20b/large", "").await;
    assert_eq!(content, "0123456789");
    assert_eq!(server.call("GET", "usage", "").await.1["used"], 10);
}

#[tokio::test]
async fn what_arrived_before_a_connection_broke_is_kept() {
    let server = Server::start(SQLITE, Limits::default()).await;
    let upload = server.begin().await;
    let file = (upload.as_str(), "f");
    let (breaks, broken) = tokio::sync::oneshot::channel::<()>();
    let gone = stream::once(async move { Err(io::Error::other(broken.await.unwrap_err())) });
    let broken = streamed(stream::iter([Ok("half")]).chain(gone));
    let arrived = async {
        until_received(&server, &upload, 4).await;
        drop(breaks);
    };
    let (broken, ()) = tokio::join!(put(&server, file, "bytes 0-8/9", broken), arrived);
    assert!(broken.is_err());
    // One that still hangs, as the other side of a broken line does, ends for the next.
    let hangs = streamed(stream::iter([Ok(" and")]).chain(stream::pending()));
    let hanging = put(&server, file, "bytes 4-8/9", hangs);
    let next = async {
        until_received(&server, &upload, 8).await;
        put(&server, file, "bytes 8-8/9", "!").await.expect("answers")
    };
    let (hanging, (status, whole)) = tokio::join!(hanging, next);
    assert_eq!(status, 200, "{whole}");
    if let Ok((status, answer)) = hanging {
        assert_eq!((status, &answer["code"]), (400, &json!("broken_off")), "{answer}");
    }
    assert_eq!(committed(&server, &upload).await.0, 201);
    let (_, content) = server.call("GET", "datasets/d/versions/v1/files/f", "").await;
    assert_eq!(content, "half and!");
    assert_eq!(server.call("GET", "usage", "").await.1["used"], 9);
}

#[tokio::test]
async fn a_file_goes_on_after_a_restart() {
    let first = Server::start(SQLITE, Limits::default()).await;
    let upload = first.begin().await;
    for path in ["goes-on", "cut", "grown", "before-the-machine-went-down", "complete"] {
        let begun = put(&first, (&upload, path), "bytes 0-3/8", "one ").await;
        assert_eq!(begun.expect("answers").0, 202);
    }
    let folder = first.directory.path().join("data/team/uploads").join(&upload);
    let journal = fs::read_to_string(folder.join("journal")).expect("reads");
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").expect("a Linux machine");
    let mut lines = journal.lines().map(str::to_owned).collect::<Vec<_>>();
    let at = |line: &str| {
        let line: Value = serde_json::from_str(line).expect("a line");
        folder.join(line["begun"].as_str().expect("a file"))
    };
    fs::write(at(&lines[1]), "on").expect("cuts");
    fs::write(at(&lines[2]), "more than eight").expect("grows");
    fs::write(at(&lines[4]), "one two.").expect("completes");
    lines[3] = lines[3].replace(boot.trim(), "another");
    fs::write(folder.join("journal"), lines.join("\n") + "\n").expect("writes");

    let second = Server::start_in(SQLITE, Limits::default(), first.directory.clone()).await;
    assert_eq!(
        partial(&second, &upload).await,
        json!([{"path": "cut", "received": 2, "size": 8}, {"path": "goes-on", "received": 4, "size": 8}])
    );
    assert_eq!(second.call("GET", "usage", "").await.1["used"], 6);
    let digest = format!("sha256:{}", sha256("one two."));
    let address = format!("team/uploads/{upload}/files/goes-on");
    let request = second.request("PUT", &address).header("content-range", "bytes 4-7/8");
    let answer = request.header("x-checksum-sha256", &digest).body("two.").send().await;
    assert_eq!(answer.expect("answers").status().as_u16(), 200);
    // The other one is begun anew, and whole at once.
    let (status, _) = put(&second, (&upload, "cut"), "bytes 0-7/8", "one two.").await.expect("is");
    assert_eq!(status, 200);
    let (status, made) = committed(&second, &upload).await;
    assert_eq!((status, &made["files"]), (201, &json!(2)), "{made}");
    assert_eq!(second.call("GET", "usage", "").await.1["used"], 8);
}

fn sha256(text: &str) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn parts_are_held_to_what_they_say() {
    let limits = Limits { project_bytes: Some(12), files_per_upload: 2, ..Limits::default() };
    let server = Server::start(SQLITE, limits).await;
    let upload = server.begin().await;
    let file = (upload.as_str(), "f");
    let (status, refused) = put(&server, file, "bytes 0-3/8", "12345").await.expect("answers");
    assert_eq!((status, &refused["code"]), (400, &json!("invalid")), "{refused}");
    let (status, refused) = put(&server, file, "bytes 0-99/100", "1").await.expect("answers");
    assert_eq!((status, &refused["code"]), (413, &json!("quota_exceeded")), "{refused}");
    assert_eq!(partial(&server, &upload).await[0]["received"], 0, "what was refused left nothing");
    // In the middle of what was never begun, or of a file of another size: refused, and
    // nothing changed.
    for (path, range) in [("new", "bytes 4-7/8"), ("f", "bytes 0-0/8"), ("f", "bytes 1-3/9")] {
        let begins = range == "bytes 0-0/8";
        let (status, answer) =
            put(&server, (&upload, path), range, if begins { "1" } else { "234" })
                .await
                .expect("is");
        assert_eq!(status, if begins { 202 } else { 409 }, "{answer}");
    }
    let begun = json!([{"path": "f", "received": 1, "size": 8}]);
    assert_eq!(partial(&server, &upload).await, begun);
    // Of another size, from the first byte: begun anew.
    let (status, _) = put(&server, file, "bytes 0-7/12", "12345678").await.expect("answers");
    assert_eq!(status, 202);
    let wrong = server.request("PUT", &format!("team/uploads/{upload}/files/f"));
    let wrong = wrong
        .header("content-range", "bytes 8-11/12")
        .header("x-checksum-sha256", format!("sha256:{}", "0".repeat(64)));
    assert_eq!(wrong.body("9abc").send().await.expect("answers").status().as_u16(), 400);
    assert_eq!(partial(&server, &upload).await, json!([]), "what is wrong is not gone on with");
    assert_eq!(server.call("GET", "usage", "").await.1["used"], 0);
    put(&server, file, "bytes 0-0/2", "1").await.expect("answers");
    put(&server, (&upload, "g"), "bytes 0-0/2", "1").await.expect("answers");
    let (status, refused) = put(&server, (&upload, "h"), "bytes 0-0/2", "1").await.expect("is");
    assert_eq!((status, &refused["code"]), (413, &json!("too_large")), "{refused}");
    // A whole file takes the place of its beginning; giving up frees all.
    assert_eq!(server.call("PUT", &format!("uploads/{upload}/files/f"), "whole").await.0, 200);
    assert_eq!(server.call("GET", "usage", "").await.1["used"], 6);
    assert_eq!(server.call("DELETE", &format!("uploads/{upload}"), "").await.0, 204);
    assert_eq!(server.call("GET", "usage", "").await.1["used"], 0);
    let folder = server.directory.path().join("data/team/uploads").join(&upload);
    assert!(!folder.exists());
}
