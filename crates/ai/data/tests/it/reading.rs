//! What a reader gets: never damaged content, never a page that runs.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use dais_data::Limits;

use crate::server::{SQLITE, Server};

/// The smallest beginning of a picture of two by three dots.
pub const PNG: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x03\x08\x02\0\0\0\0\0\0\0\0\0\0\0";

impl Server {
    /// Changes the stored content of a file of the project, keeping its length.
    pub fn damage(&self, content: &[u8]) {
        let blobs = self.directory.path().join("data/team/blobs");
        let shelves = fs::read_dir(blobs).expect("lists");
        let files = shelves.flat_map(|d| fs::read_dir(d.expect("entry").path()).expect("lists"));
        let blob = files
            .map(|file| file.expect("entry").path())
            .find(|path| fs::read(path).is_ok_and(|found| found == content))
            .expect("the blob");
        let mut damaged = content.to_vec();
        damaged[content.len() / 2] ^= 1;
        fs::set_permissions(&blob, fs::Permissions::from_mode(0o644)).expect("opens up");
        fs::write(&blob, damaged).expect("damages");
    }
}

#[tokio::test]
async fn damaged_content_is_refused_with_words() {
    let server = Server::start(SQLITE, Limits::default()).await;
    server.version("d", &[("a.csv", "x,y\n1,2\n")]).await;
    let file = "datasets/d/versions/v1/files/a.csv";
    assert_eq!(server.call("GET", file, "").await.0, 200);
    server.damage(b"x,y\n1,2\n");
    for path in [file, "datasets/d/versions/v1/preview/a.csv"] {
        let (status, answer) = server.call("GET", path, "").await;
        assert_eq!((status, &answer["code"]), (500, &"damaged".into()), "{path}: {answer}");
        assert!(answer["message"].as_str().is_some_and(|m| m.contains("Upload it again")));
    }
}

#[tokio::test]
async fn a_large_file_that_is_damaged_never_arrives_whole() {
    let server = Server::start(SQLITE, Limits::default()).await;
    let large = "0123456789abcdef".repeat((64 << 20) / 16 + 1);
    server.version("d", &[("large", &large)]).await;
    server.damage(large.as_bytes());
    let file = "team/datasets/d/versions/v1/files/large";
    let answer = server.request("GET", file).send().await.expect("begins");
    assert_eq!(answer.status(), 200);
    assert!(answer.bytes().await.is_err(), "broken off");
    let answer = server.request("GET", file).send().await.expect("answers");
    assert_eq!(answer.status(), 500, "known by now");
}

#[tokio::test]
async fn a_manifest_that_is_damaged_is_refused() {
    let server = Server::start(SQLITE, Limits::default()).await;
    let (_, made) = server.version("d", &[("a", "x")]).await;
    let digest = made["digest"].as_str().expect("a digest").strip_prefix("sha256:").expect("hex");
    let blobs = server.directory.path().join("data/team/blobs");
    let text = fs::read(blobs.join(&digest[..2]).join(digest)).expect("reads");
    server.damage(&text);
    let (status, answer) = server.call("GET", "datasets/d/versions/v1", "").await;
    assert_eq!((status, &answer["code"]), (500, &"damaged".into()), "{answer}");
}

#[tokio::test]
async fn nothing_that_is_downloaded_runs_on_the_portals_origin() {
    let server = Server::start(SQLITE, Limits::default()).await;
    let upload = server.begin().await;
    let svg = "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
    for (path, content) in [
        ("page.html", b"<script>alert(1)</script>".to_vec()),
        ("picture.svg", svg.into()),
        ("lies.png", b"<script>alert(1)</script>".to_vec()),
        ("dots.png", PNG.to_vec()),
    ] {
        let (status, _) =
            server.call("PUT", &format!("uploads/{upload}/files/{path}"), content).await;
        assert_eq!(status, 200);
    }
    server.call("POST", &format!("uploads/{upload}/commit"), r#"{"dataset":"d"}"#).await;
    for (path, media) in [
        ("page.html", "application/octet-stream"),
        ("picture.svg", "application/octet-stream"),
        ("lies.png", "application/octet-stream"),
        ("dots.png", "image/png"),
    ] {
        let address = format!("team/datasets/d/versions/v1/files/{path}");
        let answer = server.request("GET", &address).send().await.expect("answers");
        let header = |name: &str| answer.headers()[name].to_str().expect("text").to_owned();
        assert_eq!(header("content-type"), media, "{path}");
        assert_eq!(header("content-disposition"), "attachment");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("content-security-policy"), "sandbox; default-src 'none'");
        assert_eq!(header("cross-origin-resource-policy"), "same-origin");
    }
}
