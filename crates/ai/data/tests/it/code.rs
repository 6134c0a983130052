use std::fs;
use std::os::unix::fs::PermissionsExt;

use dais_data::Limits;
use tar::{Builder, EntryType, Header};

use crate::server::{SQLITE, Server, on_both};

pub fn header(path: &str, size: u64, mode: u32, kind: EntryType) -> Header {
    let mut header = Header::new_gnu();
    // Written by hand: the library itself refuses to pack tricks.
    let name = &mut header.as_old_mut().name;
    name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_size(size);
    header.set_mode(mode);
    header.set_entry_type(kind);
    header.set_cksum();
    header
}

pub fn archive(entries: &[(&str, &str, u32, EntryType)]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (path, content, mode, kind) in entries {
        builder
            .append(&header(path, content.len() as u64, *mode, *kind), content.as_bytes())
            .expect("packs");
    }
    builder.into_inner().expect("packs")
}

pub const FILE: EntryType = EntryType::Regular;

#[tokio::test]
async fn a_bundle_is_known_by_its_files_alone() {
    on_both(|server| async move {
        let one = archive(&[
            ("./", "", 0o755, EntryType::Directory),
            ("./train.py", "print(1)", 0o644, FILE),
            ("./run.sh", "#!/bin/sh", 0o755, FILE),
        ]);
        let two =
            archive(&[("run.sh", "#!/bin/sh", 0o700, FILE), ("train.py", "print(1)", 0o600, FILE)]);
        let (status, first) = server.call("PUT", "code", one).await;
        assert_eq!(status, 201, "{first}");
        let (_, second) = server.call("PUT", "code", two).await;
        assert_eq!(first, second);
        let digest = first["digest"].as_str().expect("a digest");
        assert!(digest.starts_with("sha256:"));
        let tree = server.data.materialize_code("team", digest, "pod").await.expect("materializes");
        assert_eq!(fs::read_to_string(tree.join("train.py")).expect("reads"), "print(1)");
        assert_eq!(
            fs::metadata(tree.join("run.sh")).expect("is there").permissions().mode() & 0o777,
            0o555
        );
        let (status, shown) = server.call("GET", &format!("code/{digest}"), "").await;
        assert_eq!((status, shown["files"].as_array().map(Vec::len)), (200, Some(2)));
        assert!(server.data.materialize_code("other", digest, "pod").await.is_err());
    })
    .await;
}

#[tokio::test]
async fn tricks_and_too_much_are_refused_and_leave_nothing() {
    let limits = Limits { code_bytes: 1000, code_entries: 3, ..Limits::default() };
    let server = Server::start(SQLITE, limits).await;
    let good = archive(&[("a", "x", 0o644, FILE)]);
    let many: Vec<_> = ["a", "b", "c", "d"].iter().map(|name| (*name, "x", 0o644, FILE)).collect();
    let long = "x".repeat(1001);
    let cases: Vec<(Vec<u8>, u16, &str)> = vec![
        (archive(&[("../evil", "x", 0o644, FILE)]), 400, "path"),
        (archive(&[("/etc/passwd", "x", 0o644, FILE)]), 400, "path"),
        (archive(&[("a/../../b", "x", 0o644, FILE)]), 400, "path"),
        (archive(&[("link", "", 0o644, EntryType::Symlink)]), 400, "dereference"),
        (archive(&[("link", "", 0o644, EntryType::Link)]), 400, "dereference"),
        (archive(&[("null", "", 0o644, EntryType::Char)]), 400, "neither a file"),
        (
            archive(&[("a", "x", 0o644, FILE), ("a/b", "x", 0o644, FILE)]),
            400,
            "a file and a directory",
        ),
        (archive(&many), 413, "3 entries"),
        (archive(&[("a", &long, 0o644, FILE)]), 413, "1000 bytes"),
        (vec![0; 80_000], 413, "1000 bytes"),
        (good[..513].to_vec(), 400, "tar"),
        (b"\x1f\x8b\x08 compressed".to_vec(), 400, "gzip"),
        (b"not a tar at all".repeat(64), 400, "tar"),
        (Vec::new(), 400, "no files"),
    ];
    for (body, expected, words) in cases {
        let (status, answer) = server.call("PUT", "code", body).await;
        assert_eq!(status, expected, "{words}: {answer}");
        assert!(
            answer["message"].as_str().is_some_and(|message| message.contains(words)),
            "{words}: {answer}"
        );
    }
    let uploads = server.directory.path().join("data/team/uploads");
    assert_eq!(fs::read_dir(uploads).expect("lists").count(), 0);
    assert!(!server.directory.path().join("data/team/blobs").exists());
}
