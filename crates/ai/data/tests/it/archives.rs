//! Archives as uploads: those that other programs write, and those that
//! somebody wrote to do harm.

use std::fs;
use std::io::Write;

use dais_data::Limits;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tar::EntryType;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::code::{FILE, archive, header};
use crate::server::{SQLITE, Server, on_both};

fn fixture(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/it/archives/{name}", env!("CARGO_MANIFEST_DIR"));
    fs::read(path).expect("reads")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("packs");
    encoder.finish().expect("packs")
}

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in files {
        writer.start_file(*name, SimpleFileOptions::default()).expect("begins");
        writer.write_all(content).expect("packs");
    }
    writer.finish().expect("packs").into_inner()
}

async fn import(server: &Server, upload: &str, query: &str, bytes: Vec<u8>) -> (u16, Value) {
    server.call("PUT", &format!("uploads/{upload}/archive{query}"), bytes).await
}

#[tokio::test]
async fn archives_of_other_programs_become_versions() {
    on_both(|server| async move {
        for name in ["gnu.tar", "pax.tar.gz", "utf8.zip"] {
            let upload = server.begin().await;
            server.call("PUT", &format!("uploads/{upload}/files/readme"), "r").await;
            let (status, added) = import(&server, &upload, "", fixture(name)).await;
            assert_eq!((status, added), (200, json!({ "files": 3, "bytes": 6 })), "{name}");
            let commit = format!("uploads/{upload}/commit");
            let (_, made) = server.call("POST", &commit, r#"{"dataset":"d"}"#).await;
            assert_eq!(
                (&made["version"], &made["files"]),
                (&json!("v1"), &json!(4)),
                "{name}: {made}"
            );
            let (_, shown) = server.call("GET", "datasets/d/versions/v1/files/图 1.txt", "").await;
            assert_eq!(shown, json!("one"));
        }
        let upload = server.begin().await;
        let (status, _) = import(&server, &upload, "?under=new/folder", fixture("gbk.zip")).await;
        assert_eq!(status, 200);
        let (_, shown) = server.call("GET", &format!("uploads/{upload}"), "").await;
        assert_eq!(shown["files"][0]["path"], "new/folder/图 1.txt");
        let foreign = server.request("PUT", &format!("other/uploads/{upload}/archive"));
        assert_eq!(foreign.send().await.expect("answers").status(), 404);
    })
    .await;
}

/// A tar that holds what the `tar` crate would not write.
fn claims(path: &str, kind: EntryType, size: u64, content: &[u8]) -> Vec<u8> {
    let mut bytes = header(path, size, 0o644, kind).as_bytes().to_vec();
    bytes.extend(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

#[tokio::test]
async fn tricks_are_refused_with_words_and_nothing_is_taken() {
    let limits = Limits { archive_bytes: 1 << 20, files_per_upload: 4, ..Limits::default() };
    let server = Server::start(SQLITE, limits).await;
    let upload = server.begin().await;
    server.call("PUT", &format!("uploads/{upload}/files/a"), "before").await;
    let one = |path| archive(&[(path, "x", 0o644, FILE)]);
    let good = archive(&[("b", "x", 0o644, FILE), ("c", &"y".repeat(2000), 0o644, FILE)]);
    let many: Vec<_> = ["1", "2", "3", "4", "5"].iter().map(|n| (*n, "x", 0o644, FILE)).collect();
    let packed = gzip(&good);
    let zipped = zip(&[("b", b"content that is packed"), ("c", b"d")]);
    let mut flipped = zipped.clone();
    flipped[40] ^= 0xff;
    let zeros = vec![0; 4 << 20];
    let bomb = [claims("z", FILE, 4 << 20, &zeros), vec![0; 1024]].concat();
    let long_name = [claims("n", EntryType::GNULongName, 4 << 20, &zeros), vec![0; 1024]].concat();
    let link = |kind| archive(&[("l", "", 0o644, kind)]);
    let mut symlink = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    symlink.add_symlink("l", "/etc/passwd", SimpleFileOptions::default()).expect("packs");
    let symlink = symlink.finish().expect("packs").into_inner();
    let cases: Vec<(Vec<u8>, u16, &str)> = vec![
        (one("../evil"), 400, "'..'"),
        (one("/etc/passwd"), 400, "absolute"),
        (one("b/../../c"), 400, "'..'"),
        (one("b\\c"), 400, "backslash"),
        (zip(&[("../evil", b"x")]), 400, "'..'"),
        (zip(&[("/etc/passwd", b"x")]), 400, "absolute"),
        (zip(&[("b\\..\\c", b"x")]), 400, "backslash"),
        (link(EntryType::Symlink), 400, "dereference"),
        (link(EntryType::Link), 400, "dereference"),
        (link(EntryType::Fifo), 400, "neither a file"),
        (link(EntryType::GNUSparse), 400, "sparse"),
        (symlink, 400, "is a link"),
        (archive(&[("b", "x", 0o644, FILE), ("./b", "y", 0o644, FILE)]), 400, "twice"),
        (archive(&[("B", "x", 0o644, FILE), ("b", "y", 0o644, FILE)]), 400, "upper and lower"),
        (zip(&[("B", b"x"), ("b", b"y")]), 400, "upper and lower"),
        (one("a/b"), 400, "a file and a directory"),
        (archive(&many), 413, "4 entries"),
        (archive(&many[..4]), 413, "4 files"),
        (gzip(&bomb), 413, "unpacks to"),
        (gzip(&long_name), 400, "claims"),
        (zip(&[("z", &zeros)]), 413, "unpacks to"),
        (good[..1000].to_vec(), 400, "in the middle"),
        (good[..512 * 3].to_vec(), 400, "in the middle"),
        (packed[..packed.len() - 20].to_vec(), 400, "broken"),
        ([&packed[..packed.len() - 8], &[0; 8]].concat(), 400, "broken"),
        (zipped[..zipped.len() - 30].to_vec(), 400, "broken"),
        (flipped, 400, "broken"),
        (b"no archive at all".repeat(100), 400, "neither tar"),
        (Vec::new(), 400, "neither tar"),
        (archive(&[]), 400, "neither tar"),
        (zip(&[]), 400, "no files"),
    ];
    for (at, (bytes, expected, words)) in cases.into_iter().enumerate() {
        let (status, answer) = import(&server, &upload, "", bytes).await;
        assert_eq!(status, expected, "{at} {words}: {answer}");
        assert!(
            answer["message"].as_str().is_some_and(|message| message.contains(words)),
            "{at} {words}: {answer}"
        );
        let (_, shown) = server.call("GET", &format!("uploads/{upload}"), "").await;
        assert_eq!(shown["files"].as_array().map(Vec::len), Some(1), "{at} {words}");
    }
    let staged = server.directory.path().join("data/team/uploads").join(&upload);
    assert_eq!(
        fs::read_dir(staged).expect("lists").count(),
        2,
        "the file of before and the journal"
    );
    let (status, _) = import(&server, &upload, "?under=../up", good.clone()).await;
    assert_eq!(status, 400);
    let (status, answer) = import(&server, &upload, "", good).await;
    assert_eq!(status, 200, "a good one is still taken: {answer}");
    let read_only = server.request("PUT", &format!("team/uploads/{upload}/archive"));
    let read_only = read_only.header("x-read-only", "1").send().await.expect("answers");
    assert_eq!(read_only.status(), 403);
}

#[tokio::test]
async fn an_archive_counts_against_the_quota_once_and_only_if_taken() {
    let limits = Limits { project_bytes: Some(10_000), ..Limits::default() };
    let server = Server::start(SQLITE, limits).await;
    let (small, large) = ("s".repeat(3000), "l".repeat(9000));
    server.version("known", &[("k", &small)]).await;
    let upload = server.begin().await;
    let (status, answer) =
        import(&server, &upload, "", gzip(&archive(&[("l", &large, 0o644, FILE)]))).await;
    assert_eq!((status, &answer["code"]), (413, &json!("quota_exceeded")), "{answer}");
    // 3,000 known bytes cost nothing more; replacing one's own frees them.
    for content in ["1", "2", "3"] {
        let fresh = content.repeat(3500);
        let packed = gzip(&archive(&[("k", &small, 0o644, FILE), ("f", &fresh, 0o644, FILE)]));
        let upload = server.begin().await;
        let (status, answer) = import(&server, &upload, "", packed).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(server.call("DELETE", &format!("uploads/{upload}"), "").await.0, 204);
    }
    let broken = futures::stream::iter([Ok("half"), Err(std::io::Error::other("gone"))]);
    let request = server.request("PUT", &format!("team/uploads/{upload}/archive"));
    assert!(request.body(reqwest::Body::wrap_stream(broken)).send().await.is_err());
    let (status, answer) = server.version("rest", &[("r", &"r".repeat(7000))]).await;
    assert_eq!(status, 201, "all is free again: {answer}");
}
