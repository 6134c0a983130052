//! Hostile keys, and their order.

use super::{BUCKET, PROJECT, fixtures, put, text, to};
use crate::error::Error;
use crate::listing::{Asked, Rows, page};

#[tokio::test]
async fn keys_never_leave_the_directory_of_the_store() {
    let longest = "k".repeat(1024);
    let keys =
        ["../../../etc/passwd", "/", "//", "a//b", ".", "..", "a/../b", "数据/图 1.png", &longest];
    for fixture in fixtures().await {
        let buckets = &fixture.buckets;
        for key in keys {
            put(buckets, to(key), key).await.unwrap();
        }
        for key in keys {
            assert_eq!(text(buckets, key).await.unwrap(), key);
        }
        for path in fixture.files() {
            let name = path.file_name().unwrap().to_str().unwrap();
            assert!(name.len() == 64 && name.bytes().all(|b| b.is_ascii_hexdigit()), "{path:?}");
        }
        for bad in ["", "a\0b", "a\nb", &"k".repeat(1025)] {
            let refused = put(buckets, to(bad), "x").await;
            assert!(matches!(refused, Err(Error::Invalid { .. })), "{bad:?} {refused:?}");
        }
        let source = Rows { buckets, project: PROJECT, bucket: BUCKET };
        let asked = Asked { most: 100, ..Asked::default() };
        let listed = page(&source, &asked).await.unwrap().entries.into_iter();
        let listed: Vec<String> = listed.map(|entry| entry.key).collect();
        let mut sorted = keys.map(str::to_owned);
        sorted.sort();
        assert_eq!(listed, sorted);
    }
}

#[tokio::test]
async fn a_page_walks_along_the_index() {
    for fixture in fixtures().await {
        let buckets = &fixture.buckets;
        for key in ["a-b/1", "a/1", "a/2", "a0", "B", "é", "z/y/x"] {
            put(buckets, to(key), "x").await.unwrap();
        }
        let source = Rows { buckets, project: PROJECT, bucket: BUCKET };
        let mut asked = Asked { delimiter: "/".to_owned(), most: 2, ..Asked::default() };
        let mut shown = Vec::new();
        loop {
            let found = page(&source, &asked).await.unwrap();
            shown.extend(found.entries.into_iter().map(|entry| entry.key));
            shown.extend(found.prefixes);
            match found.next {
                Some(next) => asked.after = next,
                None => break,
            }
        }
        shown.sort();
        assert_eq!(shown, ["B", "a-b/", "a/", "a0", "z/", "é"]);
    }
}

#[tokio::test]
async fn what_is_linked_is_what_lies_below_the_prefix() {
    for fixture in fixtures().await {
        let buckets = &fixture.buckets;
        for key in ["raw/a.csv", "raw/b/c.csv", "raw/", "rawer/d.csv"] {
            put(buckets, to(key), key).await.unwrap();
        }
        let found = buckets.linkable(PROJECT, BUCKET, "raw").await.unwrap();
        let paths: Vec<&str> = found.iter().map(|one| one.path.as_str()).collect();
        assert_eq!(paths, ["a.csv", "b/c.csv"]);
        assert_eq!(std::fs::read_to_string(&found[1].at).unwrap(), "raw/b/c.csv");
        let nothing = buckets.linkable(PROJECT, BUCKET, "none/").await;
        assert!(matches!(nothing, Err(Error::NoObject(_))), "{nothing:?}");
    }
}
